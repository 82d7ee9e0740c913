"""Compares results: who shares what, what git refuses, what fits together.

Moves nothing and leaves nothing: all merges are made in scratch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from types import MappingProxyType

from gitpar.core.changes import ChangeKind, ChangeSet
from gitpar.core.conflicts import (
    ConflictKind,
    ConflictReport,
    Fold,
    PairConflict,
    PathOverlap,
    Tier,
    collisions,
    sharing,
)
from gitpar.core.names import CommitId, Results, TaskId
from gitpar.git.attributes import Attributes, is_attributes
from gitpar.git.bases import Pair, read_bases
from gitpar.git.changes import read_change_sets
from gitpar.git.coordinator import Coordinator
from gitpar.git.folding import Folding, Part
from gitpar.git.joining import MOST_JOINED, Answer, Asked, joined, single
from gitpar.git.looks import Look, Looks
from gitpar.git.mergetree import MergeBatch, MergeOutcome, merge_all
from gitpar.git.narrowing import Narrowing
from gitpar.git.trees import tree_of
from gitpar.values import dataclass

MOST_EXACT = 20_000
"""So many pairs are merged for real, those that touch first; the rest keep their weaker tier."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Two results that may get in each other's way: by index, and the change sets from where they part."""

    pair: Pair
    sides: Pair
    sure: bool
    """Whether they part in one commit. Else git merges its own merge of several, and tells alone."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What git is asked about candidates that merge by the same attributes."""

    text: str
    narrow: Narrowing
    asked: Sequence[Asked]


