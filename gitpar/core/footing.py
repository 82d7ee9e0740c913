"""What a commit holds that an attempt was cut from before the level of its task was. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from gitpar.core.graph import TaskGraph
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settings import Barrier, RunSettings, Schedule
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Footing:
    """All levels below `level`, of that one the first `landed` landings, and results that had not landed."""

    level: int
    landed: int
    results: tuple[tuple[TaskId, int], ...] = ()
    """Each with the number of its attempt."""


@dataclass(frozen=True, slots=True)
class Part:
    """One result that is laid onto another commit: what `result` changes since `base`."""

    task: TaskId
    n: int
    base: CommitId
    result: CommitId


@dataclass(slots=True)
class EarlyStarts:
    """Of tasks that start before their level is cut."""

    looked: bool = False
    """Whether those that wait for nothing were looked for."""
    preparing: set[TaskId] = field(default_factory=set)
    """Tasks for which the commit to cut them from is being made."""
    prepared: dict[TaskId, tuple[CommitId, Footing]] = field(default_factory=dict)
    """Those commits, until the tasks start."""


def starts_early(settings: RunSettings) -> bool:
    """Says whether tasks start before their level; who waits for reviewers starts nothing of the next one."""
    return settings.schedule is Schedule.DAG and settings.barrier is not Barrier.MERGED


def ranks(graph: TaskGraph, starts: Sequence[TaskId]) -> Mapping[TaskId, float]:
    """How urgent tasks are: by the order that was worked out, else by the longest way to the end."""
    if len(starts) < sum(map(len, graph.waves)):
        return graph.ranks()
    return {task_id: float(len(starts) - at) for at, task_id in enumerate(starts)}
