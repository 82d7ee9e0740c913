"""Compares the results of a wave: who shares what, what git refuses, what fits together.

Moves nothing and leaves nothing: all merges are made in scratch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeSet, FileChange, Hunk
from gitpar.core.conflicts import (
    ConflictKind,
    ConflictReport,
    Fold,
    LineRange,
    PairConflict,
    PathOverlap,
    Tier,
    clashes,
    sharing,
    touching,
)
from gitpar.core.names import CommitId, TaskId
from gitpar.git.attributes import Attributes
from gitpar.git.changes import has_lines, read_change_sets, read_hunks
from gitpar.git.commits import CommitText, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import MergeOutcome, SingleMerge, merge_all
from gitpar.git.narrowing import Narrowing
from gitpar.git.trees import compose, tree_of

if TYPE_CHECKING:
    from pygit2 import Repository

MOST_EXACT = 20_000
"""So many pairs are merged for real, those that touch first; the rest keep their weaker tier."""

_SYNTHETIC = CommitText(b"gitpar <> 0 +0000", b"gitpar <> 0 +0000", b"")

Results = Sequence[tuple[TaskId, CommitId]]


class Comparison:
    """One comparison of results that were cut from `base`, step by step."""

    def __init__(self, coordinator: Coordinator, attributes: Attributes) -> None:
        self._coordinator = coordinator
        self._attributes = attributes
        self._hunks: dict[tuple[str, str], tuple[Hunk, ...] | None] = {}

    def changes(self, base: CommitId, results: Results) -> list[ChangeSet]:
        """Returns what each result changed since the base."""
        return read_change_sets(self._coordinator.scratch, [(base, commit) for _, commit in results])

    def report(self, base: CommitId, results: Results, *, fold: bool) -> ConflictReport:
        """Returns every pair that shares something, and the in-order fold where it is asked for.

        A result that was cut from elsewhere is read from where it parts from `base`.
        """
        repository = self._coordinator.pygit()
        self._attributes.follow(repository, tree_of(repository, base))
        partings = [_parting(repository, base, commit) for _, commit in results]
        sets = read_change_sets(
            self._coordinator.scratch,
            [(parting or commit, commit) for parting, (_, commit) in zip(partings, results, strict=True)],
        )
        pairs = sharing(sets)
        looks = [self._look(repository, sets[a], sets[b]) for a, b in pairs]
        order = sorted(range(len(pairs)), key=lambda at: (looks[at][0] is Tier.FILE, at))[:MOST_EXACT]
        narrow = Narrowing(repository, sets, flat=not self._coordinator.has_attributes)
        asked = [narrow.commits(*pairs[at]) for at in order]
        outcomes = dict(zip(order, merge_all(self._coordinator.scratch, asked), strict=True))
        shared = {at for pair in pairs for at in pair}
        alone = [
            None if at in shared or partings[at] != base else change_set for at, change_set in enumerate(sets)
        ]
        found = [
            _pair((results[a][0], results[b][0]), look, outcomes.get(at), partial(narrow.path_of, a, b))
            for at, ((a, b), look) in enumerate(zip(pairs, looks, strict=True))
        ]
        return ConflictReport(tuple(found), self._fold(base, results, alone) if fold else Fold())

    def _look(
        self, repository: Repository, ours: ChangeSet, theirs: ChangeSet
    ) -> tuple[Tier, tuple[PathOverlap, ...]]:
        """The tier that the hunks speak for, and the overlaps, those that touch first."""
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
            touches, overlaps = self._overlap(repository, a[path], b[path])
            (close if touches else apart).extend(overlaps)
        return (Tier.TOUCHING if close else Tier.FILE), (*close, *apart)

    def _overlap(
        self, repository: Repository, ours: FileChange, theirs: FileChange
    ) -> tuple[bool, list[PathOverlap]]:
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
        a, b = (self._cached(repository, change) for change in (ours, theirs))
        if not a or not b:
            return True, [PathOverlap(path)]
        near = [PathOverlap(path, _lines([one]), _lines([other])) for one, other in touching(a, b)]
        return bool(near), near or [PathOverlap(path, _lines(a), _lines(b))]

    def _cached(self, repository: Repository, change: FileChange) -> tuple[Hunk, ...] | None:
        key = (change.old_id, change.new_id)
        if key not in self._hunks:
            self._hunks[key] = read_hunks(repository, *key)
        return self._hunks[key]

    def _fold(self, base: CommitId, results: Results, alone: Sequence[ChangeSet | None]) -> Fold:
        """Merges all results in order. Those that share nothing are put together in one step."""
        repository = self._coordinator.pygit()
        changes = {
            path: entry for change_set in alone if change_set for path, entry in _entries(change_set).items()
        }
        tree = tree_of(repository, base)
        if changes:
            tree = compose(repository, tree, changes)
        tip = write_commit(repository, tree, [base], _SYNTHETIC)
        landed, conflicting = [], []
        for (task, commit), change_set in zip(results, alone, strict=True):
            if change_set is None:
                outcome = self._merged(tip, commit)
                if not outcome.clean:
                    conflicting.append(task)
                    continue
                tree = outcome.tree
                tip = write_commit(repository, tree, [tip, commit], _SYNTHETIC)
            landed.append(task)
        return Fold(tuple(landed), tuple(conflicting), tree)

    def _merged(self, tip: CommitId, commit: CommitId) -> MergeOutcome:
        if self._coordinator.pygit().merge_base(tip, commit) is None:
            return MergeOutcome(tree_of(self._coordinator.pygit(), tip), clean=False)
        return SingleMerge(self._coordinator.scratch, tip, commit).outcome()


def _parting(repository: Repository, base: CommitId, commit: CommitId) -> CommitId | None:
    found = repository.merge_base(base, commit)
    return CommitId(str(found)) if found is not None else None


def _entries(change_set: ChangeSet) -> dict[str, tuple[int, str]]:
    gone = {path: (0, "") for change in change_set.files for path in change.paths}
    made = {change.path: (change.new_mode, change.new_id) for change in change_set.files}
    return {**gone, **made}


def _lines(hunks: Sequence[Hunk]) -> LineRange:
    start, last = hunks[0].old_start, hunks[-1]
    return LineRange(start, last.old_start + last.old_count - start)


def _pair(
    tasks: tuple[TaskId, TaskId],
    look: tuple[Tier, tuple[PathOverlap, ...]],
    outcome: MergeOutcome | None,
    path_of: Callable[[str], str],
) -> PairConflict:
    """The pair as it is reported: where git refused, what it refused comes first."""
    tier, overlaps = look
    if outcome is None or outcome.clean:
        return PairConflict(*tasks, tier, overlaps)
    refused = dict.fromkeys(path_of(conflict.path) for conflict in outcome.conflicts if conflict.path)
    known = {overlap.path for overlap in overlaps}
    first = [overlap for overlap in overlaps if overlap.path in refused]
    first += [PathOverlap(path) for path in refused if path not in known]
    rest = [overlap for overlap in overlaps if overlap.path not in refused]
    kind = outcome.conflicts[0].kind if outcome.conflicts else ConflictKind.OTHER
    return PairConflict(*tasks, Tier.CONFLICT, (*first, *rest), kind)
