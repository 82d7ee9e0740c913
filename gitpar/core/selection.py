"""`--only` and `--skip`: which tasks of a plan a run leaves out. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from gitpar.core.graph import Task, TaskGraph, TaskStatus, WaveNote
from gitpar.core.names import TaskId
from gitpar.errors import UsageError

Skipped = tuple[tuple[TaskId, str], ...]


def select(graph: TaskGraph, only: Sequence[str], skip: Sequence[str]) -> tuple[tuple[Task, ...], Skipped]:
    """Returns all tasks, those left out marked so, and the reason for each of these.

    With `only`, what the chosen tasks wait for is taken as done: the user knows. With
    `skip`, what waits for a skipped task is left out as well. Raises UsageError for an
    id that the plan does not have, or where nothing is left.
    """
    for option, ids in (("--only", only), ("--skip", skip)):
        for task_id in ids:
            if task_id not in graph.tasks:
                near = difflib.get_close_matches(task_id, graph.tasks, n=1)
                hint = f"Did you mean `{near[0]}`?" if near else "The ids are listed by: gitpar plan PLAN"
                raise UsageError(f"`{option} {task_id}`: the plan has no such task", hint)
    reasons: dict[TaskId, str] = {}
    for task_id in map(TaskId, skip):
        reasons[task_id] = "left out by --skip"
        for waiting in graph.downstream([task_id]):
            reasons.setdefault(waiting, f"waits for `{task_id}`, which is left out")
    if only:
        for task in graph:
            if task.id not in only:
                reasons.setdefault(task.id, "not among --only")
    pending = [task for task in graph if task.status is TaskStatus.PENDING]
    if pending and all(task.id in reasons for task in pending):
        raise UsageError("`--only` and `--skip` leave no task to run", "Nothing was started")
    left_out = {task.id for task in pending} & set(reasons)
    tasks = tuple(replace(t, status=TaskStatus.LEFT_OUT) if t.id in left_out else t for t in graph)
    return tasks, tuple((task_id, reasons[task_id]) for task_id in graph.tasks if task_id in left_out)


def renumbered(notes: Sequence[WaveNote], before: TaskGraph, after: TaskGraph) -> tuple[WaveNote, ...]:
    """Returns what the plan says about its waves, by the waves that are left to run."""
    was = {task_id: n for n, wave in enumerate(before.waves, start=1) for task_id in wave}
    by_wave = {note.wave: note for note in notes}
    found = ((n, by_wave.get(was.get(wave[0], 0))) for n, wave in enumerate(after.waves, start=1))
    return tuple(replace(note, wave=n) for n, note in found if note is not None)
