"""A forecast laid out for a terminal: pairs, heat map and advice by wave. The words are forecast_text's."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gitpar.core.calibration import Calibration
from gitpar.core.outlook import Outlook, WaveOutlook
from gitpar.ui import forecast_text as say
from gitpar.ui.matrix import Cell, Matrix, drawn, style_of
from gitpar.ui.plain import clean, counted

LEGEND = "Percent, by place in the wave"
_MOST_PAIRS = 30
_LEAST_IN_MAP = 0.01


def print_forecast(outlook: Outlook, console: Console) -> None:
    """Prints what is to be expected of a plan."""
    for part in forecast(outlook):
        console.print(part, crop=False, highlight=False)


def forecast(outlook: Outlook) -> Iterator[RenderableType]:
    """Yields the forecast part by part."""
    yield Text(f"Forecast: {say.expected_text(outlook)}", "bold")
    yield Text(say.basis_text(outlook))
    for wave in outlook.waves:
        if len(wave.tasks) > 1:
            yield from _wave(wave, outlook)
    for title, lines in (
        ("Declared files", [say.doubt_text(doubt) for doubt in outlook.doubts]),
        (
            "Suggestions",
            [*map(say.needless_text, outlook.needless), *map(say.earlier_text, outlook.earlier)],
        ),
    ):
        if lines:
            yield Text("")
            yield Text(title, "bold")
            yield from (Padding(Text(line), (0, 0, 0, 2)) for line in lines)


def _wave(wave: WaveOutlook, outlook: Outlook) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(say.wave_heading(wave), "bold")
    if wave.pairs:
        yield _pairs(wave)
    if heat := drawn(matrix(wave), LEGEND):
        yield heat
    for line in say.advice_lines(wave, outlook):
        yield Padding(Text(line), (0, 0, 0, 2))
    if wave.silent:
        yield Padding(Text(say.silent_text(wave), "dim"), (0, 0, 0, 2))


def _pairs(wave: WaveOutlook) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("P", justify="right", no_wrap=True)
    table.add_column("Tasks", overflow="fold")
    table.add_column("Why", overflow="fold", ratio=1)
    for pair in wave.pairs[:_MOST_PAIRS]:
        why = "\n".join(clean(say.reason_text(reason, pair)) for reason in pair.reasons)
        names = f"{clean(pair.a)}\n{clean(pair.b)}"
        table.add_row(Text(say.percent(pair.probability), style_of(pair.probability)), Text(names), Text(why))
    if len(wave.pairs) > _MOST_PAIRS:
        rest = counted(len(wave.pairs) - _MOST_PAIRS, "less likely pair")
        table.add_row(Text(""), Text(""), Text(f"and {rest}: --json", "dim"))
    return table


def matrix(wave: WaveOutlook) -> Matrix:
    """Returns the tasks of a wave against each other, in percent."""
    return Matrix(
        wave.tasks,
        {
            (pair.a, pair.b): Cell(
                f"{min(99, round(pair.probability * 100)):d}",
                pair.probability,
                "\n".join(say.reason_text(reason, pair) for reason in pair.reasons),
            )
            for pair in wave.pairs
            if pair.probability >= _LEAST_IN_MAP
        },
    )


def print_calibration(found: Calibration, console: Console) -> None:
    """Prints how good each signal was on the repository's own history."""
    first, second, last = say.calibration_lines(found)
    console.print(Text(first, "bold"))
    console.print(Text(second))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Signal")
    for name in ("Pairs", "Precision", "Recall"):
        table.add_column(name, justify="right")
    for figure in found.figures:
        table.add_row(*map(Text, say.figure_row(figure)))
    console.print(table)
    console.print(Text(last))
