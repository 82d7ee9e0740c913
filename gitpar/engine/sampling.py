"""Looks at the machine every few seconds, for runs that adapt their jobs to it. Decides nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from gitpar.core.agent_events import MachineSeen
from gitpar.core.pacing import matters
from gitpar.core.run import Run
from gitpar.engine.world import Post
from gitpar.ports import Clock

EVERY_S = 3.0
_MEMORY = Path("/proc/meminfo")

Look = Callable[[], tuple[float, float | None]]
"""Returns processes that want to run for each processor, and the share of memory that is free, if known."""


def look() -> tuple[float, float | None]:
    """Looks at this machine."""
    return os.getloadavg()[0] / (os.cpu_count() or 1), _memory()


def _memory() -> float | None:
    """The share of memory that programs can still have; None where the system has no such file."""
    try:
        lines = _MEMORY.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if rest}
    total = found.get("MemTotal", 0)
    return found["MemAvailable"] / total if total and "MemAvailable" in found else None


class Sampling:
    """Tells the loop of the machine where that would change something, on a thread of its own."""

    def __init__(
        self, run: Run, clock: Clock, post: Post, *, look: Look = look, every_s: float = EVERY_S
    ) -> None:
        """Begins to look."""
        self._run, self._clock, self._post = run, clock, post
        self._look, self._every_s = look, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go, name="sampling", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._over.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._over.wait(self._every_s):
            load, memory = self._look()
            now = self._clock.now()
            # the run may change while it is looked at: the event is judged again by the loop
            if matters(self._run, load, memory, now):
                self._post(MachineSeen(at=now, load=round(load, 2), memory=memory and round(memory, 3)))
