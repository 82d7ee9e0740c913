"""Makes the merges of a history again and compares. All of it in scratch; nobody's refs or files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitpar.core.names import CommitId, TreeId
from gitpar.core.settlement import belongs
from gitpar.core.verification import Form, Judged, TakenBack, Verdict
from gitpar.git.attributes import Attributes
from gitpar.git.commits import SYNTHETIC, read_commit, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import MergeOutcome, merge_all
from gitpar.git.trees import EMPTY_TREE, NO_ENTRY, difference, entry_at, tree_of
from gitpar.git.whose import left_out, takes_back, whose
from gitpar.values import dataclass

_AT_ONCE = 400
"""So many merges are asked of one git."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A commit and the commits it says it merges, the first of them what it stands on."""

    commit: CommitId
    parents: tuple[CommitId, ...]


class Remerging:
    """Judges merges by what git makes of their parents; not for several threads."""

    def __init__(self, coordinator: Coordinator, attributes: Attributes) -> None:
        self._coordinator = coordinator
        self._attributes = attributes
        self._repository = coordinator.pygit()

    def judged(self, claims: Sequence[Claim]) -> Iterator[Judged]:
        """Yields a judgement of each, in order. Files merge as the attributes of the first parent say."""
        batch: list[Claim] = []
        for claim in claims:
            tree = tree_of(self._repository, claim.parents[0])
            changes = self._attributes.differs(self._repository, tree)
            if batch and (changes or len(batch) == _AT_ONCE):
                yield from self._batch(batch)
                batch = []
            self._attributes.follow(self._repository, tree)
            batch.append(claim)
        yield from self._batch(batch)

    def _batch(self, batch: Sequence[Claim]) -> Iterator[Judged]:
        pairs = [(claim.parents[0], claim.parents[1]) for claim in batch if len(claim.parents) == _TWO]
        outcomes = iter(merge_all(self._coordinator.scratch, pairs) if pairs else ())
        for claim in batch:
            yield self._one(claim, next(outcomes)) if len(claim.parents) == _TWO else self._octopus(claim)

    def _one(self, claim: Claim, outcome: MergeOutcome) -> Judged:
        if not outcome.tree:
            why = outcome.conflicts[0].message if outcome.conflicts else "git cannot merge its parents"
            return Judged(claim.commit, Form.MERGE, Verdict.UNPROVED, why)
        actual = tree_of(self._repository, claim.commit)
        differing = difference(self._repository, outcome.tree, actual).files.keys()
        by_hand = tuple(sorted(outcome.touched))
        strays = [path for path in differing if not belongs(path, outcome.touched)]
        if strays:
            return self._alarm(claim, strays, by_hand)
        if by_hand:
            return Judged(claim.commit, Form.MERGE, Verdict.UNPROVED, "a person settled it", (), by_hand)
        return Judged(claim.commit, Form.MERGE, Verdict.PROVED)

    def _octopus(self, claim: Claim) -> Judged:
        """Merges one parent after the other, as git does, though git follows no renames then."""
        tip = claim.parents[0]
        for parent in claim.parents[1:]:
            (outcome,) = merge_all(self._coordinator.scratch, [(tip, parent)])
            if not outcome.clean:
                by_hand = tuple(sorted(outcome.touched))
                why = "more than two parents, and git sees a conflict"
                return Judged(claim.commit, Form.OCTOPUS, Verdict.UNPROVED, why, (), by_hand)
            tip = write_commit(self._repository, outcome.tree, [tip, parent], SYNTHETIC)
        actual = tree_of(self._repository, claim.commit)
        strays = list(difference(self._repository, tree_of(self._repository, tip), actual).files)
        if not strays:
            return Judged(claim.commit, Form.OCTOPUS, Verdict.PROVED)
        found = self._alarm(claim, strays, ())
        if found.reverts:
            return found
        why = "more than two parents: git cannot make it again exactly"
        return Judged(claim.commit, Form.OCTOPUS, Verdict.UNPROVED, why, found.edited)

    def _alarm(self, claim: Claim, strays: Sequence[str], by_hand: tuple[str, ...]) -> Judged:
        """Says of each stray file whether work of a side is gone from it, and whose that was."""
        form = Form.MERGE if len(claim.parents) == _TWO else Form.OCTOPUS
        bases = self._bases(claim.parents)
        base = tree_of(self._repository, bases[0]) if bases else EMPTY_TREE
        lost: dict[CommitId, list[str]] = {}
        for parent in claim.parents:
            gone = [path for path in strays if self._gone(base, parent, claim.commit, path)]
            if gone:
                lost[parent] = gone
        reverts = tuple(self._authors(claim, bases, lost))
        first = dict.fromkeys(path for paths in lost.values() for path in paths)
        return Judged(
            claim.commit,
            form,
            Verdict.ALARM,
            "takes work back that git keeps" if lost else "changes what neither side changed so",
            (*first, *(path for path in strays if path not in first)),
            by_hand,
            reverts,
        )

    def _gone(self, base: TreeId, parent: CommitId, commit: CommitId, path: str) -> bool:
        trees = (base, tree_of(self._repository, parent), tree_of(self._repository, commit))
        before, side, now = (entry_at(self._repository, tree, path) for tree in trees)
        return takes_back(self._repository, before, side, now)

    def _authors(
        self, claim: Claim, bases: Sequence[CommitId], lost: dict[CommitId, list[str]]
    ) -> Iterator[TakenBack]:
        for parent, paths in lost.items():
            # what another parent has as well was not this side's work
            others = [other for other in claim.parents if other != parent]
            for taken in whose(self._coordinator.scratch, [*bases, *others], parent, paths):
                gone = tuple(path for path in taken.paths if self._undone(taken, path, parent, claim))
                if gone:
                    yield replace(taken, paths=gone)

    def _undone(self, taken: TakenBack, path: str, side: CommitId, claim: Claim) -> bool:
        """Says whether what a commit did to a file, and its side still has, is gone from the claim."""
        before = read_commit(self._repository, taken.commit)[1]
        trees = [tree_of(self._repository, one) for one in (*before[:1], taken.commit, side, claim.commit)]
        *earlier, did, tip, now = (entry_at(self._repository, tree, path) for tree in trees)
        was = earlier[0] if earlier else NO_ENTRY
        return left_out(self._repository, (was, did), tip, now)

    def _bases(self, parents: Sequence[CommitId]) -> list[CommitId]:
        found = self._coordinator.scratch.run("merge-base", "--all", *parents, ok=(0, 1)).text.split()
        return [CommitId(commit) for commit in found]


_TWO = 2
