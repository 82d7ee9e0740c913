"""Lets one thread at a time do an attempt's bookkeeping, and another one while that waits for a process.

Python runs one thread at a time, and at every file access hands over to another one that
wants to run. An attempt has hundreds of them, and to be woken costs more than most take.
Whoever has the turn goes on undisturbed. It is there for speed alone: nobody waits for it
longer than a moment, so a thread that is held up holds up no other, and no two can wait
for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST_S = 0.02


class Turns:
    """One turn that threads take one after another."""

    def __init__(self, longest_s: float = _LONGEST_S) -> None:
        """Whoever has waited for that many seconds goes on without."""
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._own = threading.local()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits until no other thread has the turn, or for a moment; it is given back at the end."""
        if hasattr(self._own, "has_it"):
            yield
            return
        self._own.has_it = self._lock.acquire(timeout=self._longest_s)
        try:
            yield
        finally:
            if self._own.has_it:
                self._lock.release()
            del self._own.has_it

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Gives the turn away for as long as this thread waits for something, where it is within one."""
        if not hasattr(self._own, "has_it"):
            yield
            return
        if self._own.has_it:
            self._lock.release()
        self._own.has_it = False
        try:
            yield
        finally:
            self._own.has_it = self._lock.acquire(timeout=self._longest_s)


_ATTEMPTS = Turns()
turn = _ATTEMPTS.turn
waiting = _ATTEMPTS.waiting
