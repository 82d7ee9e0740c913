"""Streams of a plan: which tasks belong together, and how a run keeps them apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from gitpar.core.graph import Task
from gitpar.core.names import TaskId


def streams_of(tasks: Iterable[Task]) -> dict[str, list[TaskId]]:
    """Returns the tasks of each stream, in plan order; tasks of none are left out."""
    found: dict[str, list[TaskId]] = {}
    for task in tasks:
        if task.stream is not None:
            found.setdefault(task.stream, []).append(task.id)
    return found
