"""What a worker is told beside its task, taken from the run at the moment its attempt begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from gitpar.core.accounts import agent_of
from gitpar.core.agents import COMMAND
from gitpar.core.graph import Task
from gitpar.core.names import CommitId, RunId, TaskId, keep_ref
from gitpar.core.progress import handed
from gitpar.core.repairing import ConflictTold, as_command, conflict_told
from gitpar.core.run import Attempt, AttemptState, Run, TaskRun, TaskState
from gitpar.core.verdicts import failure_text
from gitpar.values import dataclass

_MOST_NAMED = 20
"""Concurrent tasks and notes that are named; a wave may have thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A task that is worked on at the same time, with the files it says it will write."""

    id: TaskId
    title: str
    files: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Declared files that this task declares too: where a conflict is likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTry:
    """An attempt at the same task that came to nothing."""

    n: int
    why: str
    files: tuple[str, ...] = ()
    keep_ref: str = ""
    base: CommitId | None = None
    log: str = ""
    message: str = ""
    output: str = ""
    """The end of what it printed, put in by whoever makes the prompt."""
    gated: bool = False
    """Whether a gate refused its result: `log` is the gate's then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the agent of an earlier task wanted others to know."""

    task: TaskId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """Everything a prompt may speak of. A worker that is a command gets its task and the notes."""

    task: Task
    run: RunId | None = None
    n: int = 1
    wave: int = 0
    waves: int = 0
    neighbours: tuple[Neighbour, ...] = ()
    notes: tuple[Note, ...] = ()
    tries: tuple[EarlierTry, ...] = ()
    rerun: bool = False
    """Whether its earlier result did not merge, so that it begins again from what has landed."""
    refused: tuple[str, ...] = ()
    """The paths that did not merge."""
    resumed: bool = False
    """Whether the agent goes on with its earlier session and knows the task."""
    conflict: ConflictTold | None = None
    """What is to be settled, where that is all there is to do."""


def briefing(run: Run, task_id: TaskId) -> Briefing:
    """Returns the briefing of the attempt that has just been opened, else of the next one.

    Costs what is at work and what was tried, not the wave.
    """
    task = run.tasks[task_id]
    opened = task.attempts[-1] if task.attempts and task.attempts[-1].state is AttemptState.RUNNING else None
    n = opened.n if opened is not None else len(task.attempts) + 1
    if (opened.agent if opened is not None else agent_of(task)) == COMMAND:
        return Briefing(task=as_command(run, task, opened), run=run.id, n=n, notes=_notes(run, task))
    earlier = [attempt for attempt in task.attempts if attempt.n < n and not attempt.repair]
    return Briefing(
        task=task.task,
        run=run.id,
        n=n,
        wave=task.level,
        waves=len(run.levels),
        neighbours=_neighbours(run, task),
        notes=_notes(run, task),
        tries=tuple(_try(run, task, attempt) for attempt in earlier),
        rerun=opened.rerun if opened is not None else bool(task.reruns),
        refused=tuple(conflict.path for conflict in task.refused),
        resumed=opened is not None and bool(opened.session) and _knows(opened, earlier),
        conflict=conflict_told(run, task, opened) if opened is not None else None,
    )


def _knows(opened: Attempt, earlier: Iterable[Attempt]) -> bool:
    """Says whether the session is one of the task's own, and not of another task of its stream."""
    return any(one.report is not None and one.report.session == opened.session for one in earlier)


def _neighbours(run: Run, task: TaskRun) -> tuple[Neighbour, ...]:
    """Who is at work now, then who else is in the wave, up to what can be read."""
    level = run.levels[task.level - 1]
    names = dict.fromkeys((*run.active, *islice(level.tasks, _MOST_NAMED + 1)))
    own = set(task.task.scope.written)
    found = []
    for name in islice((n for n in names if n != task.task.id), _MOST_NAMED):
        other = run.tasks[name]
        if other.state in (TaskState.PENDING, TaskState.RUNNING, TaskState.FINISHED):
            files = other.task.scope.written
            shared = tuple(path for path in files if path in own)
            found.append(Neighbour(id=name, title=other.task.title, files=files, shared=shared))
    return tuple(found)


def _notes(run: Run, task: TaskRun) -> tuple[Note, ...]:
    """What the tasks that this one builds on had to say, and then the others that have landed."""
    return tuple(Note(task=note.task, text=note.text.strip()) for note in handed(run, task.task.id))


def _try(run: Run, task: TaskRun, attempt: Attempt) -> EarlierTry:
    return EarlierTry(
        n=attempt.n,
        why=failure_text(attempt),
        files=attempt.files,
        keep_ref=keep_ref(run.id, task.task.id, attempt.n) if attempt.files else "",
        base=attempt.base,
        log=attempt.gate_log or attempt.log,
        message=attempt.report.message if attempt.report is not None and not attempt.gate_log else "",
        gated=bool(attempt.gate_log),
    )
