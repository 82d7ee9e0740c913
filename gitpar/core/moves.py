"""Moves of refs as they are journaled, and the operations that make them. Pure."""

from __future__ import annotations

from gitpar.core.names import CommitId, RefName
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref that goes from one commit to another; an empty id means "does not exist"."""

    ref: RefName
    old: CommitId
    new: CommitId


@dataclass(slots=True)
class Operation:
    """One undo: of a run or of an earlier undo. `moved` are the refs that were put back."""

    id: str
    of: str
    at: float
    moves: tuple[RefMove, ...]
    moved: frozenset[RefName] = frozenset()
    done: bool = False
