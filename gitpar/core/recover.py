"""Closes what a dead owner left open, from what git says. Pure: the facts are handed in.

What cannot be told from refs (an attempt that was running) stays open: `RunResumed`
makes it an orphan, and `decide` has it captured before anything else.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitpar.core.events import Event, Landed, LevelOpened, RunResumed
from gitpar.core.landings import landings, moving
from gitpar.core.names import CommitId, RefName, level_ref
from gitpar.core.note_events import NotesLanded
from gitpar.core.run import Run, Stage


def reconcile(run: Run, refs: Mapping[RefName, CommitId], at: float) -> list[Event]:
    """Returns the events that bring a replayed run in line with the refs, RunResumed last.

    A level whose branch stands where its opening said was opened; a landing whose
    commit is the branch's tip has landed. Whatever else was begun is begun again:
    every step of the executor may be repeated.
    """
    found: list[Event] = []
    level = run.level
    if level is not None:
        there = refs.get(level_ref(run.settings.prefix, run.id, level.number))
        if level.stage is Stage.OPENING and there is not None and there == level.base:
            found.append(LevelOpened(at=at, level=level.number))
        begun = landings(moving(level))
        if begun and there == begun[-1].commit:
            found += [Landed(at=at, task=one.task, n=one.n, commit=one.commit) for one in begun]
        noting = level.noting
        if noting is not None and noting.moving and there == noting.commit and there is not None:
            found.append(NotesLanded(at=at, level=level.number, commit=there))
    return [*found, RunResumed(at=at)]