class Comparison:
    """One comparison of results with each other, read when it is made and asked step by step.

    A pair is judged from where its two results part, which need not be `base`.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        attributes: Attributes,
        base: CommitId,
        results: Results,
        *,
        read: Mapping[tuple[CommitId, CommitId], ChangeSet] = MappingProxyType({}),
    ) -> None:
        """Raises EnvironmentFault where a shallow clone may hide where the results part.

        `read` are change sets that need not be read again, by base and tip.
        """
        self._read_before = read
        self._coordinator = coordinator
        self._attributes = attributes
        self._base = base
        self._results = results
        self._begun: MergeBatch | None = None
        self._repository = coordinator.pygit()
        self._bases = read_bases(coordinator, [*(commit for _, commit in results), base], base)
        self._sets: list[ChangeSet] = []
        self._known: dict[tuple[CommitId, CommitId], int] = {}
        self._colliding: dict[Pair, tuple[str, str]] = {}
        starts = [self._bases.between(at, len(results)) for at in range(len(results))]
        self._from_base = self._read(
            [
                (start[0] if start else commit, commit)
                for start, (_, commit) in zip(starts, results, strict=True)
            ]
        )
        self._candidates = self._find_candidates()

    @property
    def changes(self) -> list[ChangeSet]:
        """What each result changed since it left the base."""
        return [self._sets[at] for at in self._from_base]

    def unrelated(self) -> Pair | None:
        """Returns two results, by index, whose histories never meet; None where there are none."""
        if self._bases.common:
            return None
        pairs = combinations(range(len(self._results)), 2)
        return next((pair for pair in pairs if not self._bases.between(*pair)), None)

    @cached_property
    def looks(self) -> list[Look]:
        """What the hunks speak for, of each pair that may share something."""
        looks = Looks(self._repository)
        return [looks.at(*(self._sets[side] for side in found.sides)) for found in self._candidates]

    @property
    def touching(self) -> set[Pair]:
        """The pairs, by index, whose hunks touch: what would be taken for a conflict without a merge."""
        looked = zip(self._candidates, self.looks, strict=True)
        return {candidate.pair for candidate, look in looked if look.tier is Tier.TOUCHING}

    @cached_property
    def pairs(self) -> tuple[PairConflict, ...]:
        """Every pair that shares something, with its tier."""
        outcomes = self._outcomes()
        found = (
            self._judged(candidate, look, outcomes.get(at))
            for at, (candidate, look) in enumerate(zip(self._candidates, self.looks, strict=True))
        )
        return tuple(pair for pair in found if pair.paths or pair.tier is Tier.CONFLICT)

    @property
    def cut(self) -> int:
        """How many pairs were too many to be merged for real."""
        return max(0, len(self._candidates) - MOST_EXACT)

    def report(self, *, fold: bool) -> ConflictReport:
        """Returns every pair that shares something, and the in-order fold where it is asked for."""
        return ConflictReport(self.pairs, self.fold() if fold else Fold())

    def fold(self, order: Sequence[int] | None = None) -> Fold:
        """Merges results one after another, in the order given; all of them where none is."""
        chosen = range(len(self._results)) if order is None else order
        landed, left, tree = self._folding.run(chosen)
        return Fold(tuple(self._names(landed)), tuple(self._names(left)), tree)

    def together(self, landed: Sequence[int], refused: int) -> tuple[int, ...]:
        """Returns the fewest of what landed that `refused` does not merge with, found by leaving out."""
        needed: list[int] = []
        rest = list(landed)
        while rest and not self._refuses(needed, refused):
            low, high = 1, len(rest)
            while low < high:
                middle = (low + high) // 2
                if self._refuses([*rest[:middle], *needed], refused):
                    high = middle
                else:
                    low = middle + 1
            needed.append(rest[low - 1])
            rest = rest[: low - 1]
        return tuple(sorted(needed))

    # --- reading --------------------------------------------------------------------------

    def _read(self, wanted: Sequence[tuple[CommitId, CommitId]]) -> list[int]:
        """Returns where the change sets of (base, tip) stand among all that were read."""
        new = [pair for pair in dict.fromkeys(wanted) if pair not in self._known]
        unread = [pair for pair in new if pair not in self._read_before]
        read = dict(zip(unread, read_change_sets(self._coordinator.scratch, unread), strict=True))
        for pair in new:
            self._known[pair] = len(self._sets)
            self._sets.append(read[pair] if pair in read else self._read_before[pair])
        return [self._known[pair] for pair in wanted]

    def _find_candidates(self) -> list[_Candidate]:
        """Returns the pairs that may share something, group by group of those that part in one place."""
        count = len(self._results)
        groups: dict[tuple[CommitId, ...], list[Pair]] = defaultdict(list)
        for (a, b), bases in self._bases.own.items():
            if b < count:
                groups[bases].append((a, b))
        own = {pair for pairs in groups.values() for pair in pairs}
        if self._bases.common and len(own) < count * (count - 1) // 2:
            groups[self._bases.common] += []
        members = {
            bases: sorted({at for pair in pairs for at in pair}) or list(range(count))
            for bases, pairs in groups.items()
        }
        found: list[tuple[Pair, tuple[CommitId, ...]]] = []
        for (bases, chosen), sets in zip(members.items(), self._read_all(members), strict=True):
            allowed = set(groups[bases])
            alike = collisions(sets)
            if len(bases) > 1:
                at = {member: index for index, member in enumerate(chosen)}
                near: Iterable[Pair] = [(at[a], at[b]) for a, b in allowed] or combinations(
                    range(len(chosen)), 2
                )
            else:
                near = {*sharing(sets), *alike}
            for a, b in near:
                pair = (chosen[a], chosen[b])
                if pair in allowed if allowed else pair not in own:
                    found.append((pair, bases))
                    if (a, b) in alike:
                        self._colliding[pair] = alike[a, b]
        found.sort()
        sides = self._read([(bases[0], self._results[at][1]) for pair, bases in found for at in pair])
        return [
            _Candidate(pair, (a, b), sure=len(bases) == 1)
            for (pair, bases), a, b in zip(found, sides[::2], sides[1::2], strict=True)
        ]

    def _read_all(
        self, members: Mapping[tuple[CommitId, ...], Sequence[int]]
    ) -> Iterator[Sequence[ChangeSet]]:
        """Yields the change sets of the members of each group, from where they part.

        Of many groups renames are not looked for, which takes eight parts in nine of the
        time: what went away and what is new come as near to each other without.
        """
        wanted = [(bases[0], self._results[at][1]) for bases, chosen in members.items() for at in chosen]
        if len(members) > 1:
            read = read_change_sets(self._coordinator.scratch, wanted, renames=False)
        else:
            read = [self._sets[side] for side in self._read(wanted)]
        sets = iter(read)
        for chosen in members.values():
            yield [next(sets) for _ in chosen]

    # --- merging --------------------------------------------------------------------------

    def begin(self) -> bool:
        """Has git begin the merges that `pairs` asks for; only where all go by the attributes of the base."""
        text = self._attributes.text(self._repository, tree_of(self._repository, self._base))
        if [group.text for group in self._groups] == [text]:
            self._begun = self._begin(self._groups[0])
        return self._begun is not None

    def close(self) -> None:
        """Ends what was begun and not asked for."""
        if self._begun is not None:
            self._begun.__exit__()

    def _begin(self, group: _Group) -> MergeBatch:
        self._attributes.write(group.text)
        return MergeBatch(self._coordinator.scratch, [asked.commits for asked in group.asked])

    @cached_property
    def _groups(self) -> list[_Group]:
        """The candidates to be merged for real, by the attributes of their first side, as git would."""
        order = sorted(range(len(self._candidates)), key=lambda at: (self.looks[at].tier is Tier.FILE, at))[
            :MOST_EXACT
        ]
        texts: dict[CommitId, str] = {}
        chosen: dict[str, list[int]] = defaultdict(list)
        for at in order:
            ours = self._sets[self._candidates[at].sides[0]]
            commit = ours.tip if any(map(is_attributes, ours.paths)) else ours.base
            if commit not in texts:
                tree = tree_of(self._repository, commit)
                texts[commit] = self._attributes.text(self._repository, tree)
            chosen[texts[commit]].append(at)
        return [self._group(text, ats) for text, ats in chosen.items()]

    def _group(self, text: str, ats: Sequence[int]) -> _Group:
        limited = "diff.renamelimit" in self._coordinator.settings
        narrow = Narrowing(self._repository, self._sets, flat=not text, limited=limited)
        chosen = [(at, self._candidates[at]) for at in ats]
        plain = [(at, one.sides) for at, one in chosen if one.sure and narrow.is_plain(*one.sides)]
        asked = [
            joined(narrow, plain[first : first + MOST_JOINED]) for first in range(0, len(plain), MOST_JOINED)
        ]
        others = set(ats).difference(at for at, _ in plain)
        asked += [self._single(narrow, at) for at in ats if at in others]
        return _Group(text, narrow, asked)

    def _single(self, narrow: Narrowing, at: int) -> Asked:
        candidate = self._candidates[at]
        if candidate.sure:
            return single(narrow, at, candidate.sides)
        return Asked(self._tips(candidate.pair), {at: ("", str)})

    def _outcomes(self) -> dict[int, Answer]:
        """Merges the candidates for real."""
        found: dict[int, Answer] = {}
        for group in self._groups:
            begun, self._begun = self._begun, None
            again: list[Asked] = []
            with begun or self._begin(group) as batch:
                for asked, outcome in zip(group.asked, batch.outcomes(), strict=True):
                    if (answers := asked.answers(outcome)) is not None:
                        found |= answers
                    else:
                        again += [self._single(group.narrow, at) for at in asked.members]
            alone = merge_all(self._coordinator.scratch, [asked.commits for asked in again])
            for asked, outcome in zip(again, alone, strict=True):
                found |= asked.answers(outcome) or {}
        return found

    def _tips(self, pair: Pair) -> tuple[CommitId, CommitId]:
        return self._results[pair[0]][1], self._results[pair[1]][1]

    def _judged(self, candidate: _Candidate, look: Look, answer: Answer | None) -> PairConflict:
        """The pair as it is reported: where git refused, what it refused comes first."""
        tasks = self._results[candidate.pair[0]][0], self._results[candidate.pair[1]][0]
        names = self._colliding.get(candidate.pair, ())
        alike = tuple(PathOverlap(name, kind=ConflictKind.CASE_COLLISION) for name in names)
        if answer is None or answer[0].clean:
            kind = ConflictKind.CASE_COLLISION if alike else None
            tier = Tier.CONFLICT if alike and self._coordinator.ignores_case else look.tier
            return PairConflict(*tasks, tier, (*alike, *look.overlaps), kind)
        paths = (*self._refused(candidate, look, *answer), *alike)
        kind = next((path.kind for path in paths if path.kind), ConflictKind.OTHER)
        return PairConflict(*tasks, Tier.CONFLICT, paths, kind)

    def _refused(
        self, candidate: _Candidate, look: Look, outcome: MergeOutcome, path_of: Callable[[str], str]
    ) -> Iterator[PathOverlap]:
        """Yields what two results share; what git refused comes first, in its order."""
        refused: dict[str, ConflictKind] = {}
        for conflict in outcome.conflicts:
            if conflict.path:
                refused.setdefault(path_of(conflict.path), conflict.kind)
        moved = {
            change.base_path: change.path
            for side in candidate.sides
            for change in self._sets[side].files
            if change.kind is ChangeKind.RENAMED
        }
        # git names a moved file as it is called now
        places: dict[str, list[PathOverlap]] = {}
        for overlap in look.overlaps:
            now = moved.get(overlap.path, overlap.path)
            path = now if overlap.path not in refused and now in refused else overlap.path
            places.setdefault(path, []).append(replace(overlap, path=path))
        for path, kind in refused.items():
            follows = kind is ConflictKind.CONTENT and path in moved.values()
            said = ConflictKind.RENAME_MODIFY if follows else kind
            yield from (replace(one, kind=said) for one in places.pop(path, [PathOverlap(path)]))
        for rest in places.values():
            yield from rest

    # --- folding --------------------------------------------------------------------------

    @cached_property
    def _folding(self) -> Folding:
        busy = {at for candidate in self._candidates for at in candidate.pair}
        busy |= {at for pair in self._bases.own for at in pair}
        never: dict[int, set[int]] = defaultdict(set)
        for a, b in self._colliding if self._coordinator.ignores_case else ():
            never[a].add(b)
            never[b].add(a)
        parts = [
            Part(
                commit,
                self._sets[side],
                alone=at not in busy,
                related=bool(self._bases.between(at, len(self._results))),
                never=frozenset(never[at]),
            )
            for at, ((_, commit), side) in enumerate(zip(self._results, self._from_base, strict=True))
        ]
        return Folding(self._coordinator, self._attributes, self._base, parts)

    def _refuses(self, landed: Sequence[int], refused: int) -> bool:
        return refused in self._folding.run([*sorted(landed), refused])[1]

    def _names(self, chosen: Iterable[int]) -> Iterable[TaskId]:
        return (self._results[at][0] for at in chosen)
