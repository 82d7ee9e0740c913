"""Writes how the tasks of a run ended into its plan files."""

from __future__ import annotations

from pathlib import Path

from gitpar.core.names import TaskId
from gitpar.core.run import Run, TaskState
from gitpar.errors import GitparError
from gitpar.plans import Outcome, TaskEnd, write_status
from gitpar.wiring.site import Site

_WRITTEN = {
    TaskState.LANDED: Outcome.LANDED,
    TaskState.FAILED: Outcome.FAILED,
    TaskState.HELD: Outcome.HELD,
    TaskState.BLOCKED: Outcome.BLOCKED,
}


def write_back(site: Site, run: Run) -> str:
    """Writes the statuses and says what went wrong, if anything did; the run itself is not harmed."""
    by_file: dict[str, dict[TaskId, TaskEnd]] = {}
    for task in run.tasks.values():
        outcome = _WRITTEN.get(task.state)
        if outcome is not None:
            end = TaskEnd(
                outcome=outcome,
                ended_at=run.last_at,
                duration_s=sum(a.duration_s for a in task.attempts),
                attempts=len(task.attempts),
                reason=task.reason,
            )
            by_file.setdefault(task.task.source.file, {})[task.task.id] = end
    said: list[str] = []
    for file, ends in by_file.items():
        try:
            said += map(str, write_status(site.place.main / Path(file), ends))
        except (OSError, GitparError) as error:
            said.append(f"`{file}` was not written back: {error}")
    return " ".join(said)
