"""What happened to runs of one plan in several repositories; see events.py, whose list these belong to."""

from __future__ import annotations

from gitpar.core.events import Event, RunEnd
from gitpar.core.names import TaskId
from gitpar.core.run import TaskState
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task in its own repository; `notes` are for the workers of later tasks."""

    task: TaskId
    state: TaskState
    reason: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelShared(Event):
    """Every repository has done with a level; `outcomes` are those of the tasks of the others."""

    level: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAgreed(Event):
    """Every repository has come to its end; all end as the one that is worst off."""

    end: RunEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesGiven(Event):
    """So many tasks of this repository may be at work at once, while others work in theirs."""

    jobs: int
