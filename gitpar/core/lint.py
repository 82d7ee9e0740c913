"""What could be better about a plan: remarks, apart from what a forecast says of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum

from gitpar.core.graph import TaskGraph
from gitpar.core.intents import Tracked
from gitpar.core.names import TaskId
from gitpar.core.patterns import is_pattern, plain
from gitpar.values import dataclass

BROAD = 20
"""So many files at most belong to one task."""


class Remarked(StrEnum):
    """What a remark is about."""

    BROAD = "broad"
    """A task means to touch very many files."""
    SHARED = "shared"
    """Tasks that run at once mean to write one file."""
    ONE_BY_ONE = "one by one"
    """The plan says that tasks run at once, and its dependencies leave none that could."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at again. `number` is the count of files, or the wave."""

    kind: Remarked
    tasks: tuple[TaskId, ...] = ()
    path: str = ""
    number: int = 0


def remarks(graph: TaskGraph, tracked: Tracked, mode: str | None) -> Iterator[Remark]:
    """Yields remarks on the tasks that are left to run, in the plan's order."""
    if mode is not None and mode != "sequential" and len(graph.waves) > 1 and max(map(len, graph.waves)) == 1:
        yield Remark(Remarked.ONE_BY_ONE, path=mode)
    for wave in graph.waves:
        for task_id in wave:
            if (count := _files(graph, task_id, tracked)) > BROAD:
                yield Remark(Remarked.BROAD, (task_id,), number=count)
    for number, wave in enumerate(graph.waves, start=1):
        writers: defaultdict[str, list[TaskId]] = defaultdict(list)
        for task_id in wave:
            for path in dict.fromkeys(map(plain, graph[task_id].scope.written)):
                writers[path].append(task_id)
        for path, tasks in writers.items():
            if len(tasks) > 1 and not is_pattern(path):
                yield Remark(Remarked.SHARED, tuple(tasks), path, number)


def _files(graph: TaskGraph, task_id: TaskId, tracked: Tracked) -> int:
    """Returns how many files a task means to write: of a folder or a pattern all that are in it."""
    found: set[str] = set()
    for declared in graph[task_id].scope.written:
        found.update(tracked.fitting(declared) or (plain(declared),))
    return len(found)
