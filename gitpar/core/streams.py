"""Streams of a plan: which tasks belong together, and waves in which streams do not meet. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gitpar.core.graph import Task, TaskGraph
from gitpar.core.names import TaskId


def streams_of(tasks: Iterable[Task]) -> dict[str, list[TaskId]]:
    """Returns the tasks of each stream, in plan order; tasks of none are left out."""
    found: dict[str, list[TaskId]] = {}
    for task in tasks:
        if task.stream is not None:
            found.setdefault(task.stream, []).append(task.id)
    return found


def one_at_a_time(graph: TaskGraph) -> tuple[Task, ...]:
    """Returns the tasks with waves in which no two streams meet, so that one stream is worked on at a time.

    The first stream goes on until its next wave waits for another stream, then the next
    one has its turn. Tasks of no stream are one too.
    """
    ahead: dict[str | None, deque[list[Task]]] = {}
    for wave in graph.waves:
        parts: dict[str | None, list[Task]] = {}
        for task_id in wave:
            parts.setdefault(graph[task_id].stream, []).append(graph[task_id])
        for name, part in parts.items():
            ahead.setdefault(name, deque()).append(part)
    order = {name: min(graph.position[t.id] for p in parts for t in p) for name, parts in ahead.items()}
    waves: dict[TaskId, int] = {}
    open_ids = {task_id for wave in graph.waves for task_id in wave}
    number = 0
    while open_ids:
        for name in sorted(ahead, key=order.__getitem__):
            while ahead[name] and _is_free(ahead[name][0], open_ids):
                number += 1
                waves.update((task.id, number) for task in ahead[name][0])
                open_ids.difference_update(task.id for task in ahead[name].popleft())
    return tuple(replace(task, wave=waves[task.id]) if task.id in waves else task for task in graph)


def _is_free(part: Sequence[Task], open_ids: set[TaskId]) -> bool:
    return not any(before in open_ids for task in part for before in task.depends_on)
