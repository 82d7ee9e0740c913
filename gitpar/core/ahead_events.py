"""What happened where tasks start before their level is cut; see events.py, whose list these belong to.

Nothing of this moves a ref: a resume does again what has no end.
"""

from __future__ import annotations

from gitpar.core.conflicts import PathConflict
from gitpar.core.events import Event
from gitpar.core.footing import Footing
from gitpar.core.names import CommitId, TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FootingTried(Event):
    """Results that a task builds on are about to be laid onto each other for it."""

    task: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class FootingMade(Event):
    """The commit to cut a task from exists and was proved."""

    task: TaskId
    base: CommitId
    footing: Footing


@dataclass(frozen=True, slots=True, kw_only=True)
class FootingRefused(Event):
    """What a task builds on does not merge: it starts when its level is cut."""

    task: TaskId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryTried(Event):
    """A result is about to be carried over to where its level was cut."""

    task: TaskId
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried(Event):
    """The result was made anew on `base`, and proved; `result` takes its place for landing."""

    task: TaskId
    n: int
    base: CommitId
    result: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryRefused(Event):
    """The result does not merge with what has landed since it was cut, or the proof fails (`reason`)."""

    task: TaskId
    n: int
    conflicts: tuple[PathConflict, ...] = ()
    reason: str = ""
