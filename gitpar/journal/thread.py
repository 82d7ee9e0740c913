"""Keeps a journal to one thread.

The engine's loop owns the journal; workers only put events on a queue. Enforced,
because two threads would otherwise share one transaction.
"""

from __future__ import annotations

import threading


class OneThread:
    """Remembers the thread that made it."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def check(self) -> None:
        """Raises RuntimeError in any other thread: a bug, never a user's mistake."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("a journal belongs to the thread that opened it")
