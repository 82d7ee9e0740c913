"""Which change sets get in each other's way, and how sure that is.

Pure. The three tiers: `file` means look closer, `touching` means likely, `conflict`
means git's own merge refused. Only gitpar.git can say the third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations

from gitpar.core.changes import ChangeKind, ChangeSet, FileChange, Hunk
from gitpar.core.names import NO_TREE, TaskId, TreeId
from gitpar.values import dataclass

_NEW_NAME = (ChangeKind.RENAMED, ChangeKind.COPIED)


class Tier(StrEnum):
    """How close two change sets come, weakest first."""

    FILE = "file"
    TOUCHING = "touching"
    CONFLICT = "conflict"


class ConflictKind(StrEnum):
    """What git refuses about a path, in git's own words where it has some.

    CASE_COLLISION is the one that git merges: two names that a file system which ignores
    case cannot hold beside each other. It is a conflict where the user's is such a one.
    """

    CONTENT = "content"
    ADD_ADD = "add/add"
    MODIFY_DELETE = "modify/delete"
    RENAME_RENAME = "rename/rename"
    RENAME_DELETE = "rename/delete"
    RENAME_ADD = "rename/add"
    DIRECTORY_FILE = "directory/file"
    DIRECTORY_RENAME = "directory rename"
    MODE = "mode"
    RENAME_MODIFY = "rename/modify"
    BINARY = "binary"
    SUBMODULE = "submodule"
    CASE_COLLISION = "case collision"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LineRange:
    """Lines of the base, counted from 1; a count of 0 lies before `start`."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class PathOverlap:
    """One path that both sides changed; ranges are None where lines make no sense.

    `kind` says what git refuses about it; None where it merges.
    """

    path: str
    a: LineRange | None = None
    b: LineRange | None = None
    kind: ConflictKind | None = None


@dataclass(frozen=True, slots=True)
class PairConflict:
    """Two change sets that share something. `kind` is that of the first path that has one.

    Below the conflict tier that can only be CASE_COLLISION.
    """

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


def touching(ours: Sequence[Hunk], theirs: Sequence[Hunk]) -> Iterator[tuple[Hunk, Hunk]]:
    """Walks once through two files' hunks, both in base order, and yields those that touch."""
    i = j = 0
    while i < len(ours) and j < len(theirs):
        a, b = ours[i], theirs[j]
        if a.touches(b):
            yield a, b
        if a.old_start + a.old_count < b.old_start + b.old_count:
            i += 1
        else:
            j += 1


def sharing(sets: Sequence[ChangeSet]) -> list[tuple[int, int]]:
    """Returns the pairs of change sets, by index, that share anything git could stumble over.

    That is a path (both names of a rename count), one's file where the other has a
    folder, and a file made in a folder that the other moves files out of, because git
    lets new files follow a moved folder. A set that loses files and makes others may
    move any of them: git's merge looks for renames again, with limits of its own.
    Pairs come sorted, the lower index first.

    Cost: one look-up a path and parent folder, not one a pair of change sets.
    """
    touched: defaultdict[str, list[int]] = defaultdict(list)
    made: defaultdict[str, list[int]] = defaultdict(list)
    left: defaultdict[str, list[int]] = defaultdict(list)
    for at, change_set in enumerate(sets):
        for path in change_set.paths:
            touched[path].append(at)
        may_move = any(_makes(change) for change in change_set.files)
        for change in change_set.files:
            if _makes(change):
                made[change.path].append(at)
            folders = folders_above(change.path) if may_move and _loses(change) else _folders_left(change)
            for folder in folders:
                left[folder].append(at)
    found = {pair for users in touched.values() for pair in combinations(users, 2)}
    for path, makers in made.items():
        for folder in folders_above(path):
            for other in {*made.get(folder, ()), *left.get(folder, ())}:
                found.update((min(maker, other), max(maker, other)) for maker in makers if maker != other)
    return sorted(found)


def collisions(sets: Sequence[ChangeSet]) -> dict[tuple[int, int], tuple[str, str]]:
    """Returns the pairs of change sets that make names which differ by case only, with two such names.

    A file whose name is another's folder but for case counts as well.
    """
    made = [(at, each.path) for at, found in enumerate(sets) for each in filter(_makes, found.files)]
    spelled: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for at, path in made:
        spelled[path.casefold()].append((at, path))
    pairs: dict[tuple[int, int], tuple[str, str]] = {}
    for at, path in made:
        for written in (path, *folders_above(path)):
            for other, name in spelled.get(written.casefold(), ()):
                if other != at and name != written:
                    pair, names = ((at, other), (path, name)) if at < other else ((other, at), (name, path))
                    pairs.setdefault(pair, names)
    return pairs


def clashes(ours: ChangeSet, theirs: ChangeSet) -> tuple[str, ...]:
    """Returns the paths made by one side that are, or lie in, what the other makes a file or moves away."""
    found: dict[str, None] = {}
    for one, other in ((ours, theirs), (theirs, ours)):
        made = {change.path for change in filter(_makes, other.files)}
        left = {folder for change in other.files for folder in _folders_left(change)}
        for change in filter(_makes, one.files):
            above = set(folders_above(change.path))
            found.update(dict.fromkeys(sorted(above & made)))
            if above & left:
                found[change.path] = None
    return tuple(found)


def folders_above(path: str) -> Iterator[str]:
    """Yields a path's folders, the nearest first, without the root."""
    while slash := path.rfind("/") + 1:
        path = path[: slash - 1]
        yield path


def _makes(change: FileChange) -> bool:
    """Whether the change's path was not there before."""
    return change.old_mode == 0 or change.kind in _NEW_NAME


def _loses(change: FileChange) -> bool:
    return change.new_mode == 0


def _folders_left(change: FileChange) -> Iterator[str]:
    """The folders that a rename moves a file out of."""
    if change.kind is ChangeKind.RENAMED and change.old_path is not None:
        kept = set(folders_above(change.path))
        yield from (folder for folder in folders_above(change.old_path) if folder not in kept)
