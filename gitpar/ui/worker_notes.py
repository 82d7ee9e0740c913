"""Notes that workers left for each other, as people and other workers read them, at once or as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gitpar.core import events as e
from gitpar.core import note_events as ne
from gitpar.core.run import Run
from gitpar.core.view import AttemptView, RunView
from gitpar.ui.plain import clean, counted
from gitpar.ui.tail import read_from
from gitpar.values import dataclass

_FILE = "notes.md"
_MOST_BYTES = 100_000
_OVER = ("done", "needs-you", "failed", "interrupted")


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """What the worker of a task's newest attempt has written so far."""

    task: str
    title: str
    state: str
    n: int
    text: str


def notes(view: RunView, leave_out: str | None = None) -> list[WorkerNote]:
    """Returns what every worker has written, in plan order; `leave_out` is the task of who asks."""
    found = []
    for task in view.tasks:
        if task.attempts and task.id != leave_out:
            attempt = task.attempts[-1]
            if text := _text(attempt):
                found.append(WorkerNote(task.id, task.title, task.state, attempt.n, text))
    return found


def _text(attempt: AttemptView) -> str:
    """Returns an attempt's notes: recorded where it is over, else as they stand in its file."""
    if attempt.progress or attempt.state != "running" or not attempt.log:
        return attempt.progress.strip()
    content = read_from(str(Path(attempt.log).with_name(_FILE)), 0, _MOST_BYTES)
    return (content or b"").decode(errors="replace").strip()


def as_json(found: list[WorkerNote]) -> list[dict[str, Any]]:
    """Returns notes as the documented JSON value."""
    return [
        {"task": one.task, "title": one.title, "state": one.state, "attempt": one.n, "text": one.text}
        for one in found
    ]


def shown(note: WorkerNote) -> str:
    """Returns a note with a heading that says whose it is."""
    return f"## {clean(note.task)} ({note.state})\n\n{_lines(note.text)}\n"


def follow(
    read: Callable[[], RunView], pause: Callable[[], None], leave_out: str | None = None
) -> Iterator[str]:
    """Yields notes as they are written, each with its heading, until the run is over.

    For a worker it is over when nobody else is at work: the run waits for who asks.
    """
    told: dict[tuple[str, int], str] = {}
    while True:
        view = read()
        for note in notes(view, leave_out):
            before = told.get((note.task, note.n), "")
            told[note.task, note.n] = note.text
            fresh = note.text.removeprefix(before).strip()
            if fresh:
                yield f"## {clean(note.task)}\n\n{_lines(fresh)}\n"
        others = (task.state for task in view.tasks if task.id != leave_out)
        if view.state in _OVER or (leave_out is not None and "running" not in others):
            return
        pause()


def _lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())


# --- what a run says of them -------------------------------------------------------------


def _landed(event: ne.NotesLanded, run: Run) -> list[str]:
    level = run.levels[event.level - 1]
    count = sum(1 for name in level.tasks if name in run.told)
    return [f"wave {event.level}: the notes of {counted(count, 'task')} are in {run.settings.progress_file}"]


def _refused(event: ne.NotesRefused, _run: Run) -> list[str]:
    return [
        f"wave {event.level}: notes were not added, they are shown by gitpar notes: {clean(event.reason)}"
    ]


SAID: dict[type[e.Event], Callable[[Any, Run], list[str]]] = {
    ne.NotesLanded: _landed,
    ne.NotesRefused: _refused,
}
