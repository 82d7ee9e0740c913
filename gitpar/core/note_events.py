"""What happened to the notes of a level's workers; see events.py, whose list these belong to.

NotesOpened is written before the level moves, NotesLanded after.
"""

from __future__ import annotations

from gitpar.core.events import Event
from gitpar.core.names import CommitId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesTried(Event):
    """The notes of a level's workers are about to be added to the progress file; no ref moves."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesProved(Event):
    """The commit with the notes exists and its certificate holds."""

    level: int
    tip: CommitId
    commit: CommitId
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesRefused(Event):
    """The notes cannot be added; they stay in the journal."""

    level: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesOpened(Event):
    """The level's branch is about to move from `tip` to the notes' `commit`."""

    level: int
    tip: CommitId
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesLanded(Event):
    """The level's branch moved over the notes."""

    level: int
    commit: CommitId
