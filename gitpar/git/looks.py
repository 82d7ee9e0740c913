"""Looks at two change sets as close as their hunks allow, without merging anything."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeSet, FileChange, Hunk
from gitpar.core.conflicts import LineRange, PathOverlap, Tier, clashes, touching
from gitpar.git.changes import has_lines, read_hunks
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository


@dataclass(frozen=True, slots=True)
class Look:
    """The tier that the hunks of a pair speak for, and its overlaps, those that touch first."""

    tier: Tier
    overlaps: tuple[PathOverlap, ...]


class Looks:
    """Compares the hunks of pairs; the hunks of a file are read once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._hunks: dict[tuple[str, str], tuple[Hunk, ...] | None] = {}

    def at(self, ours: ChangeSet, theirs: ChangeSet) -> Look:
        """Returns what two change sets with one base have in common."""
        a = {path: change for change in ours.files for path in change.paths}
        b = {path: change for change in theirs.files for path in change.paths}
        close = [PathOverlap(path) for path in clashes(ours, theirs)]
        apart: list[PathOverlap] = []
        seen: set[tuple[str, str]] = set()
        for path in sorted(a.keys() & b.keys()):
            names = (a[path].path, b[path].path)
            if names in seen:
                continue
            seen.add(names)
            touches, overlaps = self._overlap(a[path], b[path])
            (close if touches else apart).extend(overlaps)
        return Look(Tier.TOUCHING if close else Tier.FILE, (*close, *apart))

    def _overlap(self, ours: FileChange, theirs: FileChange) -> tuple[bool, list[PathOverlap]]:
        path = ours.base_path if ours.old_mode else ours.path
        if (ours.new_mode, ours.new_id, ours.path) == (theirs.new_mode, theirs.new_id, theirs.path):
            return False, [PathOverlap(path)]
        if ours.path != theirs.path and ours.old_path and theirs.old_path:
            return True, [PathOverlap(path)]
        if not (has_lines(ours) and has_lines(theirs) and ours.old_id == theirs.old_id):
            return True, [PathOverlap(path)]
        if ours.old_id in (ours.new_id, theirs.new_id):
            # one side changed no content: only modes can clash, and two that changed are equal
            return False, [PathOverlap(path)]
        a, b = (self._cached(change) for change in (ours, theirs))
        if not a or not b:
            return True, [PathOverlap(path)]
        near = [
            PathOverlap(path, _lines([one]), _lines([other]))
            for one, other in touching(a, b)
            if not self._same(ours.new_id, one, theirs.new_id, other)
        ]
        return bool(near), near or [PathOverlap(path, _lines(a), _lines(b))]

    def _same(self, ours: str, one: Hunk, theirs: str, other: Hunk) -> bool:
        """Whether two hunks are the same edit, which git makes once."""
        if (one.old_start, one.old_count, one.new_count) != (
            other.old_start,
            other.old_count,
            other.new_count,
        ):
            return False
        return self._text(ours, one) == self._text(theirs, other)

    def _text(self, blob: str, hunk: Hunk) -> list[bytes]:
        lines = BytesIO(self._repository.read(blob)[1]).readlines()
        return lines[hunk.new_start - 1 : hunk.new_start - 1 + hunk.new_count]

    def _cached(self, change: FileChange) -> tuple[Hunk, ...] | None:
        key = (change.old_id, change.new_id)
        if key not in self._hunks:
            self._hunks[key] = read_hunks(self._repository, *key)
        return self._hunks[key]


def _lines(hunks: Sequence[Hunk]) -> LineRange:
    start, last = hunks[0].old_start, hunks[-1]
    return LineRange(start, last.old_start + last.old_count - start)
