"""How a run's plan was asked to be read, and what was foreseen of it: journaled with the run. Pure values."""

from __future__ import annotations

from gitpar.core.names import TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user chose about reading the plan and about who works on it; see gitpar.plans.choices."""

    tag: str | None = None
    format: str | None = None
    missing: str = "error"
    expand_subtasks: bool = False
    optional: bool = False
    parallel_stories: bool = False
    parallel_streams: bool = True
    agent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictedWait:
    """`later` waits for `first` of the same wave: with this probability they would conflict."""

    first: TaskId
    later: TaskId
    probability: float
