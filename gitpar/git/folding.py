"""Merges results one after another in memory, leaving out what does not merge."""

from __future__ import annotations

from collections.abc import Sequence

from gitpar.core.changes import ChangeSet
from gitpar.core.names import CommitId, TreeId
from gitpar.git.attributes import Attributes
from gitpar.git.commits import SYNTHETIC, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import SingleMerge
from gitpar.git.trees import compose, tree_of
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One result and what it changed since the base; `alone` where no other result comes near it.

    A result that is not `related` has no history in common with the base. `never` names
    the parts, by index, that must not land with this one although git merges them.
    """

    commit: CommitId
    changes: ChangeSet
    alone: bool
    related: bool
    never: frozenset[int]


class Folding:
    """Folds any of some results, in any order, onto their base."""

    def __init__(
        self, coordinator: Coordinator, attributes: Attributes, base: CommitId, parts: Sequence[Part]
    ) -> None:
        self._coordinator = coordinator
        self._attributes = attributes
        self._base = base
        self._parts = parts
        # where a file goes away, a new one elsewhere may make git see a rename that no part has made
        loses = any(_loses(part.changes) for part in parts)
        self._put_in = [part.alone and not (loses and _makes(part.changes)) for part in parts]

    def run(self, order: Sequence[int]) -> tuple[list[int], list[int], TreeId]:
        """Returns which of the parts landed, which did not, and the tree with all that landed.

        Parts are named by index. What nothing comes near is put in without a merge, when
        the next merge wants to see it.
        """
        repository = self._coordinator.pygit()
        tip, tree = self._base, tree_of(repository, self._base)
        pending: dict[str, tuple[int, str]] = {}
        landed: list[int] = []
        left: list[int] = []
        for at in order:
            part = self._parts[at]
            if not part.related or not part.never.isdisjoint(landed):
                left.append(at)
                continue
            if self._put_in[at]:
                pending.update(_entries(part.changes))
                landed.append(at)
                continue
            if pending:
                tree = compose(repository, tree, pending)
                tip = write_commit(repository, tree, [tip], SYNTHETIC)
                pending = {}
            self._attributes.follow(repository, tree)
            outcome = SingleMerge(self._coordinator.scratch, tip, part.commit).outcome()
            if not outcome.clean:
                left.append(at)
                continue
            tree = outcome.tree
            tip = write_commit(repository, tree, [tip, part.commit], SYNTHETIC)
            landed.append(at)
        return landed, left, compose(repository, tree, pending) if pending else tree


def _makes(change_set: ChangeSet) -> bool:
    return any(change.old_mode == 0 or change.old_path for change in change_set.files)


def _loses(change_set: ChangeSet) -> bool:
    return any(change.new_mode == 0 or change.old_path for change in change_set.files)


def _entries(change_set: ChangeSet) -> dict[str, tuple[int, str]]:
    gone = {path: (0, "") for change in change_set.files for path in change.paths}
    made = {change.path: (change.new_mode, change.new_id) for change in change_set.files}
    return {**gone, **made}
