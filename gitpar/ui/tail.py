"""Reads the ends of files that workers are writing, quickly and without ever waiting.

A worker may put anything where its log or progress file is expected, a pipe too:
only plain files are read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import field
from pathlib import Path

from gitpar.patterns import pattern
from gitpar.ui.plain import output_line
from gitpar.values import dataclass

_TAIL_BYTES = 2048
_BLOCK_BYTES = 1 << 20
_PERCENTAGE = pattern(r"^\s*(\d{1,3}(?:\.\d+)?)\s*(?:%|$|(?=\s))[\s:,-]*(.*)$")
_WHOLE = 100.0


def read_from(path: str | Path, offset: int, limit: int) -> bytes | None:
    """Returns up to `limit` bytes from an offset, counted from the end where it is negative.

    None where there is no plain file.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            return None
        at = offset if offset >= 0 else max(0, found.st_size + offset)
        return os.pread(file, limit, at)
    finally:
        os.close(file)


def last_line(log: str | Path) -> str:
    """Returns the last line of a log that says something, showable; empty where there is none."""
    data = read_from(log, -_TAIL_BYTES, _TAIL_BYTES) or b""
    for line in reversed(data.decode(errors="replace").split("\n")):
        if shown := output_line(line).strip():
            return shown
    return ""


def activity(log: str | Path) -> str:
    """Returns what the agent that writes a log is doing; empty where nothing is known."""
    return last_line(Path(log).with_suffix(".activity"))


@dataclass(frozen=True, slots=True)
class Progress:
    """What a worker wrote about itself: 0 to 100 percent and a line, which may be empty."""

    percent: float
    line: str


def progress(log: str | Path) -> Progress | None:
    """Reads the progress file beside a log: the last line that begins with a percentage.

    The text may stand behind the figure or on the next line. None where nothing of the
    kind was written.
    """
    data = read_from(Path(log).with_suffix(".progress"), -_TAIL_BYTES, _TAIL_BYTES)
    if not data:
        return None
    lines = [output_line(line).strip() for line in data.decode(errors="replace").split("\n")]
    for at in reversed(range(len(lines))):
        found = _PERCENTAGE.match(lines[at])
        if found and float(found[1]) <= _WHOLE:
            after = lines[at + 1] if at + 1 < len(lines) else ""
            return Progress(float(found[1]), found[2] or after)
    return None


@dataclass(slots=True)
class Follower:
    """Reads a growing log piece by piece, whole lines only."""

    path: str
    at: int = 0
    _rest: bytes = field(default=b"", repr=False)

    def lines(self, *, ended: bool) -> list[bytes]:
        """Returns the lines written since the last call, without their line ends.

        With `ended` what has no line end counts as a line too. Where the log was
        cut meanwhile, reading goes on at its end and a line says so.
        """
        size = _size(self.path)
        found: list[bytes] = []
        if size < self.at:
            found.append(b"... (the middle of this log was cut)")
            self.at, self._rest = size, b""
        while data := read_from(self.path, self.at, _BLOCK_BYTES):
            self.at += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            found += whole
        if ended and self._rest:
            found.append(self._rest)
            self._rest = b""
        return found


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - four times a second for every worker
    except OSError:
        return 0
