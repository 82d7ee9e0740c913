"""What the pre-merge check of one change found, and whether that makes it fail. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gitpar.core.builds import BuildConflict, Place
from gitpar.core.changes import Hunk
from gitpar.core.comparison import Compared
from gitpar.core.conflicts import ConflictKind, LineRange, Tier
from gitpar.core.names import TaskId
from gitpar.core.settings import FailOn
from gitpar.values import dataclass


class Severity(StrEnum):
    """How a finding is shown: an error makes the check fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Found:
    """One place where the change meets another.

    `path` and `lines` are those of the head's own version; lines are None where the
    whole file is meant. `tier` is None for a build conflict.
    """

    against: TaskId
    path: str
    lines: LineRange | None = None
    tier: Tier | None = None
    kind: ConflictKind | None = None
    build: BuildConflict | None = None
    elsewhere: Place | None = None
    """The other place of a build conflict, in the version of `against`."""

    @property
    def line(self) -> int:
        """The line to point at."""
        return max(1, self.lines.start) if self.lines else 1

    @property
    def last_line(self) -> int:
        """The last line that is meant."""
        return max(self.line, self.lines.start + self.lines.count - 1) if self.lines else 1


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything `gitpar check` knows. `compared` has the pairs that the head is one of."""

    head: TaskId
    target: TaskId
    compared: Compared
    found: tuple[Found, ...]
    fail_on: FailOn = FailOn.TARGET

    def severity(self, found: Found) -> Severity:
        """Says how much a finding weighs under the rule that was asked for."""
        if self._fails(found):
            return Severity.ERROR
        return Severity.NOTE if found.tier is Tier.FILE else Severity.WARNING

    @property
    def telling(self) -> tuple[Found, ...]:
        """What is worth a remark at its line: a file that others changed as well is not."""
        return tuple(found for found in self.found if found.tier is not Tier.FILE)

    @property
    def failed(self) -> bool:
        """Whether anything makes the check fail."""
        return any(map(self._fails, self.found))

    def _fails(self, found: Found) -> bool:
        match self.fail_on:
            case FailOn.NONE:
                return False
            case FailOn.TARGET:
                return found.tier is Tier.CONFLICT and found.against == self.target
            case FailOn.ANY:
                return found.tier is Tier.CONFLICT
            case FailOn.LIKELY:
                return found.tier is not Tier.FILE


def after(where: LineRange, hunks: Sequence[Hunk]) -> LineRange:
    """Returns where the hunks inside a range of old lines have put new ones."""
    end = where.start + where.count
    inside = [h for h in hunks if where.start <= h.old_start and h.old_start + h.old_count <= end]
    if inside:
        last = inside[-1]
        return LineRange(inside[0].new_start, last.new_start + last.new_count - inside[0].new_start)
    return carried(where, hunks)


def carried(where: LineRange, hunks: Sequence[Hunk]) -> LineRange:
    """Returns where a range of old lines is in the new version: as wide as what became of it."""
    first, last = where.start, where.start + where.count
    start, end = first, last
    for hunk in hunks:
        grown = hunk.new_count - hunk.old_count
        if hunk.old_start + hunk.old_count <= first:
            start += grown
            end += grown
        elif hunk.old_start < last:
            end += grown
    return LineRange(start, max(0, end - start))
