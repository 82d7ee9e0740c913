"""How a run's plan was asked to be read, and what was foreseen of it: journaled with the run. Pure values."""

from __future__ import annotations

from collections.abc import Iterable

from gitpar.core.graph import Task
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


@dataclass(frozen=True, slots=True)
class Sister:
    """One of the repositories that a plan is for: its name in the run, and the folder people call it."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Sisters:
    """The runs of one plan in several repositories, all with one id; the first is where it was started."""

    own: str
    """The name of the repository that this run is in."""
    all: tuple[Sister, ...]


def elsewhere(sisters: Sisters | None, tasks: Iterable[Task]) -> frozenset[TaskId]:
    """Returns the tasks that sister runs work on; none of a run that has no sisters."""
    if sisters is None:
        return frozenset()
    return frozenset(task.id for task in tasks if task.repo != sisters.own)
