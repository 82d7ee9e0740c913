"""How the places of a plan go round among its repositories, where tasks start before their level.

There is no moment at which nobody works, so a place is given only once whoever had it is
known to do without: each run is told how many it has, and what it may still use until it
has heard of it is nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitpar.core import sister_events as se
from gitpar.core.events import Event
from gitpar.core.run import Run
from gitpar.core.sisters import can_use, shares


class Places:
    """One run's part of the places. Begins with none."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._promised: int | None = None
        self._needs = self._held = 0
        if run.sisters is not None and run.dag and run.settings.jobs_first is None:
            run.pace = replace(run.pace, jobs=0)

    @property
    def needs(self) -> int:
        """How many it has use for."""
        return self._needs

    @property
    def heard(self) -> bool:
        """Whether it knows how many it has."""
        return self._promised is None

    @property
    def has(self) -> int:
        """How many it has, as it knows."""
        return self._run.pace.jobs

    @property
    def held(self) -> int:
        """How many it may use until it hears otherwise."""
        return max(self.has, self._promised or 0, len(self._run.active))

    def promise(self, jobs: int) -> None:
        """Notes that it is told how many it has."""
        self._promised = jobs

    def changed(self, event: Event) -> bool:
        """Says whether something has happened after which places should be shared out again."""
        heard = isinstance(event, se.PlacesGiven)
        if heard:
            self._promised = None
        before = self._needs, self._held
        self.look()
        return heard or before != (self._needs, self._held)

    def look(self) -> None:
        """Sees how many it has use for now, and how many it holds."""
        self._needs, self._held = can_use(self._run), self.held


def redistributed(all_of_them: Sequence[Places], jobs: int) -> Iterator[tuple[int, int]]:
    """Yields who is to be told another number of places, and which: none that another still holds."""
    wanted = shares({str(at): each.needs for at, each in enumerate(all_of_them)}, jobs)
    spare = jobs - sum(each.held for each in all_of_them)
    for at, each in enumerate(all_of_them):
        more = min(wanted[str(at)] - each.held, max(0, spare))
        if not each.heard or each.held + more == each.has:
            continue
        spare -= max(0, more)
        yield at, each.held + more
