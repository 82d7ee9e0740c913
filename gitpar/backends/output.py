"""The log file of one worker: streamed, readable while it grows, limited in size.

Imported by the supervisor, so it imports next to nothing. Never raises for a disk that
is full: a worker is not ended because its log cannot be written.
"""

from __future__ import annotations

import os

_LEAST_LIMIT_BYTES = 1024
_LINE_BYTES = 4096
"""How far a cut moves to fall between two lines."""


class LogFile:
    """Keeps the first half of the output and the newest of the rest, in one file.

    Above the limit the middle is cut: the file is rewritten in place behind its first
    half, so at any moment it ends with the newest output, and a line
    `[… N bytes left out …]` stands where something is missing. Between a quarter and a
    half of the limit is kept of the end. Whoever follows the file sees it get shorter.
    """

    def __init__(self, path: bytes, limit_bytes: int) -> None:
        """Opens the file for appending; where that fails, `problem` says why and nothing is kept."""
        self.problem = ""
        self._limit = max(limit_bytes, _LEAST_LIMIT_BYTES)
        self._head = -1
        self._left_out = 0
        self._tail_at = 0
        self._file = -1
        self._size = 0
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            self._size = os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            self._give_up(error)

    def write(self, output: bytes) -> None:
        """Adds output; it is in the file when this returns."""
        quarter = self._limit // 4
        for at in range(0, len(output), quarter):
            if self._file < 0:
                return
            try:
                self._add(output[at : at + quarter])
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        """Closes the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _give_up(self, error: OSError) -> None:
        self.problem = f"the log stopped: {error.strerror}"
        self.close()

    def _add(self, output: bytes) -> None:
        if self._size + len(output) > self._limit:
            self._cut()
        _write_all(self._file, output, self._size)
        self._size += len(output)

    def _cut(self) -> None:
        """Takes the middle out: what stands between the first half and the last quarter."""
        if self._head < 0:
            self._head = self._tail_at = self._line_end(self._limit // 2)
        keep_at = self._line_start(max(self._size - self._limit // 4, self._tail_at))
        tail = _read_all(self._file, keep_at, self._size - keep_at)
        self._left_out += keep_at - self._tail_at
        marker = f"\n[… {self._left_out} bytes left out …]\n".encode()
        _write_all(self._file, marker + tail, self._head)
        self._tail_at = self._head + len(marker)
        self._size = self._tail_at + len(tail)
        os.ftruncate(self._file, self._size)

    def _line_end(self, at: int) -> int:
        """The last line end before `at`, without its newline; `at` where the line is very long."""
        reach = min(_LINE_BYTES, self._limit // 8)
        before = _read_all(self._file, at - reach, reach)
        cut = before.rfind(b"\n")
        return at if cut < 0 else at - reach + cut

    def _line_start(self, at: int) -> int:
        """The first line start from `at` on; `at` where the line is very long."""
        after = _read_all(self._file, at, min(_LINE_BYTES, self._limit // 8))
        cut = after.find(b"\n")
        return at if cut < 0 else at + cut + 1


def _write_all(file: int, content: bytes, at: int) -> None:
    rest = memoryview(content)
    while rest:
        written = os.pwrite(file, rest, at)
        rest, at = rest[written:], at + written


def _read_all(file: int, at: int, count: int) -> bytes:
    parts = []
    while count > 0 and (part := os.pread(file, count, at)):
        parts.append(part)
        at, count = at + len(part), count - len(part)
    return b"".join(parts)
