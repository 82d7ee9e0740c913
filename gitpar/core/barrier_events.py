"""What happened to levels whose requests are to be merged; see events.py, whose list these belong to."""

from __future__ import annotations

from gitpar.core.events import Event
from gitpar.core.names import CommitId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMerged(Event):
    """A level's request was merged by its reviewers; `commit` was fetched and holds what landed on it."""

    level: int
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class BarrierLifted(Event):
    """A person does not want to wait: waves start from the level below them, merged or not."""
