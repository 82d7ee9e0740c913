"""Notes that workers leave for each other, and the file on the level branch that collects them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.run import Level, Run, TaskRun, TaskState
from gitpar.values import dataclass

_MOST_HANDED = 24_000
"""So many characters of notes are handed to a later task: what it waits for first, then the newest."""
LONGEST_NOTES_BYTES = 100_000
"""Of one attempt; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class ProgressNote:
    """What the worker of one task wanted others to know."""

    task: TaskId
    title: str
    n: int
    text: str


@dataclass(frozen=True, slots=True)
class ProgressLanding:
    """The notes of a level that are to be added to `path` on top of `tip`, in plan order."""

    run: RunId
    level: int
    tip: CommitId
    path: str
    notes: tuple[ProgressNote, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """A result without its changes to files that are gitpar's, and what it had added to each at its end."""

    result: CommitId
    added: Mapping[str, str] = field(default_factory=dict)


def of_level(run: Run, level: Level) -> tuple[ProgressNote, ...]:
    """Returns the notes of a level's landed tasks, in plan order."""
    return tuple(note for task_id in level.tasks if (note := note_of(run.tasks[task_id])) is not None)


def to_land(run: Run, level: Level) -> bool:
    """Says whether a level whose tasks have all landed has notes to add to the progress file."""
    return bool(run.settings.progress_file) and not level.noted and bool(of_level(run, level))


def landing(run: Run, level: Level, tip: CommitId) -> ProgressLanding:
    """Returns what is to be added to the progress file when a level is over."""
    return ProgressLanding(run.id, level.number, tip, run.settings.progress_file or "", of_level(run, level))


def handed(run: Run, task_id: TaskId) -> tuple[ProgressNote, ...]:
    """Returns the notes that a task is told of, in plan order, as far as they fit.

    They are those of earlier levels; what starts from its level's tip is told of what has
    landed on that as well.
    """
    task = run.tasks[task_id]
    before = run.graph[task_id].depends_on
    beside = run.levels[task.level - 1].tasks if task.reruns or task_id in run.waited else ()
    wanted = dict.fromkeys((*before, *(name for name in beside if name != task_id), *reversed(run.told)))
    room = _MOST_HANDED
    found: list[ProgressNote] = []
    for name in wanted:
        if room <= 0:
            break
        if (note := note_of(run.tasks[name]) or _answer(run.tasks[name])) is not None:
            room -= len(note.text)
            if room >= 0:
                found.append(note)
    return tuple(sorted(found, key=lambda note: run.graph.position[note.task]))


def note_of(task: TaskRun) -> ProgressNote | None:
    """Returns what the worker of a landed task wanted others to know, None where it left nothing."""
    if task.state is not TaskState.LANDED or not task.attempts:
        return None
    # what a person takes as it is, or a person or an agent settles, was worked on before
    several = task.accepted or bool(task.last.repair)
    for attempt in reversed(task.attempts) if several else (task.last,):
        said = attempt.report.notes if attempt.report is not None else ""
        if text := attempt.progress.strip() or said.strip():
            return ProgressNote(task.task.id, task.task.title, attempt.n, text)
    return None


def _answer(task: TaskRun) -> ProgressNote | None:
    """Returns what a person said of a task; it is told to workers and lands nowhere."""
    return ProgressNote(task.task.id, task.task.title, 0, task.answer) if task.answer else None


def marker(run: RunId, note: ProgressNote) -> str:
    """Returns the line by which a note is known in the progress file: it stands there once."""
    shown = note.task.replace("--", "- -")
    return f"<!-- gitpar: run {run}, task {shown}, attempt {note.n} -->"


def section(run: RunId, note: ProgressNote) -> str:
    """Returns a note as it stands in the progress file."""
    title = _clean(" ".join(note.title.split()))
    named = note.task if title in ("", note.task) else f"{note.task}: {title}"
    return f"## {named}\n\n{marker(run, note)}\n\n{_clean(note.text)}\n"


def _clean(text: str) -> str:
    """Leaves out what could pass for another note's marker."""
    return text.strip().replace("<!-- gitpar:", "<!-- ")
