"""Proves landings before they are asked for, each on the one before, on a thread of its own.

While git compares a wave, and while a level is moved, nothing else is computed. A proof
counts for the very landing that it was made for: the same result on the same tip. Where
another one is asked for than was expected, what was proved for later ones is forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from gitpar.errors import GitparError
from gitpar.ports import Landing, Proof, Refusal

Prove = Callable[[Landing], Proof | Refusal]


class Ahead:
    """The proofs of landings to come; for the thread that lands."""

    def __init__(self, prove: Prove) -> None:
        """`prove` is called on a thread of its own between `begin` and `end`."""
        self._prove = prove
        self._changed = threading.Condition()
        self._expected: list[Landing] = []
        """Those that were not begun, the next one last."""
        self._begun: Landing | None = None
        self._found: dict[Landing, Proof | Refusal] = {}
        self._thread: threading.Thread | None = None

    def begin(self, expected: Sequence[Landing]) -> None:
        """Begins to prove landings in order, up to one that is refused; each is to be the tip of the next."""
        self.end()
        self._expected = list(reversed(expected))
        if self._expected:
            self._begun = self._expected.pop()
            self._thread = threading.Thread(target=self._work, name="ahead")
            self._thread.start()

    def take(self, landing: Landing) -> Proof | Refusal | None:
        """Returns what came of a landing, waiting where it is at it; None, and ended, where it never was."""
        with self._changed:
            self._changed.wait_for(lambda: self._begun != landing)
            if landing in self._found:
                return self._found.pop(landing)
        self.end()
        return None

    def end(self) -> None:
        """Forgets what was expected; nothing is being proved any more when this returns."""
        with self._changed:
            self._expected.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._found.clear()

    def _work(self) -> None:
        try:
            while (landing := self._begun) is not None:
                self._go_on(landing, self._prove(landing))
        except (OSError, GitparError):
            pass  # whoever asks for it is told
        finally:
            with self._changed:
                self._begun = None
                self._changed.notify_all()

    def _go_on(self, landing: Landing, found: Proof | Refusal) -> None:
        with self._changed:
            self._found[landing] = found
            self._begun = None
            if isinstance(found, Proof) and self._expected:
                self._begun = replace(self._expected.pop(), tip=found.commit)
            self._changed.notify_all()
