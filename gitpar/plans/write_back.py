"""Writes what became of tasks into their plan file: the status, and every other byte as it was.

Positions are found in the bytes that are there at the moment of writing, never in those
that were read before the run.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.errors import EnvironmentFault, PlanError, PlanProblem
from gitpar.faults import Step, passage
from gitpar.plans.choices import PLAIN, Choices
from gitpar.plans.item import Findings, Item
from gitpar.plans.model import Draft, Ends, Outcome, TaskEnd
from gitpar.plans.reading import Opened, open_plan
from gitpar.plans.splices import NotEditable, Splice, applied
from gitpar.values import dataclass

_TRIES = 10


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be written where."""

    file: str
    ends: Ends
    choices: Choices


def tag_of(task: Task) -> str | None:
    """Returns the tag of the file that a task was read from, None where the file has none.

    A task of a tagged file has a key such as `master.tasks[3]`.
    """
    head, found, _ = task.source.key.rpartition(".tasks[")
    return head if found else None


def write_status(
    path: Path, ends: Mapping[TaskId, TaskEnd], choices: Choices = PLAIN
) -> tuple[PlanProblem, ...]:
    """Writes how tasks ended into the plan file; returns what could not be written.

    The new file replaces the old one at once and durably: whoever reads sees one or the
    other. A symbolic link stays one; mode bits stay. A file that somebody else changes
    meanwhile is read again. Tasks that are no longer in the file are returned as problems.
    Raises EnvironmentFault where the file cannot be written; it is as it was then.
    """
    target = _Target(str(path), ends, choices)
    real = Path(os.path.realpath(path))
    try:
        passage(Step.WRITE_BACK)
        for _ in range(_TRIES):
            before = real.stat()
            content = real.read_bytes()
            try:
                new, problems = _edited(target, content)
            except PlanError as error:
                return error.problems
            if new == content or _replaced(real, new, before):
                break
        else:
            problems = (PlanProblem(str(path), "is being changed all the time; nothing was written back"),)
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}`: statuses could not be written back: {error.strerror or error}",
            "The plan file is as it was; the run's own record is complete: gitpar status",
        ) from error
    passage(Step.WRITTEN_BACK)
    return problems


def _edited(target: _Target, content: bytes) -> tuple[bytes, tuple[PlanProblem, ...]]:
    """Returns the file's new bytes and what could not be written."""
    target, opened = _opened(target, content)
    problems: list[PlanProblem] = []
    found: list[Splice] = []
    written: list[TaskId] = []
    rows, write = _rows(opened), opened.format.writer(opened.root)
    for task_id, end in target.ends.items():
        row = rows.get(task_id)
        if row is None:
            message = f"task `{task_id}` is no longer in the file; its status was not written back"
            problems.append(PlanProblem(target.file, message))
            continue
        try:
            found += write(row, end)
        except NotEditable as error:
            problems.append(row.problem(f"task `{task_id}`: {error.why}; its status was not written back"))
        else:
            written.append(task_id)
    document = opened.root.document
    new = document.encoded(applied(document.text, found))
    if found and not _holds(target, new, opened, written):
        message = "is written in a way that cannot be edited safely; statuses were not written back"
        return content, (*problems, PlanProblem(target.file, message))
    return new, tuple(problems)


def _opened(target: _Target, content: bytes) -> tuple[_Target, Opened]:
    """Reads the file, subtasks as tasks where they were run so; adds the tasks that this finishes."""
    opened = open_plan(target.file, content, Findings(), target.choices)
    if target.ends.keys() & opened.draft.parts.keys() and not target.choices.expand_subtasks:
        target = replace(target, choices=replace(target.choices, expand_subtasks=True))
        opened = open_plan(target.file, content, Findings(), target.choices)
    if target.choices.expand_subtasks:
        target = replace(target, ends={**dict(_finished(opened.draft, target.ends)), **target.ends})
    return target, opened


def _finished(draft: Draft, ends: Ends) -> Iterator[tuple[TaskId, TaskEnd]]:
    """Yields the tasks that are done now that the last of their subtasks has landed."""
    done = {entry.task.id for entry in draft.tasks if entry.task.status is TaskStatus.DONE}
    landed = {name for name, end in ends.items() if end.outcome is Outcome.LANDED}
    for whole in draft.parts:
        parts = draft.stands_for[whole]
        mine = [name for name in parts if name in landed]
        if mine and done.union(landed).issuperset(parts):
            yield whole, TaskEnd(outcome=Outcome.LANDED, ended_at=ends[mine[-1]].ended_at)


def _rows(opened: Opened) -> dict[TaskId, Item]:
    """Returns where each task stands; what is part of a task has its place too, where it was run."""
    draft = opened.draft
    return {**draft.parts, **{entry.task.id: entry.item for entry in reversed(draft.tasks)}}


def _holds(target: _Target, new: bytes, old: Opened, written: Sequence[TaskId]) -> bool:
    """Reads the new bytes and says whether all is in them and nothing else has changed.

    To write the same again must change nothing, and every other task must be as it was.
    """
    try:
        opened = open_plan(target.file, new, Findings(), replace(target.choices, format=old.format.NAME))
    except PlanError:
        return False
    rows, write = _rows(opened), opened.format.writer(opened.root)
    try:
        if any(task_id not in rows or write(rows[task_id], target.ends[task_id]) for task_id in written):
            return False
    except NotEditable:
        return False
    before, after = (
        {e.task.id: (e.task.status, e.task.title) for e in one.draft.tasks if e.task.id not in target.ends}
        for one in (old, opened)
    )
    return before == after


def _replaced(real: Path, new: bytes, before: os.stat_result) -> bool:
    """Puts the new bytes in the file's place; False where the file is not what was read."""
    _sweep(real)
    fresh = real.with_name(f".{real.name}.gitpar-{os.getpid()}")
    try:
        mode = stat.S_IMODE(before.st_mode)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(new)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        now = real.stat()
        if (now.st_ino, now.st_mtime_ns, now.st_size) != (before.st_ino, before.st_mtime_ns, before.st_size):
            return False
        fresh.replace(real)
    finally:
        fresh.unlink(missing_ok=True)
    _sync_folder(real.parent)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(real: Path) -> None:
    """Removes what a killed gitpar left behind: half-written files of processes that are gone."""
    for left in real.parent.glob(f".{_escaped(real.name)}.gitpar-*"):
        owner = left.name.rpartition("-")[2]
        if owner.isdigit() and (int(owner) == os.getpid() or not _alive(int(owner))):
            left.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
