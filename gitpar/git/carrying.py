"""Makes a result anew on a commit that does not descend from its base, as a rebase would, and proves it.

What comes of it is no landing: it is landed like any result, and proved again there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.git.attributes import Attributes
from gitpar.git.certifying import Certifier
from gitpar.git.commits import SYNTHETIC, identity, publish, read_commit, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft, Drafting
from gitpar.git.landing import merge, refused, undeclared
from gitpar.git.objects import ObjectWriter
from gitpar.git.rebase import replay
from gitpar.git.trees import difference, tree_of
from gitpar.ports import Landing, Proof, Refusal

if TYPE_CHECKING:
    from pygit2 import Repository

    from gitpar.git.foresight import Merged


class Carrier:
    """Carries results over one after another; not for several threads."""

    def __init__(
        self,
        coordinator: Coordinator,
        attributes: Attributes,
        store: ObjectWriter,
        *,
        never_merged: Sequence[str] = (),
    ) -> None:
        """What is proved goes into `store`; `never_merged` are files that are made anew, never merged."""
        self._never_merged = never_merged
        self._coordinator = coordinator
        self._attributes = attributes
        self._store = store
        self._certifier = Certifier(coordinator)
        self._drafting = Drafting(coordinator)

    def carry(self, landing: Landing) -> Proof | Refusal:
        """Makes on the landing's tip what its result changes since its base.

        The tip stands in as a commit upon the base, so that the merge base is the declared
        one, and whatever proves a landing proves this: paths, second engine, lines of
        the tip. `Proof.commit` is the last of the new commits, or the tip itself where
        nothing was left to do.
        """
        repository = self._coordinator.pygit()
        tree = tree_of(repository, landing.tip)
        self._attributes.follow(repository, tree)
        moved = replace(stand_in(repository, landing), strategy=Strategy.SQUASH)
        sides = self._certifier.ground(moved)
        if isinstance(sides, str):
            return Refusal(reason=sides)
        merged = merge(self._coordinator, sides)
        wanted = self._wanted(moved, merged)
        if isinstance(wanted, Refusal):
            return wanted
        draft = self._drafting.draft(moved, wanted)
        certificate = self._certifier.certify(moved, draft, sides, merged)
        if isinstance(certificate, str):
            return Refusal(reason=certificate)
        if draft.tree == tree:
            return Proof(landing.tip, tree, certificate.text())
        chain = self._chain(repository, landing, moved, draft)
        if tree_of(repository, chain[-1]) != draft.tree:
            return Refusal(reason=f"{chain[-1][:12]} does not hold the proved tree")
        publish(repository, self._store, self._objects(repository, landing.tip, chain))
        return Proof(chain[-1], draft.tree, certificate.text())

    def _wanted(self, moved: Landing, merged: Merged) -> TreeId | Refusal:
        """The tree to be made: git's merge, or what policies made of it."""
        settlement = moved.settlement
        if settlement is None:
            conflicts = refused(moved, merged, self._never_merged)
            return Refusal(conflicts=conflicts) if conflicts else merged.outcome.tree
        if names := undeclared(settlement, self._never_merged):
            return Refusal(reason=f"{', '.join(names)} is not declared to be made anew")
        return tree_of(self._coordinator.pygit(), settlement.commit)

    def _chain(
        self, repository: Repository, landing: Landing, moved: Landing, draft: Draft
    ) -> Sequence[CommitId]:
        """The result's commits upon the tip, one by one where that gives the proved tree, else as one."""
        _, parents, text = read_commit(repository, landing.result)
        steps = [draft.tree]
        texts = [text]
        if parents != (landing.base,) and landing.settlement is None:
            who = identity(self._coordinator.place.command)
            replayed = replay(self._coordinator, moved, (), who)
            if replayed and replayed[-1][1] == draft.tree:
                steps = [tree for _, tree in replayed]
                texts = [read_commit(repository, commit)[2] for commit, _ in replayed]
        chain = [landing.tip]
        for tree, each in zip(steps, texts, strict=True):
            chain.append(write_commit(repository, tree, [chain[-1]], each))
        return chain[1:]

    def _objects(self, repository: Repository, tip: CommitId, chain: Sequence[CommitId]) -> Iterator[str]:
        """The new commits and what they need that the user's store does not have."""
        before = tree_of(repository, tip)
        for commit in chain:
            tree = tree_of(repository, commit)
            for needed in difference(repository, before, tree).objects:
                if (self._coordinator.objects / needed[:2] / needed[2:]).exists():
                    yield needed
            before = tree
        yield from chain


def stand_in(repository: Repository, landing: Landing) -> Landing:
    """Returns a landing whose tip is a commit upon the base with the tree of the declared one, in scratch.

    What was settled of it is said of that commit then. The same tip and base always give the same.
    """
    tip = write_commit(repository, tree_of(repository, landing.tip), [landing.base], SYNTHETIC)
    settlement = landing.settlement
    if settlement is not None:
        # what is about another tip stays so, and is refused
        settlement = replace(settlement, tip=tip) if settlement.tip == landing.tip else settlement
    return replace(landing, tip=tip, settlement=settlement)
