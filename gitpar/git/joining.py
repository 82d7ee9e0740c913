"""What is asked of git about pairs: one merge for one of them, or for many that fit side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from gitpar.core.conflicts import PathConflict
from gitpar.core.names import CommitId
from gitpar.git.mergetree import MergeOutcome
from gitpar.git.narrowing import Narrowing
from gitpar.values import dataclass

MOST_JOINED = 200
"""So many pairs are merged in one: where that goes wrong, each is merged again."""

Sides = tuple[int, int]
"""The change sets of a pair, by index."""

Answer = tuple[MergeOutcome, Callable[[str], str]]
"""What git said of a merge, and which path each of its names stands for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A merge, and the candidates that it is about: by index, each with what its names begin with."""

    commits: tuple[CommitId, CommitId]
    members: Mapping[int, tuple[str, Callable[[str], str]]]

    def answers(self, outcome: MergeOutcome) -> dict[int, Answer] | None:
        """Returns what an outcome says of each candidate; None where it does not say that of each."""
        if outcome.clean or not any(prefix for prefix, _ in self.members.values()):
            return {at: (outcome, path_of) for at, (_, path_of) in self.members.items()}
        own: defaultdict[str, list[PathConflict]] = defaultdict(list)
        for conflict in outcome.conflicts:
            number, dot, name = conflict.path.partition(".")
            own[number + dot].append(replace(conflict, path=name))
        if not own or not own.keys() <= {prefix for prefix, _ in self.members.values()}:
            return None
        return {
            at: (
                MergeOutcome(outcome.tree, clean=prefix not in own, conflicts=tuple(own.get(prefix, ()))),
                path_of,
            )
            for at, (prefix, path_of) in self.members.items()
        }


def single(narrow: Narrowing, at: int, sides: Sides) -> Asked:
    """Returns the merge of one candidate."""
    return Asked(narrow.commits(*sides), {at: ("", partial(narrow.path_of, *sides))})


def joined(narrow: Narrowing, chosen: Sequence[tuple[int, Sides]]) -> Asked:
    """Returns the merge of candidates that `narrow` calls plain, given with their sides."""
    commits = narrow.side_by_side([sides for _, sides in chosen])
    members = {
        at: (f"{number}.", partial(narrow.path_of, *sides)) for number, (at, sides) in enumerate(chosen)
    }
    return Asked(commits, members)
