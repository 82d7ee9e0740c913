"""What the events of landing notes mean for a run. Pure; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitpar.core import events as e
from gitpar.core import note_events as ne
from gitpar.core.run import Level, ProgressCandidate, Run


def _tried(run: Run, event: ne.NotesTried) -> None:
    run.levels[event.level - 1].noting = ProgressCandidate()


def _proved(run: Run, event: ne.NotesProved) -> None:
    run.levels[event.level - 1].noting = ProgressCandidate(event.commit, event.certificate)


def _refused(run: Run, event: ne.NotesRefused) -> None:
    _over(run.levels[event.level - 1])


def _opened(run: Run, event: ne.NotesOpened) -> None:
    noting = run.levels[event.level - 1].noting
    if noting is None:
        raise ValueError(f"the notes of level {event.level} were moved but not proved")
    noting.commit = event.commit
    noting.moving = True


def _landed(run: Run, event: ne.NotesLanded) -> None:
    level = run.levels[event.level - 1]
    level.tip = event.commit
    _over(level)


def _over(level: Level) -> None:
    level.noting = None
    level.noted = True


NOTING: dict[type[e.Event], Callable[[Run, Any], None]] = {
    ne.NotesTried: _tried,
    ne.NotesProved: _proved,
    ne.NotesRefused: _refused,
    ne.NotesOpened: _opened,
    ne.NotesLanded: _landed,
}
