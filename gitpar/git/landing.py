"""Computes a landing in scratch, has it proved, and only then writes it into the user's store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from gitpar.core.conflicts import ConflictKind, PathConflict
from gitpar.core.names import CommitId
from gitpar.core.settlement import Means, Settlement
from gitpar.git.attributes import Attributes
from gitpar.git.certifying import Certifier
from gitpar.git.commits import publish
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft, Drafting, Drafts
from gitpar.git.foresight import Foresight, Merged
from gitpar.git.mergetree import SingleMerge
from gitpar.git.objects import ObjectWriter
from gitpar.git.opinion import Sides, form, level_entries
from gitpar.git.trees import difference, tree_of
from gitpar.ports import Landing, Proof, Refusal

if TYPE_CHECKING:
    from pygit2 import Repository


Keep = Callable[[CommitId, Sequence[str]], None]
"""Is told what a proved landing needs that the user's store does not have."""


class Lander:
    """Proves landings one after another; not for several threads."""

    def __init__(
        self,
        coordinator: Coordinator,
        attributes: Attributes,
        store: ObjectWriter,
        drafts: Drafts | None = None,
        *,
        never_merged: Sequence[str] = (),
    ) -> None:
        """What is proved goes into `store`; `drafts` makes the commits, in the usual way by default.

        `never_merged` are files that are made anew where both sides changed them.
        """
        self._never_merged = never_merged
        self._refused: tuple[Sides, Merged] | None = None
        self._keep: Keep = self._publish
        self._coordinator = coordinator
        self._attributes = attributes
        self._store = store
        self._drafts = drafts or Drafting(coordinator)
        self._foresight = Foresight(coordinator)
        self._certifier = Certifier(coordinator)

    def leave_to(self, keep: Keep) -> None:
        """Leaves it to another to store what was proved, before anything outside asks for it."""
        self._keep = keep

    def foreseeing(self, base: CommitId, results: Iterable[CommitId]) -> AbstractContextManager[None]:
        """Has git merge the results of a wave, in landing order, while the block runs."""
        repository = self._coordinator.pygit()
        self._attributes.follow(repository, tree_of(repository, base))
        return self._foresight.looking(base, results)

    def foreseen(self, landings: Iterable[Landing]) -> list[Landing]:
        """Returns the first of the landings, as long as git has merged them already."""
        merged = self._foresight.merged()
        return list(takewhile(lambda one: (one.base, one.result) in merged, landings))

    def prove(self, landing: Landing) -> Proof | Refusal:
        """Computes the landing commit and its certificate; nothing is to be stored where it is refused.

        `git merge-tree` decides what lands; the certifier, which knows nothing of that,
        says whether it may.
        """
        repository = self._coordinator.pygit()
        sides = self.sides(landing)
        if isinstance(sides, str):
            return Refusal(reason=sides)
        merged = self._merged(sides)
        settlement = landing.settlement
        if settlement is None and (conflicts := refused(landing, merged, self._never_merged)):
            return Refusal(conflicts=conflicts)
        if settlement is not None and (names := undeclared(settlement, self._never_merged)):
            return Refusal(reason=f"{', '.join(names)} is not declared to be made anew")
        tree = merged.outcome.tree if settlement is None else tree_of(repository, settlement.commit)
        draft = self._drafts.draft(landing, tree)
        certificate = self._certifier.certify(landing, draft, sides, merged)
        if isinstance(certificate, str):
            return Refusal(reason=certificate)
        proof = Proof(draft.chain[-1], draft.tree, certificate.text())
        self._keep(proof.commit, list(self._objects(repository, landing, draft)))
        return proof

    def _publish(self, _landing: CommitId, objects: Sequence[str]) -> None:
        publish(self._coordinator.pygit(), self._store, objects)

    def sides(self, landing: Landing) -> Sides | str:
        """Returns what a landing merges, or what is wrong with it; the tip's attributes hold from now on."""
        repository = self._coordinator.pygit()
        self._attributes.follow(repository, tree_of(repository, landing.tip))
        return self._certifier.ground(landing)

    def merged(self, landing: Landing) -> Merged | str:
        """Returns git's plain merge of a landing, or what is wrong with the landing."""
        sides = self.sides(landing)
        return sides if isinstance(sides, str) else self._merged(sides)

    def _merged(self, sides: Sides) -> Merged:
        """The merge of two sides; one that was refused is remembered, as it will be asked for again."""
        if self._refused is not None and self._refused[0] == sides:
            return self._refused[1]
        found = self._foresight.find(self._coordinator.pygit(), sides) or merge(self._coordinator, sides)
        if not found.outcome.clean:
            self._refused = (sides, found)
        return found

    def _objects(self, repository: Repository, landing: Landing, draft: Draft) -> Iterator[str]:
        """The landing's commits and what they need that the user's store does not have."""
        before = tree_of(repository, landing.tip)
        for commit in draft.chain:
            tree = tree_of(repository, commit)
            yield from new_objects(self._coordinator, before, tree)
            before = tree
        yield from draft.chain


def undeclared(settlement: Settlement, never_merged: Sequence[str]) -> list[str]:
    """Returns what is said to be made anew although no setting asks for it."""
    made = (one.path for one in settlement.settled if one.policy is Means.REGENERATE)
    return [path for path in made if path not in never_merged]


def refused(landing: Landing, merged: Merged, never_merged: Sequence[str]) -> tuple[PathConflict, ...]:
    """Returns what keeps a plain merge from landing: git's conflicts, and files that are never merged."""
    if not merged.outcome.clean:
        return tuple(named(one, landing) for one in merged.outcome.conflicts)
    return tuple(
        PathConflict(path, ConflictKind.CONTENT, f"both sides changed {path}, which is never merged")
        for path in never_merged
        if path in merged.level and merged.level[path] != merged.task[path][1]
    )


def new_objects(coordinator: Coordinator, before: str, tree: str) -> Iterator[str]:
    """Yields what a tree needs beside another and the user's store does not have."""
    yield from coordinator.in_scratch(difference(coordinator.pygit(), before, tree).objects)


def merge(coordinator: Coordinator, sides: Sides) -> Merged:
    """Has git merge two sides while the second opinion is formed."""
    repository = coordinator.pygit()
    with SingleMerge(coordinator.scratch, sides.tip, sides.result) as git:
        # git works on it meanwhile
        base, tip, result = (tree_of(repository, at) for at in (sides.base, sides.tip, sides.result))
        task = difference(repository, base, result).files
        level = level_entries(repository, tip, task)
        return Merged(task, level, form(coordinator, sides, task, level), git.outcome())


def named(conflict: PathConflict, landing: Landing) -> PathConflict:
    """Says "the level" and the task's id where git names commits."""
    message = conflict.message.replace(landing.tip, "the level").replace(landing.result, f"`{landing.task}`")
    path = conflict.path.removesuffix(f"~{landing.tip}").removesuffix(f"~{landing.result}")
    return replace(conflict, path=path, message=message)
