"""How many workers at once where that is left to gitpar (`--jobs auto`). Pure; part of `apply` and `decide`.

Between 1 and the ceiling. The machine is looked at every few seconds: with room left and
all places taken there are more, first twice as many, after the first brake one more; with
too much to do, or little memory left, a quarter less. An account that is told to slow down
halves the number. After a brake nothing changes for a while, for what was begun goes on.
"""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.agent_events import MachineSeen
from gitpar.core.pace import Pace
from gitpar.core.run import Run

HOLD_S = 15.0
"""How long a brake is waited for to show."""
_BUSY = 1.5
_ROOM = 0.9
"""Processes that want to run, for each processor."""
_LITTLE = 0.1
"""The share of memory below which nobody new may start."""


def free(run: Run) -> int:
    """Returns how many more attempts may start now."""
    return max(0, run.pace.jobs - len(run.active))


def matters(run: Run, load: float, memory: float | None, at: float) -> bool:
    """Says whether a look at the machine would change anything: then it is worth an event."""
    return _wanted(run, load, memory, at) != run.pace.jobs


def seen(run: Run, event: MachineSeen) -> None:
    """Adapts the number to the machine."""
    wanted = _wanted(run, event.load, event.memory, event.at)
    if wanted < run.pace.jobs:
        _brake(run, wanted, event.at)
    elif wanted > run.pace.jobs:
        run.pace.jobs = wanted
        run.pace.changes += 1


def slowed(run: Run, at: float) -> None:
    """Halves the number: an account was told to slow down."""
    if run.settings.jobs_first is not None and at >= run.pace.until and run.pace.jobs > 1:
        _brake(run, run.pace.jobs // 2, at)


def begin(run: Run) -> None:
    """Begins anew in a run that was taken over: perhaps on another machine."""
    run.pace = replace(Pace.of(run.settings), changes=run.pace.changes)


def _wanted(run: Run, load: float, memory: float | None, at: float) -> int:
    jobs = run.pace.jobs
    if run.settings.jobs_first is None or at < run.pace.until:
        return jobs
    if load > _BUSY or (memory is not None and memory < _LITTLE):
        return max(1, jobs - max(1, jobs // 4))
    if load < _ROOM and len(run.active) >= jobs:
        return min(run.settings.jobs, jobs + (1 if run.pace.braked else jobs))
    return jobs


def _brake(run: Run, wanted: int, at: float) -> None:
    run.pace = Pace(wanted, until=at + HOLD_S, changes=run.pace.changes + 1, braked=True)
