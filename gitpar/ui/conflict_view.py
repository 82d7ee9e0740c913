"""Changes that were compared, laid out for a terminal. The words are conflict_text's."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.text import Text

from gitpar.core.comparison import Compared
from gitpar.core.conflicts import ConflictKind, PairConflict, Tier
from gitpar.ui import conflict_text as say
from gitpar.ui.check_text import build_line
from gitpar.ui.matrix import Cell, Matrix, drawn
from gitpar.ui.plain import counted

_MEANING = {
    "X": "conflict",
    "t": "touching",
    "f": "same file",
    "c": "names alike but for case",
    "b": "build",
}
_STYLE = {Tier.CONFLICT: "red", Tier.TOUCHING: "yellow", Tier.FILE: "dim"}
_LETTER = {Tier.CONFLICT: ("X", 1.0), Tier.TOUCHING: ("t", 0.3), Tier.FILE: ("f", 0.0)}
_MOST_PAIRS = 40


def print_comparison(found: Compared, console: Console) -> None:
    """Prints the pairs, strongest first, and what fits together."""
    for part in parts(found):
        # a sentence stays one line for whoever searches the output
        console.print(part, crop=False, highlight=False, soft_wrap=isinstance(part, Text))


def parts(found: Compared) -> Iterator[RenderableType]:
    """Yields what is known, part by part."""
    yield Text(say.headline(found), "bold")
    pairs = say.strongest_first(found.report.pairs)
    yield from map(_pair, pairs[:_MOST_PAIRS])
    if len(pairs) > _MOST_PAIRS:
        more = counted(len(pairs) - _MOST_PAIRS, "more pair")
        yield Text(f"  and {more}: gitpar conflicts --json, or --html FILE")
    for each in found.together:
        yield Text(f"  {'conflict':<9} ", "red").append(say.together_text(each), "")
    for build in found.builds:
        yield Text(f"  {'build':<9} ", "yellow").append(build_line(build), "")
    against = matrix(found)
    if heat := drawn(against, legend(against)):
        yield Text("")
        yield heat
    yield Text("")
    yield from map(Text, say.order_lines(found))


def matrix(found: Compared) -> Matrix:
    """Returns the changes against each other."""
    cells: dict[tuple[str, str], Cell] = {(pair.a, pair.b): _cell(pair) for pair in found.report.pairs}
    for build in found.builds:
        pair = (build.definer, build.user)
        if pair not in cells and pair[::-1] not in cells:
            cells[pair] = Cell("b", 0.3, build_line(build))
    return Matrix([change.id for change in found.changes], cells)


def legend(found: Matrix) -> str:
    """Says what the letters in a map mean."""
    letters = {cell.text for cell in found.cells.values()}
    return ", ".join(f"{letter} {meaning}" for letter, meaning in _MEANING.items() if letter in letters)


def _cell(pair: PairConflict) -> Cell:
    letter, heat = _LETTER[pair.tier]
    if pair.tier is Tier.FILE and pair.kind is ConflictKind.CASE_COLLISION:
        letter, heat = "c", 0.1
    return Cell(letter, heat, say.pair_text(pair))


def _pair(pair: PairConflict) -> Text:
    return Text(f"  {pair.tier.value:<9} ", _STYLE[pair.tier]).append(say.pair_text(pair), "")
