"""Replays a repository's history: what would have met, had its changes been made at once.

Merged branches alone say little about conflicts, because whoever merged second had
already taken in the first. So of two changes of the main line the later one is rewound
to where the earlier one began, and git merges both. Four git processes do it all;
nothing is moved, and all objects are made in scratch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeSet, FileChange, Hunk
from gitpar.core.conflicts import sharing, touching
from gitpar.core.history import Judged, Meeting, PastChange, Replay, carried_back
from gitpar.core.names import CommitId, TreeId
from gitpar.git.attributes import Attributes
from gitpar.git.changes import has_lines, read_change_sets, read_hunks
from gitpar.git.command import GitCommand
from gitpar.git.commits import SYNTHETIC, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import MergeOutcome, merge_all
from gitpar.git.trees import tree_of

if TYPE_CHECKING:
    from pygit2 import Repository

REACH = 20
"""Changes further apart than this would hardly have been made at once."""

MOST_MEETINGS = 2_500
"""So many are judged, the newest ones, so that a busy changelog does not take minutes."""

_FORMAT = "%x01%H%x00%P%x00%ct%x00%B"
_MERGES_SHARE = 0.5
_LARGEST_CHANGE = 300
"""Files of a change that is still work of one task; more is a vendored tree or a reformatting."""


def read_changes(git: GitCommand, tip: CommitId, most: int, since: str | None = None) -> list[PastChange]:
    """Returns the newest `most` changes of the main line up to `tip`, oldest first.

    Merges where they make up half of the newest steps or more, else every step. `since`
    is a date as git reads it.
    """
    log = ("log", "--first-parent", f"--format={_FORMAT}", *([f"--since={since}"] if since else []))
    steps = list(_steps(git.run(*log, f"-{most}", tip, "--").stdout))
    merges = sum(len(parents) > 1 for _, parents, _, _ in steps)
    if merges and merges < len(steps) and merges >= _MERGES_SHARE * len(steps):
        steps = list(_steps(git.run(*log, "--merges", f"-{most}", tip, "--").stdout))
    steps = [step for step in reversed(steps) if step[1]]
    sets = read_change_sets(git, [(parents[0], commit) for commit, parents, _, _ in steps])
    return [
        PastChange(found, at, text, len(parents) > 1)
        for found, (_, parents, at, text) in zip(sets, steps, strict=True)
        if 0 < len(found.files) <= _LARGEST_CHANGE
    ]


def replay(
    coordinator: Coordinator,
    attributes: Attributes,
    changes: Sequence[PastChange],
    *,
    reach: int = REACH,
    most: int = MOST_MEETINGS,
) -> Replay:
    """Returns how the changes meet that lie less than `reach` apart.

    Two meet in a conflict where the later does not merge with the earlier, rewound to
    its base, or where it can be rewound to just behind the earlier but not before it. Where
    neither can be, because it needs what came in between, their lines are compared instead.
    """
    repository = coordinator.pygit()
    if changes:
        attributes.follow(repository, tree_of(repository, changes[-1].set.tip))
    near = sorted(_near([change.set for change in changes], reach), key=lambda pair: (pair[1], pair[0]))
    pairs = near[-most:]
    whole = pairs[0][1] + 1 if len(pairs) < len(near) else 0
    lines = _Lines(repository)
    rewinder = _Rewinder(repository, [change.set for change in changes])
    rewound = merge_all(coordinator.scratch, [rewinder.onto(b, changes[a].set.base) for a, b in pairs])
    merged = iter(
        merge_all(
            coordinator.scratch,
            [
                rewinder.beside(a, outcome.tree) if outcome.clean else rewinder.onto(b, changes[a].set.tip)
                for (a, b), outcome in zip(pairs, rewound, strict=True)
            ],
        )
    )
    meetings = []
    for (a, b), before, after in zip(pairs, rewound, merged, strict=True):
        met = _meeting((a, b), changes[a].set, before, after)
        if met.conflict is None:
            met = lines.judged(met, changes[a].set, changes[b].set)
        meetings.append(met)
    return Replay(changes, meetings, reach, whole)


def _meeting(pair: tuple[int, int], earlier: ChangeSet, before: MergeOutcome, after: MergeOutcome) -> Meeting:
    """Judges by the later change rewound (`before`), then merged, or rewound behind the earlier (`after`)."""
    refused = {conflict.path for conflict in after.conflicts}
    if before.clean:
        return Meeting(*pair, not after.clean, tuple(sorted(refused)))
    missed = {conflict.path for conflict in before.conflicts}
    if needed := (missed - refused) & set(earlier.paths):
        return Meeting(*pair, True, tuple(sorted(needed)), Judged.NEEDED)
    unsure = missed & set(earlier.paths)
    return Meeting(*pair, None if unsure else False, tuple(sorted(unsure)), Judged.LINES)


class _Lines:
    """Compares the lines of changes that git cannot bring onto one base."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: dict[tuple[str, str], tuple[Hunk, ...] | None] = {}

    def judged(self, unsure: Meeting, earlier: ChangeSet, later: ChangeSet) -> Meeting:
        """Returns the meeting with an answer by its refused paths; None stays where lines say nothing."""
        ours = {change.path: change for change in earlier.files}
        theirs = {change.base_path: change for change in later.files}
        answers = {
            path: self._touch(ours[path], theirs[path]) if path in ours and path in theirs else None
            for path in unsure.refused
        }
        close = tuple(path for path, answer in answers.items() if answer)
        if close or None not in answers.values():
            return replace(unsure, conflict=bool(close), refused=close)
        return replace(unsure, refused=())

    def _touch(self, ours: FileChange, theirs: FileChange) -> bool | None:
        """Whether the later change, carried back over what came in between, touches the earlier."""
        if ours.old_mode == 0:
            return True
        if not (has_lines(ours) and has_lines(theirs)):
            return None
        a = self._hunks(ours.old_id, ours.new_id)
        between = self._hunks(ours.old_id, theirs.old_id)
        b = self._hunks(theirs.old_id, theirs.new_id)
        if a is None or between is None or b is None:
            return None
        return any(touching(a, carried_back(b, between)))

    def _hunks(self, old: str, new: str) -> tuple[Hunk, ...] | None:
        if (old, new) not in self._known:
            self._known[old, new] = read_hunks(self._repository, old, new)
        return self._known[old, new]


