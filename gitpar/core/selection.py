"""`--only` and `--skip`: which tasks of a plan a run leaves out. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from gitpar.core.graph import Task, TaskGraph, TaskStatus, WaveNote
from gitpar.core.names import TaskId
from gitpar.errors import UsageError

_OPTIONS = ("--only", "--skip", "--stream")

Skipped = tuple[tuple[TaskId, str], ...]


def select(
    graph: TaskGraph, only: Sequence[str], skip: Sequence[str], streams: Sequence[str] = ()
) -> tuple[tuple[Task, ...], Skipped]:
    """Returns all tasks, those left out marked so, and the reason for each of these.

    With `only` and with `streams`, what the chosen tasks wait for is taken as done: the
    user knows. With `skip`, what waits for a skipped task is left out as well. Raises
    UsageError for an id or a stream that the plan does not have, or where nothing is left.
    """
    _check_ids(graph, only, skip)
    reasons: dict[TaskId, str] = {}
    for task_id in map(TaskId, skip):
        reasons[task_id] = "left out by --skip"
        for waiting in graph.downstream([task_id]):
            reasons.setdefault(waiting, f"waits for `{task_id}`, which is left out")
    chosen = _known_streams(graph, streams)
    for task in graph:
        if only and task.id not in only:
            reasons.setdefault(task.id, "not among --only")
        elif streams and task.stream not in chosen:
            reasons.setdefault(task.id, f"not in {_named(chosen)}")
    pending = [task for task in graph if task.status is TaskStatus.PENDING]
    if pending and all(task.id in reasons for task in pending):
        raise UsageError(f"{_typed(only, skip, streams)} no task to run", "Nothing was started")
    left_out = {task.id for task in pending} & set(reasons)
    tasks = tuple(replace(t, status=TaskStatus.LEFT_OUT) if t.id in left_out else t for t in graph)
    return tasks, tuple((task_id, reasons[task_id]) for task_id in graph.tasks if task_id in left_out)


def _check_ids(graph: TaskGraph, only: Sequence[str], skip: Sequence[str]) -> None:
    for option, ids in (("--only", only), ("--skip", skip)):
        for task_id in ids:
            if task_id not in graph.tasks:
                near = difflib.get_close_matches(task_id, graph.tasks, n=1)
                hint = f"Did you mean `{near[0]}`?" if near else "The ids are listed by: gitpar plan PLAN"
                raise UsageError(f"`{option} {task_id}`: the plan has no such task", hint)


def _typed(only: Sequence[str], skip: Sequence[str], streams: Sequence[str]) -> str:
    given = [f"`{name}`" for name, values in zip(_OPTIONS, (only, skip, streams), strict=True) if values]
    named = " and ".join(filter(None, [", ".join(given[:-1]), given[-1]]))
    return f"{named} {'leave' if len(given) > 1 else 'leaves'}"


def _named(streams: Sequence[str]) -> str:
    return f"stream{'s' if len(streams) > 1 else ''} {', '.join(f'`{name}`' for name in streams)}"


def _known_streams(graph: TaskGraph, wanted: Sequence[str]) -> list[str]:
    """Returns the streams that are meant, as the plan writes them; upper and lower case are the same."""
    known = list(dict.fromkeys(task.stream for task in graph if task.stream is not None))
    for name in wanted:
        if name.casefold() in (stream.casefold() for stream in known):
            continue
        if not known:
            raise UsageError(
                f"`--stream {name}`: the plan has no streams",
                "A stream is a column `Stream` of a table, a task's `stream`, or one of several plan files",
            )
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"It has {', '.join(f'`{one}`' for one in known)}"
        raise UsageError(f"`--stream {name}`: the plan has no such stream", hint)
    meant = {name.casefold() for name in wanted}
    return [stream for stream in known if stream.casefold() in meant]


def taken_as_done(graph: TaskGraph, tasks: Sequence[Task], streams: Sequence[str]) -> tuple[str, ...]:
    """Returns a sentence for every task that is not run because of its stream and that others wait for."""
    out = {task.id for task in tasks if task.status is TaskStatus.LEFT_OUT} if streams else set()
    found: list[str] = []
    for task in tasks:
        if task.status is TaskStatus.PENDING:
            for before in task.depends_on:
                if before in out and graph[before].status is TaskStatus.PENDING:
                    where = graph[before].stream
                    of = f" of stream `{where}`" if where else ""
                    found.append(f"`{task.id}` waits for `{before}`{of}, which is taken as done")
    return tuple(found)


def renumbered(notes: Sequence[WaveNote], before: TaskGraph, after: TaskGraph) -> tuple[WaveNote, ...]:
    """Returns what the plan says about its waves, by the waves that are left to run."""
    was = {task_id: n for n, wave in enumerate(before.waves, start=1) for task_id in wave}
    by_wave = {note.wave: note for note in notes}
    # a wave that was cut into several is told of once
    found = ((n, by_wave.pop(was.get(wave[0], 0), None)) for n, wave in enumerate(after.waves, start=1))
    return tuple(replace(note, wave=n) for n, note in found if note is not None)
