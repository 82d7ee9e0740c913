"""What a repository's own history says about changes that meet. Pure values; gitpar.git fills them.

A **past change** is one step of the main line: a merged branch, or a single commit where
branches are squashed. A **meeting** is two changes that share something, with what git
says of them when the later one is rewound to where the earlier one began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from gitpar.core.changes import ChangeSet, Hunk
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class PastChange:
    """One step of the main line. `text` is what was said about it, `branches` whether it was a merge."""

    set: ChangeSet
    at: float
    text: str
    merged: bool


class Judged(StrEnum):
    """How it was found out what two changes do to each other."""

    MERGED = "merged"
    """Both lie on one base and git merged them."""
    NEEDED = "needed"
    """The later applies behind the earlier but not before it."""
    LINES = "lines"
    """The later needs what came in between, so its lines were carried back over that."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """Changes `a` < `b` (positions in the history) that share something.

    `conflict` is None where git cannot tell, because `b` needs what came in between.
    `refused` names the shared paths that would not merge.
    """

    a: int
    b: int
    conflict: bool | None
    refused: tuple[str, ...] = ()
    judged: Judged = Judged.MERGED


@dataclass(frozen=True, slots=True)
class Replay:
    """Changes, oldest first, and meetings of two that lie less than `reach` apart.

    All those are there whose later change is at `whole` or after it; where there were too
    many, older ones are left out.
    """

    changes: Sequence[PastChange]
    meetings: Sequence[Meeting]
    reach: int
    whole: int = 0


def carried_back(hunks: Sequence[Hunk], between: Sequence[Hunk]) -> list[Hunk]:
    """Returns hunks of a later state as they lie in an earlier one; `between` leads from that to this.

    What touches lines that came in between lies where those came in. Both in base order.
    """
    found: list[Hunk] = []
    for hunk in hunks:
        start, end = hunk.old_start, hunk.old_start + hunk.old_count
        first, last = start, end
        for step in between:
            # where the step stands in the later state, and how far it moved what follows
            step_end = step.new_start + step.new_count
            moved = step.old_start + step.old_count - step_end
            if step.new_start > end:
                break
            if step_end < start:
                first, last = start + moved, end + moved
            else:
                first = step.old_start if step.new_start <= start else first
                last = max(step.old_start + step.old_count, end + moved)
        found.append(replace(hunk, old_start=first, old_count=max(0, last - first)))
    return found