def _near(sets: Sequence[ChangeSet], reach: int) -> Iterator[tuple[int, int]]:
    """Yields the pairs that share something and lie less than `reach` apart."""
    bounds = [*range(0, len(sets), reach), len(sets)]
    seen: set[tuple[int, int]] = set()
    for start, _ in pairwise(bounds):
        for a, b in sharing(sets[start : start + 2 * reach]):
            pair = (start + a, start + b)
            if b - a < reach and pair not in seen:
                seen.add(pair)
                yield pair


class _Rewinder:
    """Makes commits whose merge carries a change to another place."""

    def __init__(self, repository: Repository, sets: Sequence[ChangeSet]) -> None:
        self._repository = repository
        self._sets = sets
        self._made: dict[tuple[str, str], CommitId] = {}

    def onto(self, at: int, place: CommitId) -> tuple[CommitId, CommitId]:
        """Two commits whose merge is the change made at `place`."""
        change = self._sets[at]
        root = self._commit(self._tree(change.base), None)
        ours, theirs = self._tree(place), self._tree(change.tip)
        return self._commit(ours, root), self._commit(theirs, root)

    def beside(self, at: int, tree: TreeId) -> tuple[CommitId, CommitId]:
        """A change as it was made, and another tree upon the same base."""
        root = self._commit(self._tree(self._sets[at].base), None)
        return self._commit(self._tree(self._sets[at].tip), root), self._commit(tree, root)

    def _tree(self, commit: CommitId) -> TreeId:
        return tree_of(self._repository, commit)

    def _commit(self, tree: TreeId, parent: CommitId | None) -> CommitId:
        key = (tree, parent or "")
        if key not in self._made:
            parents = [] if parent is None else [parent]
            self._made[key] = write_commit(self._repository, tree, parents, SYNTHETIC)
        return self._made[key]


def _steps(output: bytes) -> Iterator[tuple[CommitId, list[CommitId], float, str]]:
    for record in output.split(b"\x01")[1:]:
        commit, parents, at, text = record.split(b"\0", 3)
        names = [CommitId(parent.decode()) for parent in parents.split()]
        yield CommitId(commit.decode()), names, float(at), os.fsdecode(text).strip()
