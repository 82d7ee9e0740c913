"""Carries out what concerns workers' notes: reads them, adds them to the progress file. No decisions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core import note_events as ne
from gitpar.core.names import CommitId, RunId, level_ref
from gitpar.core.progress import LONGEST_NOTES_BYTES
from gitpar.errors import RefMoved
from gitpar.faults import Step, passage
from gitpar.ports import Clock, Ledger, Progress, Proof
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Reserved:
    """The files that are gitpar's while it runs, as paths in the repository."""

    paths: frozenset[str] = frozenset()
    progress: str = ""
    tasks: str = ""
    """What the names of single tasks' progress files begin with; empty where there are none."""

    def holds(self, path: str) -> bool:
        """Says whether a path is gitpar's."""
        return path in self.paths or self.is_note(path)

    def is_note(self, path: str) -> bool:
        """Says whether what is added to a path is a note."""
        return path == self.progress or bool(self.tasks and path.startswith(self.tasks))


@dataclass(frozen=True, slots=True)
class Sorted:
    """A result without what is gitpar's, the paths it changes, and the notes that were found in it."""

    result: CommitId
    files: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    progress: str = ""


def sorted_out(progress: Progress, reserved: Reserved, base: CommitId, found: Sorted) -> Sorted:
    """Takes out of a result what a worker did to files that are gitpar's."""
    ours = tuple(path for path in found.files if reserved.holds(path))
    if not ours:
        return found
    aside = progress.set_aside(base, found.result, ours)
    notes = [aside.added.get(path, "").strip() for path in ours if reserved.is_note(path)]
    files = tuple(path for path in found.files if path not in ours)
    # to write notes there is what a worker may do; all else is worth telling
    told = tuple(path for path in ours if not (reserved.is_note(path) and aside.added.get(path)))
    return Sorted(aside.result, files, told, "\n\n".join(filter(None, [found.progress.strip(), *notes])))


def read_notes(path: Path) -> str:
    """Returns what a worker has written for others so far; empty where it wrote nothing."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_NOTES_BYTES + 1)
    except OSError:
        return ""  # no file, or something else in its place: there is no note
    cut = "\n\n(cut: longer than notes may be)" if len(content) > LONGEST_NOTES_BYTES else ""
    return content[:LONGEST_NOTES_BYTES].decode(errors="replace") + cut


@dataclass(frozen=True, slots=True)
class Noting:
    """Lands the notes of a level; called on the thread that moves levels."""

    progress: Progress
    ledger: Ledger
    clock: Clock
    post: Callable[[e.Event], None]

    def prove(self, command: c.ProveNotes) -> None:
        """Computes and proves the commit."""
        landing = command.landing
        passage(Step.NOTES_PROVE)
        outcome = self.progress.prove(landing)
        passage(Step.NOTES_PROVED)
        now = self.clock.now()
        if isinstance(outcome, Proof):
            self.post(
                ne.NotesProved(
                    at=now,
                    level=landing.level,
                    tip=landing.tip,
                    commit=outcome.commit,
                    certificate=outcome.certificate,
                )
            )
        else:
            self.post(ne.NotesRefused(at=now, level=landing.level, reason=outcome.reason))

    def move(self, command: c.MoveNotes, run: RunId, prefix: str) -> RefMoved | None:
        """Moves the level over the notes; returns what stands in the way, if somebody else moved it."""
        ref = level_ref(prefix, run, command.level)
        passage(Step.NOTES_MOVE)
        try:
            self.ledger.land(ref, command.tip, [(command.commit, command.certificate)])
        except RefMoved as moved:
            if moved.found != command.commit:
                return moved
        passage(Step.NOTES_MOVED)
        self.post(ne.NotesLanded(at=self.clock.now(), level=command.level, commit=command.commit))
        return None
