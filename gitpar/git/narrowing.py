"""Makes the exact merge of a pair cheap: only what both changed is merged, where that is the same.

Git's merge goes path by path, but for three things that look across paths: renames,
moved folders, and a file in the place of a folder. Where none of them can be, the
paths that one side alone changed cannot conflict, and a merge of commits that hold only
the common paths has the same outcome, without git writing the other folders of every
merged tree. Where no attributes go by path, the common files even lie in one folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeKind, ChangeSet, FileChange
from gitpar.core.conflicts import clashes
from gitpar.core.names import CommitId
from gitpar.git.changes import FILE_MODES
from gitpar.git.commits import SYNTHETIC, write_commit
from gitpar.git.trees import Entry, compose

if TYPE_CHECKING:
    from pygit2 import Repository


_MOST_LOOKED_AT = 10_000
"""So many pairs of a path that is gone and a new one git compares in any case; by default a million."""


class Narrowing:
    """The commits to merge for each pair of change sets: narrow ones in scratch, or their tips."""

    def __init__(
        self, repository: Repository, sets: Sequence[ChangeSet], *, flat: bool, limited: bool
    ) -> None:
        """`flat` where no attributes go by path; `limited` where the user limits the search for renames."""
        self._flat = flat
        self._repository = repository
        self._sets = sets
        self._moves = [_may_move(change_set, all_looked_at=not limited) for change_set in sets]
        self._by_path: list[dict[str, FileChange]] = [
            {change.path: change for change in change_set.files} for change_set in sets
        ]
        self._bases: dict[tuple[CommitId, tuple[str, ...]], CommitId] = {}
        self._sides: dict[tuple[int, tuple[str, ...]], CommitId] = {}

    def commits(self, a: int, b: int) -> tuple[CommitId, CommitId]:
        """Returns two commits whose merge conflicts exactly where that of the two tips does.

        With `flat`, files are named by their number among the common paths.
        """
        ours, theirs = self._sets[a], self._sets[b]
        if self._crosses(a, b):
            return ours.tip, theirs.tip
        common = self._common(a, b)
        return self._side(a, common), self._side(b, common)

    def is_plain(self, a: int, b: int) -> bool:
        """Says whether all that the two have in common is files that they and their base have.

        git looks at each such path alone.
        """
        return (
            self._flat
            and not self._crosses(a, b)
            and all(
                mode in FILE_MODES
                for path in self._common(a, b)
                for change in (self._by_path[a][path], self._by_path[b][path])
                for mode in (change.old_mode, change.new_mode)
            )
        )

    def side_by_side(self, pairs: Sequence[tuple[int, int]]) -> tuple[CommitId, CommitId]:
        """Returns two commits whose merge is that of many plain pairs.

        Files are named by the number of their pair and their own, `3.0`.
        """
        trees: tuple[dict[str, Entry], dict[str, Entry], dict[str, Entry]] = ({}, {}, {})
        for number, (a, b) in enumerate(pairs):
            for at, path in enumerate(self._common(a, b)):
                ours, theirs = self._by_path[a][path], self._by_path[b][path]
                name = f"{number}.{at}"
                trees[0][name] = (ours.old_mode, ours.old_id)
                trees[1][name] = (ours.new_mode, ours.new_id)
                trees[2][name] = (theirs.new_mode, theirs.new_id)
        base = self._written(trees[0], [])
        return self._written(trees[1], [base]), self._written(trees[2], [base])

    def path_of(self, a: int, b: int, name: str) -> str:
        """Returns the path that a name in the pair's merge stands for."""
        # of a file that had to make room for a link of its name, git says `0~COMMIT`
        number = name.partition("~")[0]
        if not self._flat or not number.isdigit() or self._crosses(a, b):
            return name
        return self._common(a, b)[int(number)]

    def _crosses(self, a: int, b: int) -> bool:
        """Whether git may look across paths."""
        ours, theirs = self._sets[a], self._sets[b]
        return self._moves[a] or self._moves[b] or ours.base != theirs.base or bool(clashes(ours, theirs))

    def _common(self, a: int, b: int) -> tuple[str, ...]:
        return tuple(sorted(self._by_path[a].keys() & self._by_path[b].keys()))

    def _side(self, at: int, paths: tuple[str, ...]) -> CommitId:
        changes = self._by_path[at]
        start = (self._sets[at].base, paths)
        if start not in self._bases:
            before = {path: (changes[path].old_mode, changes[path].old_id) for path in paths}
            self._bases[start] = self._commit(before, [])
        key = (at, paths)
        if key not in self._sides:
            after = {path: (changes[path].new_mode, changes[path].new_id) for path in paths}
            self._sides[key] = self._commit(after, [self._bases[start]])
        return self._sides[key]

    def _commit(self, content: Mapping[str, Entry], parents: Sequence[CommitId]) -> CommitId:
        if self._flat:
            content = {str(number): entry for number, entry in enumerate(content.values())}
        return self._written(content, parents)

    def _written(self, content: Mapping[str, Entry], parents: Sequence[CommitId]) -> CommitId:
        tree = compose(self._repository, "", content)
        return write_commit(self._repository, tree, parents, SYNTHETIC)


def _may_move(change_set: ChangeSet, *, all_looked_at: bool) -> bool:
    """Whether git could see a rename in it: that takes a path that is gone and one that is new.

    A change set was read with its renames, which `git diff-tree` and `git merge-tree` find by
    the same likeness, unless there are too many paths to look at each with each.
    """
    gone = sum(change.new_mode == 0 for change in change_set.files)
    new = sum(change.old_mode == 0 for change in change_set.files)
    named = any(change.kind in (ChangeKind.RENAMED, ChangeKind.COPIED) for change in change_set.files)
    return named or gone * new > (_MOST_LOOKED_AT if all_looked_at else 0)
