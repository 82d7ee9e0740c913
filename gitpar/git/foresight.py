"""Merges a wave's results in landing order before they land, by one git process for all of them.

Git can merge the next result only when the commit before is there, so each landing would
ask a git of its own. Here libgit2's opinion stands in for the tips to come, and git then
merges everything at once. An answer counts for the very trees it was computed from and
for nothing else: a wrong guess costs time, never the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.git.attributes import is_attributes
from gitpar.git.certificate import Files
from gitpar.git.commits import SYNTHETIC, row, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import MergeFeed, MergeOutcome
from gitpar.git.opinion import Extent, Opinion, Sides, form, goes_by_path, level_entries
from gitpar.git.trees import Entry, Outlines, difference, tree_of
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge as git makes it, and what else is known of it."""

    task: Files
    level: Mapping[str, Entry]
    opinion: Opinion
    outcome: MergeOutcome


_Key = tuple[CommitId, TreeId, CommitId]
"""Where two sides part, the tree of the tip, the result."""


class Foresight:
    """Clean merges that git has made already, each to be asked for once."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._known: dict[_Key, Merged] = {}

    @contextmanager
    def looking(self, base: CommitId, results: Iterable[CommitId]) -> Iterator[None]:
        """Merges results that were cut from `base`, one on top of the other, leaving out what conflicts.

        Git is at it while the block runs, by the attributes of the base. Stops at a result
        that changes how files merge. What conflicts is not remembered: git's words about it
        must name the real commits.
        """
        # git writes each guessed tree itself, as its merge, before it reads it as the next one's tip
        with MergeFeed(self._coordinator.scratch) as feed, Outlines() as outlines:
            guesses = list(self._guessed(base, results, feed, outlines))
            yield
            outcomes = feed.outcomes()
        self._known = {
            key: replace(merged, outcome=outcome)
            # of a wrong guess it finds no tree, and ends there
            for (key, merged), outcome in zip(guesses, outcomes, strict=False)
            if outcome.clean
        }

    def _guessed(
        self, base: CommitId, results: Iterable[CommitId], feed: MergeFeed, outlines: Outlines
    ) -> Iterator[tuple[_Key, Merged]]:
        """Yields what is to be known of each landing to come, which git is told to merge."""
        repository = self._coordinator.pygit()
        tip, tree = base, tree_of(repository, base)
        unknown = MergeOutcome(TreeId(""), clean=False)
        for result in results:
            if not row(repository, base, result):
                continue
            task = difference(repository, tree_of(repository, base), tree_of(repository, result)).files
            if any(map(is_attributes, task)):
                break
            feed.merge(tip, result)
            level = level_entries(repository, tree, task)
            sides = Sides(base, tip, result)
            if not goes_by_path(repository, sides, task, level):
                outlines.write(repository)  # for libgit2, which reads all of the tip
            opinion = form(self._coordinator, sides, task, level)
            yield (base, tree, result), Merged(task, level, _light(opinion), unknown)
            if after := opinion.tree(repository, tree, task, outlines.outline):
                tip, tree = write_commit(repository, after, [base], SYNTHETIC), after

    def merged(self) -> set[tuple[CommitId, CommitId]]:
        """Returns base and result of what git has merged already, onto whatever tip."""
        return {(base, result) for base, _, result in self._known}

    def find(self, repository: Repository, sides: Sides) -> Merged | None:
        """Returns a merge that git has made already of the same base, result and tree of the tip."""
        found = self._known.pop((sides.base, tree_of(repository, sides.tip), sides.result), None)
        if found is None or found.opinion.extent is not Extent.TREES:
            return found
        return replace(found, opinion=form(self._coordinator, sides, found.task, found.level))


def _light(opinion: Opinion) -> Opinion:
    """The opinion without an index of all files, which is too large to keep one a task."""
    return replace(opinion, index=None) if opinion.extent is Extent.TREES else opinion
