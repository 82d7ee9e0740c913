"""Which change sets get in each other's way, and how sure that is.

Pure. The three tiers: `file` means look closer, `touching` means likely, `conflict`
means git's own merge refused. Only gitpar.git can say the third.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gitpar.core.names import NO_TREE, TaskId, TreeId


class Tier(StrEnum):
    """How close two change sets come, weakest first."""

    FILE = "file"
    TOUCHING = "touching"
    CONFLICT = "conflict"


class ConflictKind(StrEnum):
    """What git refuses about a path, in git's own words."""

    CONTENT = "content"
    ADD_ADD = "add/add"
    MODIFY_DELETE = "modify/delete"
    RENAME_RENAME = "rename/rename"
    RENAME_DELETE = "rename/delete"
    RENAME_ADD = "rename/add"
    DIRECTORY_FILE = "directory/file"
    DIRECTORY_RENAME = "directory rename"
    MODE = "mode"
    BINARY = "binary"
    SUBMODULE = "submodule"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LineRange:
    """Lines of the base, counted from 1; a count of 0 lies before `start`."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class PathOverlap:
    """One path that both sides changed; ranges are None where lines make no sense."""

    path: str
    a: LineRange | None = None
    b: LineRange | None = None


@dataclass(frozen=True, slots=True)
class PairConflict:
    """Two change sets that share something. `kind` is None below the conflict tier."""

    a: TaskId
    b: TaskId
    tier: Tier
    paths: tuple[PathOverlap, ...]
    kind: ConflictKind | None = None


@dataclass(frozen=True, slots=True)
class PathConflict:
    """One path that git's merge refused, with git's sentence about it."""

    path: str
    kind: ConflictKind
    message: str


@dataclass(frozen=True, slots=True)
class Fold:
    """The change sets merged one after another in order, leaving out what does not merge."""

    landed: tuple[TaskId, ...] = ()
    conflicting: tuple[TaskId, ...] = ()
    tree: TreeId = NO_TREE


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """Every pair that shares something, and the in-order fold. Pairs that share nothing are left out."""

    pairs: tuple[PairConflict, ...] = ()
    fold: Fold = Fold()

    def between(self, a: TaskId, b: TaskId) -> PairConflict | None:
        """Finds a pair whichever way round it is stored."""
        wanted = {a, b}
        return next((pair for pair in self.pairs if {pair.a, pair.b} == wanted), None)
