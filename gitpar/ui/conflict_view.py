"""What `gitpar conflicts` shows of revisions that were compared. Pure but for printing."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from gitpar.core.comparison import Compared, Together
from gitpar.core.conflicts import PairConflict, Tier
from gitpar.ui.check_text import build_line
from gitpar.ui.plain import clean, counted, listed, named
from gitpar.ui.text import pair_text

_STRENGTH = (Tier.CONFLICT, Tier.TOUCHING, Tier.FILE)
_STYLE = {Tier.CONFLICT: "red", Tier.TOUCHING: "yellow", Tier.FILE: "dim"}
_MOST_PAIRS = 40


def print_comparison(found: Compared, console: Console) -> None:
    """Prints the pairs, strongest first, and what fits together."""
    for line in lines(found):
        console.print(line, crop=False, highlight=False)


def lines(found: Compared) -> Iterator[Text]:
    """Yields what is known, line by line."""
    yield Text(headline(found), "bold")
    pairs = sorted(found.report.pairs, key=lambda pair: _STRENGTH.index(pair.tier))
    yield from map(_pair, pairs[:_MOST_PAIRS])
    if len(pairs) > _MOST_PAIRS:
        yield Text(f"  and {counted(len(pairs) - _MOST_PAIRS, 'more pair')}: gitpar conflicts --json")
    yield from map(_together, found.together)
    yield from (Text("  build     ", "yellow").append(build_line(each), "") for each in found.builds)
    fold = found.report.fold
    yield Text("")
    given = _order("In the order given", len(fold.landed), fold.conflicting)
    if len(found.order) > len(fold.landed):
        yield Text(given)
        yield Text(_order("At best", len(found.order), found.left))
        yield Text(f"  {' '.join(map(clean, found.order))}")
    else:
        yield Text(f"{given}; no order lands more" if fold.conflicting else given)


def _together(found: Together) -> Text:
    told = f"{named(found.id)} merges with each of {listed(found.others)}, and not with all of them together"
    return Text(f"  {'conflict':<9} ", "red").append(told, "")


def headline(found: Compared) -> str:
    """Says how many were compared and how many pairs conflict."""
    refused = sum(1 for pair in found.report.pairs if pair.tier is Tier.CONFLICT)
    one = "1 pair conflicts"
    verdict = (one if refused == 1 else f"{refused} pairs conflict") if refused else "no two conflict"
    return f"{counted(len(found.changes), 'change')} compared, from {found.base[:12]}: {verdict}"


def _pair(pair: PairConflict) -> Text:
    return Text(f"  {pair.tier.value:<9} ", _STYLE[pair.tier]).append(pair_text(pair), "")


def _order(which: str, landed: int, left: tuple[str, ...]) -> str:
    rest = f", {listed(left)} left to rework" if left else ""
    return f"{which}: {landed if left else 'all'} land{'s' if left and landed == 1 else ''}{rest}"
