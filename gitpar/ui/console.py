"""Looks on while a run goes: plain lines, or nothing. Never writes to stdout itself.

The live display stands in live.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from gitpar.core.events import Event
from gitpar.core.run import Run
from gitpar.ui import text
from gitpar.ui.plain import elapsed
from gitpar.ui.streams import encodable, silence


class Quiet:
    """Says nothing."""

    interval_s: float | None = None

    def begin(self, run: Run) -> None:
        """Does nothing."""

    def event(self, event: Event, run: Run) -> None:
        """Does nothing."""

    def tick(self, run: Run) -> None:
        """Does nothing."""

    def end(self, run: Run) -> None:
        """Does nothing."""


class PlainConsole:
    """Writes a line an event, each with the time since the beginning."""

    interval_s: float | None = None

    def __init__(
        self, stream: TextIO, *, verbose: bool = False, now: Callable[[], float] = time.time
    ) -> None:
        self._stream: TextIO | None = stream
        self._verbose = verbose
        self._now = now
        self._began = 0.0

    def begin(self, run: Run) -> None:
        """Says what is about to be worked on, after what the user should know of it."""
        self._began = self._began or self._now()
        for notice in run.notices:
            self._say(self._began, text.notice(notice, run))
        self._say(self._began, text.beginning(run))

    def event(self, event: Event, run: Run) -> None:
        """Says what happened, where it means something to a person."""
        for line in text.event_lines(event, run, verbose=self._verbose):
            self._say(event.at, line)

    def tick(self, run: Run) -> None:
        """Does nothing: lines are written when something happens."""

    def end(self, run: Run) -> None:
        """Does nothing: the last event has said it."""

    def _say(self, at: float, line: str) -> None:
        """Writes a line. A reader who has gone away must not end the run: nothing more is said."""
        if self._stream is None:
            return
        try:
            self._stream.write(f"{elapsed(at - self._began)} {encodable(line, self._stream)}\n")
            self._stream.flush()
        except OSError:
            silence(self._stream)
            self._stream = None


class Teller(PlainConsole):
    """Looks on where a run that has ended is published: says only what happens."""

    def begin(self, run: Run) -> None:  # noqa: ARG002 - what was to be said of it was said
        """Remembers when it began."""
        self._began = self._now()
