"""What an attempt that repairs a conflict is told: the files, and what the others meant to do. Pure."""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.ahead import holds
from gitpar.core.graph import Task
from gitpar.core.names import CommitId, TaskId
from gitpar.core.policies import BY_COMMAND, commands_for
from gitpar.core.run import Attempt, Run, TaskRun
from gitpar.core.settlement import belongs
from gitpar.values import dataclass

_MOST_OTHERS = 5
_LONGEST_INTENT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class InConflict:
    """One path that git refused, with its kind and git's sentence about it."""

    path: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherTask:
    """A task that has landed and changed the same files."""

    id: TaskId
    title: str
    intent: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictTold:
    """A conflict as its agent is told it. `folder` has the versions: base, ours, theirs."""

    paths: tuple[InConflict, ...]
    others: tuple[OtherTask, ...]
    ours: CommitId
    theirs: CommitId
    verify: str | None = None
    folder: str = ""


def conflict_told(run: Run, task: TaskRun, attempt: Attempt) -> ConflictTold | None:
    """Returns what the agent of a task is told of its conflict; None for an attempt at the task itself."""
    found = task.settlement
    if not attempt.repair or attempt.repair == BY_COMMAND or found is None or task.work.result is None:
        return None
    known = {conflict.path: conflict for conflict in task.refused}
    paths = [
        InConflict(
            path=path,
            kind=known[path].kind.value if path in known else "other",
            message=known[path].message if path in known else "",
        )
        for path in found.left
    ]
    others = []
    for name in _landed(run, task):
        other = run.tasks[name]
        shared = tuple(path for path in other.work.files if belongs(path, found.left))
        if shared:
            intent = other.task.prompt.strip()[:_LONGEST_INTENT]
            others.append(OtherTask(id=name, title=other.task.title, intent=intent, files=shared))
    return ConflictTold(
        paths=tuple(paths),
        others=tuple(others[:_MOST_OTHERS]),
        ours=found.tip,
        theirs=task.work.result,
        verify=task.task.verify,
    )


def _landed(run: Run, task: TaskRun) -> list[TaskId]:
    """Who came before a task on its level; of one that is carried over, below it and not under its feet."""
    level = run.levels[task.level - 1]
    footing = task.work.footing
    if footing is None or not task.is_to_carry:
        return [*level.landed, *(candidate.task for candidate in level.batch)]
    below = (name for lower in run.levels[: level.number - 1] for name in lower.landed)
    return [name for name in below if not holds(footing, run.tasks[name])]


def as_command(run: Run, task: TaskRun, attempt: Attempt | None) -> Task:
    """Returns the task of an attempt of commands: one that makes files anew has theirs."""
    found = task.settlement
    if attempt is None or attempt.repair != BY_COMMAND or found is None:
        return task.task
    return replace(task.task, command=commands_for(run, found.regenerate))
