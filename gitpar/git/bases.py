"""Finds where every two of many commits part, in one walk over their history.

A shallow clone can hide a commit in which two histories meet; then nothing is answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId
from gitpar.errors import EnvironmentFault
from gitpar.git.commits import read_commit
from gitpar.git.coordinator import Coordinator
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository

_LONGEST_LINE = 50

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Bases:
    """The merge bases of every two of some commits, which are named by their index.

    `common` are the best common ancestors of all; they are also those of each pair that
    `own` does not hold. Empty where two histories never meet.
    """

    common: tuple[CommitId, ...]
    own: Mapping[Pair, tuple[CommitId, ...]]

    def between(self, a: int, b: int) -> tuple[CommitId, ...]:
        """Returns the merge bases of two of the commits."""
        return self.own.get((min(a, b), max(a, b)), self.common)


def read_bases(coordinator: Coordinator, commits: Sequence[CommitId], start: CommitId | None = None) -> Bases:
    """Returns the merge bases of every two of the commits; two indices may hold the same commit.

    `start`, where it is given, is one of them and likely what the others come from. Raises
    EnvironmentFault where a shallow clone may hide the answer.
    """
    shallow = coordinator.place.shallow
    if start and not shallow and _lines_from(coordinator.pygit(), start, commits):
        return Bases((start,), {})
    git = coordinator.scratch
    # status 1: there is none
    found = git.run("merge-base", "--all", "--octopus", *dict.fromkeys(commits), ok=(0, 1))
    common = tuple(CommitId(line) for line in found.text.splitlines())
    asked = "".join(f"{line}\n" for line in [*commits, *(f"^{commit}" for commit in common)])
    lines = git.run("rev-list", "--topo-order", "--parents", "--stdin", stdin=asked.encode()).text
    walk = [line.split() for line in lines.splitlines()]
    if shallow:
        cut = set((coordinator.place.common / "shallow").read_text().split())
        hidden = next((commit for commit, *_ in walk if commit in cut), None)
        if hidden is not None or not common:
            raise _too_shallow(hidden)
    return Bases(common, dict(_meetings(walk, commits)))


def _lines_from(repository: Repository, start: CommitId, commits: Sequence[CommitId]) -> bool:
    """Whether the commits end short lines that start at one commit and never meet, as those of a run do."""
    seen: set[CommitId] = set()
    for commit in commits:
        at = commit
        for _ in range(_LONGEST_LINE):
            if at == start:
                break
            parents = read_commit(repository, at)[1]
            if at in seen or len(parents) != 1:
                return False
            seen.add(at)
            at = parents[0]
        else:
            return False
    return True


def _meetings(
    walk: Sequence[Sequence[str]], commits: Sequence[CommitId]
) -> Iterator[tuple[Pair, tuple[CommitId, ...]]]:
    """Yields the pairs that meet within a walk, children first, with the best of the commits they share.

    Each commit of the walk knows by a bit which of the commits lead to it. It is a merge
    base of two of them where both lead to it and to none of its children.
    """
    reached: defaultdict[str, int] = defaultdict(int)
    below: defaultdict[str, set[int]] = defaultdict(set)
    for at, tip in enumerate(commits):
        reached[tip] |= 1 << at
    met: defaultdict[Pair, list[CommitId]] = defaultdict(list)
    for commit, *parents in walk:
        mask = reached.pop(commit)
        children = below.pop(commit, set())
        for parent in parents:
            reached[parent] |= mask
            below[parent].add(mask)
        if mask not in children and mask & (mask - 1):
            for pair in _new_pairs(mask, children):
                met[pair].append(CommitId(commit))
    for pair, found in met.items():
        yield pair, tuple(found)


def _new_pairs(mask: int, children: set[int]) -> Iterator[Pair]:
    for a in _bits(mask):
        known = 0
        for child in children:
            if child >> a & 1:
                known |= child
        for b in _bits((mask & ~known) >> (a + 1)):
            yield a, a + 1 + b


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _too_shallow(commit: str | None) -> EnvironmentFault:
    where = f"at {commit[:12]}, before it is known where the revisions meet" if commit else "too early"
    return EnvironmentFault(
        f"this is a shallow clone: its history ends {where}", "Fetch the rest: git fetch --unshallow"
    )
