"""Every sentence about changes that were compared, wherever it is shown. Pure: values in, plain lines out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitpar.core.conflicts import ConflictKind, PairConflict, Tier
from gitpar.core.names import TaskId
from gitpar.ui.plain import clean, counted, listed, named, places

if TYPE_CHECKING:
    from gitpar.core.comparison import Compared, Together

STRENGTH = (Tier.CONFLICT, Tier.TOUCHING, Tier.FILE)
"""The tiers, what weighs most first."""


def headline(found: Compared) -> str:
    """Says how many were compared and how many pairs conflict."""
    refused = sum(1 for pair in found.report.pairs if pair.tier is Tier.CONFLICT)
    one = "1 pair conflicts"
    verdict = (one if refused == 1 else f"{refused} pairs conflict") if refused else "no two conflict"
    return f"{counted(len(found.changes), 'change')} compared, from {found.base[:12]}: {verdict}"


def strongest_first(pairs: Sequence[PairConflict]) -> list[PairConflict]:
    """Returns pairs by their tiers."""
    return sorted(pairs, key=lambda pair: STRENGTH.index(pair.tier))


def pair_text(pair: PairConflict) -> str:
    """Says what two changes share and what git makes of it."""
    names = f"{named(pair.a)} and {named(pair.b)}"
    alike = [path for path in pair.paths if path.kind is ConflictKind.CASE_COLLISION]
    shared = [path for path in pair.paths if path not in alike]
    said = [f"both changed {places(shared)}: {verdict(pair)}"] if shared else []
    if alike:
        said.append(f"make names that differ by case only: {places(alike)}")
    return f"{names} {'; and '.join(said) or 'conflict'}"


def verdict(pair: PairConflict) -> str:
    """Says what git makes of two changes."""
    kinds = dict.fromkeys(kind for kind in (*(path.kind for path in pair.paths), pair.kind) if kind)
    kinds.pop(ConflictKind.CASE_COLLISION, None)
    if kinds:
        return f"git refuses ({', '.join(kind.value for kind in kinds)})"
    match pair.tier:
        case Tier.CONFLICT if pair.kind is not ConflictKind.CASE_COLLISION:
            return "git refuses"
        case Tier.TOUCHING:
            return "the changes touch, and git merges them"
        case Tier.FILE:
            return "the changes lie apart"
        case _:
            return "git merges them"


def together_text(found: Together) -> str:
    """Says that changes conflict although every two of them merge."""
    return f"{named(found.id)} merges with each of {listed(found.others)}, and not with all of them together"


def order_lines(found: Compared) -> Iterator[str]:
    """Says what lands in the order given, and what lands at best where that is more."""
    fold = found.report.fold
    given = _order("In the order given", len(fold.landed), fold.conflicting)
    if len(found.order) <= len(fold.landed):
        yield f"{given}; no order lands more" if fold.conflicting else given
        return
    yield given
    yield _order("At best", len(found.order), found.left)
    yield f"  {' '.join(map(clean, found.order))}"


def _order(which: str, landed: int, left: Sequence[TaskId]) -> str:
    rest = f", {listed(left)} left to rework" if left else ""
    return f"{which}: {landed if left else 'all'} land{'s' if left and landed == 1 else ''}{rest}"
