"""Writes how the tasks of a run ended into its plan files."""

from __future__ import annotations

from pathlib import Path

from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.run import Run, TaskState
from gitpar.core.verdicts import is_for_person
from gitpar.errors import GitparError
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.write_back import tag_of, write_status

_WRITTEN = {
    TaskState.LANDED: Outcome.LANDED,
    TaskState.FAILED: Outcome.FAILED,
    TaskState.HELD: Outcome.HELD,
    TaskState.BLOCKED: Outcome.BLOCKED,
}


def write_back(run: Run) -> str:
    """Writes the statuses and says what went wrong, if anything did; the run itself is not harmed."""
    by_file: dict[str, dict[TaskId, TaskEnd]] = {}
    tags: dict[str, str | None] = {}
    for task in run.tasks.values():
        outcome = _WRITTEN.get(task.state)
        waits = is_for_person(task) and task.state is not TaskState.LANDED
        if outcome is not None and not waits:
            end = TaskEnd(
                outcome=outcome,
                ended_at=run.last_at,
                duration_s=sum(a.duration_s for a in task.attempts),
                attempts=len(task.attempts),
                reason=task.reason,
            )
            tags[task.task.source.file] = tag_of(task.task)
            by_file.setdefault(task.task.source.file, {})[_own_id(task.task)] = end
    # a plan of several formats was not forced to be of one
    known = run.format if "+" not in run.format else None
    said: list[str] = []
    for file, ends in by_file.items():
        try:
            said += map(str, write_status(Path(file), ends, Choices(tag=tags[file], format=known)))
        except (OSError, GitparError) as error:
            said.append(f"`{file}` was not written back: {error}")
    return " ".join(said)


def _own_id(task: Task) -> TaskId:
    """Returns what the task's file calls it."""
    return TaskId(task.source.own_id or task.id)
