"""Replays a result commit by commit on a tip, in scratch, as `git rebase` would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.git.commits import SYNTHETIC, read_commit, stamp, with_trailers, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import SingleMerge
from gitpar.git.trees import EMPTY_TREE, tree_of
from gitpar.ports import Landing

if TYPE_CHECKING:
    from pygit2 import Repository


def replay(
    coordinator: Coordinator, landing: Landing, trailers: Sequence[tuple[str, str]], who: str
) -> list[tuple[CommitId, TreeId]]:
    """Returns the replayed commits, oldest first, each with its tree; empty where one does not apply.

    Merge commits are left out and their branches laid in a row, as `git rebase` does. A
    commit whose change is there already is dropped; one that was empty is kept.
    """
    repository = coordinator.pygit()
    tip, tree = landing.tip, tree_of(repository, landing.tip)
    made: list[tuple[CommitId, TreeId]] = []
    for commit in picks(repository, landing):
        its_tree, parents, text = read_commit(repository, commit)
        before = tree_of(repository, parents[0]) if parents else EMPTY_TREE
        picked = _pick(coordinator, before, tree, its_tree)
        if picked is None:
            return []
        if picked == tree and its_tree != before:
            continue
        message = with_trailers(text.message, trailers)
        text = replace(text, committer=stamp(who), message=message)
        tip, tree = write_commit(repository, picked, [tip], text), picked
        made.append((tip, tree))
    return made


def picks(repository: Repository, landing: Landing) -> Sequence[CommitId]:
    """Returns the commits that a rebase replays, oldest first."""
    from pygit2.enums import SortMode  # noqa: PLC0415 - loaded with the repository

    walker = repository.walk(landing.result, SortMode.TOPOLOGICAL | SortMode.REVERSE)
    walker.hide(landing.tip)
    return [CommitId(str(commit.id)) for commit in walker if len(commit.parent_ids) < 2]


def _pick(coordinator: Coordinator, before: TreeId, ours: TreeId, theirs: TreeId) -> TreeId | None:
    """Merges two trees over a third, or returns None where they conflict.

    git before 2.40 cannot be told a merge base, so it is given commits that have it.
    """
    if ours == before:
        return theirs
    repository = coordinator.pygit()
    base = write_commit(repository, before, [], SYNTHETIC)
    sides = [write_commit(repository, tree, [base], SYNTHETIC) for tree in (ours, theirs)]
    outcome = SingleMerge(coordinator.scratch, *sides).outcome()
    return outcome.tree if outcome.clean else None
