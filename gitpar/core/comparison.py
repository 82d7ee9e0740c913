"""What a comparison of change sets came to: pairs, what fits together, what is left to rework.

Pure values; `gitpar conflicts` and `gitpar check` print them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitpar.core.builds import BuildConflict
from gitpar.core.conflicts import ConflictReport, Tier
from gitpar.core.names import CommitId, TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One change set that was compared: the revision as it was given, its commit, what it changed."""

    id: TaskId
    tip: CommitId
    files: tuple[str, ...]
    """Every path that differs from the base of the comparison, both names of a rename."""


@dataclass(frozen=True, slots=True)
class Together:
    """A change that merges with each of some others and not with all of them: no pair shows it."""

    id: TaskId
    others: tuple[TaskId, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything `gitpar conflicts` knows about revisions that exist."""

    base: CommitId
    changes: tuple[Change, ...]
    report: ConflictReport
    order: tuple[TaskId, ...]
    """The landing order that lands the most; what is missing in it is left to rework."""
    together: tuple[Together, ...] = ()
    notes: tuple[str, ...] = ()
    """What the user should know beside it, a sentence each."""
    builds: tuple[BuildConflict, ...] = ()
    """What one breaks that another begins to use, where git sees nothing."""

    @property
    def conflicts(self) -> bool:
        """Whether any pair conflicts, or several that no pair shows."""
        return bool(self.together) or any(pair.tier is Tier.CONFLICT for pair in self.report.pairs)

    @property
    def left(self) -> tuple[TaskId, ...]:
        """What the best order leaves to rework."""
        landing = set(self.order)
        return tuple(change.id for change in self.changes if change.id not in landing)

    def noting(self, notes: Sequence[str]) -> Compared:
        """Returns the same with further notes."""
        return replace(self, notes=(*self.notes, *notes))
