"""Changes or tasks against each other as a heat map: on a terminal, and in a page. Pure.

One drawing for what is known and for what is forecast; whoever asks says what stands in
a cell and how hot it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gitpar.ui.plain import clean, clipped
from gitpar.values import dataclass

_WIDEST = 24
_WIDEST_PAGE = 80
_NAME = 18
_NAME_PAGE = 40
_HEAT = ((0.5, "bold white on red"), (0.2, "black on yellow"), (0.05, "black on cyan"), (0.0, "dim"))


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands where two meet. `heat` goes from 0 to 1; `why` is said to who points at it."""

    text: str
    heat: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Names in their order, and a cell for each two of them that meet, the earlier name first."""

    names: Sequence[str]
    cells: Mapping[tuple[str, str], Cell]

    @property
    def met(self) -> list[str]:
        """The names that meet another one, in their order."""
        met = {name for pair in self.cells for name in pair}
        return [name for name in self.names if name in met]

    def hottest(self, most: int) -> list[str]:
        """Returns so many of those that meet, in their order: the ones with the most heat."""
        heat = dict.fromkeys(self.met, 0.0)
        for pair, cell in self.cells.items():
            for name in pair:
                heat[name] += cell.heat
        chosen = set(sorted(heat, key=lambda name: -heat[name])[:most])
        return [name for name in heat if name in chosen]

    def between(self, a: str, b: str) -> Cell | None:
        """Returns the cell of two names, whichever way round."""
        return self.cells.get((a, b)) or self.cells.get((b, a))


def style_of(heat: float) -> str:
    """Returns the colours that a heat has on a terminal."""
    return next(style for least, style in _HEAT if heat >= least)


def drawn(matrix: Matrix, title: str) -> Group | None:
    """Returns the map for a terminal; None where two or fewer meet, who need no map."""
    met = matrix.met
    if len(met) <= 2:
        return None
    shown = matrix.hottest(_WIDEST)
    numbers = {name: number for number, name in enumerate(matrix.names, start=1)}
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("", no_wrap=True)
    for name in shown:
        table.add_column(str(numbers[name]), justify="right", no_wrap=True, width=3)
    for name in shown:
        cells = (_cell(matrix.between(name, other), same=name == other) for other in shown)
        table.add_row(Text(f"  {numbers[name]:>3} {clipped(clean(name), _NAME)}"), *cells)
    rest = [f"  the {len(shown)} that meet most of {len(met)}"] if len(shown) < len(met) else []
    return Group(Text(title, "dim"), table, *(Text(line, "dim") for line in rest))


def _cell(cell: Cell | None, *, same: bool) -> Text:
    if same:
        return Text("-", "dim")
    return Text(" .", "dim") if cell is None else Text(cell.text, style_of(cell.heat))


def as_html(matrix: Matrix, legend: str) -> Iterator[str]:
    """Yields the map as lines of HTML; nothing where nobody meets."""
    shown = matrix.hottest(_WIDEST_PAGE)
    if not shown:
        return
    numbers = {name: number for number, name in enumerate(matrix.names, start=1)}
    names = {name: escape(clean(name), quote=True) for name in shown}
    heads = "".join(f'<th scope="col" title="{names[name]}">{numbers[name]}</th>' for name in shown)
    yield f'<div class="map"><table><caption>{escape(legend)}</caption><tr><td></td>{heads}</tr>'
    for name in shown:
        cells = "".join(_html_cell(matrix.between(name, other), same=name == other) for other in shown)
        label = escape(clipped(clean(name), _NAME_PAGE))
        yield f'<tr><th scope="row" title="{names[name]}">{numbers[name]} {label}</th>{cells}</tr>'
    yield "</table></div>"
    if len(shown) < len(matrix.met):
        yield f"<p>The {len(shown)} that meet most of {len(matrix.met)}.</p>"


def _html_cell(cell: Cell | None, *, same: bool) -> str:
    if cell is None:
        return f"<td>{'&ndash;' if same else ''}</td>"
    why = f' title="{escape(cell.why, quote=True)}"' if cell.why else ""
    shade = f"background:rgb(220 38 38/{max(0.75 * cell.heat, 0.08):.2f})"
    return f'<td style="{shade}"{why}>{escape(cell.text.strip())}</td>'
