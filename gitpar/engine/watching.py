"""Reads what agents print while they work: one thread for all of them, a look each half second.

What it reads goes to the agent's reader; what the agent is doing is written beside the
log for whoever looks on. Decides nothing.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from gitpar.agent_port import OutputReader
from gitpar.core.agents import AgentReport

_PAUSE_S = 0.5
_BLOCK_BYTES = 1 << 20
_REACH_BYTES = 16384
_LEFT_OUT = re.compile(rb"\n\[\xe2\x80\xa6 (\d+) bytes left out \xe2\x80\xa6\]\n")


class Watch:
    """The output of one worker: fed to its reader up to where it was looked at last."""

    def __init__(self, log: Path, limit_bytes: int, reader: OutputReader) -> None:
        self._log = log
        self._limit = limit_bytes
        self._reader = reader
        self._taken = 0
        self._rest = b""
        self._shown = ""
        self._lock = threading.Lock()

    def look(self) -> None:
        """Takes what is new and shows what the agent is doing."""
        with self._lock:
            self._take()
            doing = self._reader.activity()
            if doing != self._shown:
                self._shown = doing
                _show(self._log, doing)

    def end(self) -> AgentReport:
        """Takes the rest and returns what the agent told; the worker must have ended."""
        with self._lock:
            self._take()
            if self._rest:
                self._reader.feed(self._rest)
                self._rest = b""
            return self._reader.report()

    def _take(self) -> None:
        try:
            file = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # nothing was printed yet
        try:
            shift = self._shift(file)
            while data := os.pread(file, _BLOCK_BYTES, self._taken - shift):
                self._taken += len(data)
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._reader.feed(line.rstrip(b"\r"))
        finally:
            os.close(file)

    def _shift(self, file: int) -> int:
        """By how much the log's own positions lag behind the output: its middle may have been cut out."""
        middle = max(0, self._limit // 2 - _REACH_BYTES)
        if os.fstat(file).st_size <= middle:
            return 0
        found = _LEFT_OUT.search(os.pread(file, _REACH_BYTES * 2, middle))
        if found is None or self._taken <= middle + found.start():
            return 0
        shift = int(found[1]) - len(found[0])
        tail_at = middle + found.end()
        if self._taken - shift < tail_at:
            # what lies between was cut before it was seen
            self._taken = tail_at + shift
            self._rest = b""
        return shift


def read_log(log: Path, limit_bytes: int, reader: OutputReader) -> AgentReport:
    """Returns what the agent told in a log that nobody writes any more."""
    return Watch(log, limit_bytes, reader).end()


class Watching:
    """Looks at every watch in turn, on a thread that is started when the first is added."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._over = False

    def add(self, watch: Watch) -> None:
        """Begins to look."""
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._go, name="watching", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, watch: Watch) -> None:
        """Looks no more."""
        with self._changed:
            self._watches.discard(watch)

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _go(self) -> None:
        while True:
            with self._changed:
                if not self._watches:
                    self._changed.wait_for(lambda: self._watches or self._over)
                else:
                    self._changed.wait_for(lambda: self._over, _PAUSE_S)
                if self._over:
                    return
                watches = list(self._watches)
            for watch in watches:
                watch.look()


def _show(log: Path, doing: str) -> None:
    """Writes the line that the live display reads, in one step."""
    part = log.with_suffix(".activity.part")
    try:
        part.write_text(doing + "\n", encoding="utf-8", errors="replace")
        part.replace(log.with_suffix(".activity"))
    except OSError:
        part.unlink(missing_ok=True)  # a full disk: the work is worth more than the line
