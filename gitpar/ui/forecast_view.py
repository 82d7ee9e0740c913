"""A forecast laid out for a terminal: pairs, heat map and advice by wave. The words are forecast_text's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gitpar.core.calibration import Calibration
from gitpar.core.names import TaskId
from gitpar.core.outlook import Outlook, WaveOutlook
from gitpar.ui import forecast_text as say
from gitpar.ui.plain import clean, clipped, counted

_MOST_PAIRS = 30
_WIDEST_MAP = 24
_LEAST_IN_MAP = 0.01
_HEAT = ((0.5, "bold white on red"), (0.2, "black on yellow"), (0.05, "black on cyan"), (0.0, "dim"))
_NAME = 18


def print_forecast(outlook: Outlook, console: Console) -> None:
    """Prints what is to be expected of a plan."""
    for part in forecast(outlook):
        console.print(part, crop=False, highlight=False)


def forecast(outlook: Outlook) -> Iterator[RenderableType]:
    """Yields the forecast part by part."""
    yield Text(
        f"Forecast: {say.conflicts_text(outlook.expected)} in {counted(len(outlook.waves), 'wave')}", "bold"
    )
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
    if heat := heat_map(wave):
        yield heat
    for line in say.advice_lines(wave, outlook):
        yield Padding(Text(line), (0, 0, 0, 2))
    if wave.silent:
        yield Padding(Text(say.silent_text(wave.silent), "dim"), (0, 0, 0, 2))


def _pairs(wave: WaveOutlook) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("P", justify="right", no_wrap=True)
    table.add_column("Tasks", overflow="fold")
    table.add_column("Why", overflow="fold", ratio=1)
    for pair in wave.pairs[:_MOST_PAIRS]:
        why = "\n".join(clean(say.reason_text(reason, pair)) for reason in pair.reasons)
        names = f"{clean(pair.a)}\n{clean(pair.b)}"
        table.add_row(Text(say.percent(pair.probability), _style(pair.probability)), Text(names), Text(why))
    if len(wave.pairs) > _MOST_PAIRS:
        rest = counted(len(wave.pairs) - _MOST_PAIRS, "less likely pair")
        table.add_row(Text(""), Text(""), Text(f"and {rest}: --json", "dim"))
    return table


def heat_map(wave: WaveOutlook) -> Table | None:
    """Returns the tasks of a wave against each other, in percent; None where two or fewer meet."""
    risks = {(p.a, p.b): p.probability for p in wave.pairs if p.probability >= _LEAST_IN_MAP}
    met = {task for pair in risks for task in pair}
    tasks = [task for task in wave.tasks if task in met]
    if len(tasks) <= 2:
        return None
    shown = sorted(_hottest(tasks, risks), key=wave.tasks.index)
    numbers = {task: wave.tasks.index(task) + 1 for task in shown}
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 0, 0, 1),
        title="Percent, by place in the wave",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    for task in shown:
        table.add_column(str(numbers[task]), justify="right", no_wrap=True, width=3)
    for task in shown:
        cells = [
            _cell(risks.get((task, other)) or risks.get((other, task)), same=task == other) for other in shown
        ]
        table.add_row(Text(f"  {numbers[task]:>3} {clipped(clean(task), _NAME)}"), *cells)
    if len(shown) < len(tasks):
        table.caption = f"the {len(shown)} tasks most at risk of {len(tasks)}"
    return table


def _hottest(tasks: list[TaskId], risks: dict[tuple[TaskId, TaskId], float]) -> list[TaskId]:
    heat = dict.fromkeys(tasks, 0.0)
    for pair, probability in risks.items():
        for task in pair:
            heat[task] += probability
    return sorted(tasks, key=lambda task: -heat[task])[:_WIDEST_MAP]


def _cell(probability: float | None, *, same: bool) -> Text:
    if same:
        return Text("-", "dim")
    return Text(
        " ." if probability is None else f"{min(99, round(probability * 100)):d}", _style(probability or 0)
    )


def _style(probability: float) -> str:
    return next(style for least, style in _HEAT if probability >= least)


def print_calibration(found: Calibration, console: Console) -> None:
    """Prints how good each signal was on the repository's own history."""
    kind = "merges" if found.merges * 2 >= found.changes else "changes of the main line"
    console.print(
        Text(f"Learned from {found.changes} {kind}, {_day(found.since)} to {_day(found.until)}", "bold")
    )
    rate = f" ({found.conflicts / found.meetings:.0%})" if found.meetings else ""
    console.print(
        Text(
            f"Of {counted(found.pairs, 'pair')} near each other {found.meetings} share something. "
            f"Merged again as if made at once, {found.conflicts} conflict{rate}."
        )
    )
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Signal")
    for name in ("Pairs", "Precision", "Recall"):
        table.add_column(name, justify="right")
    for figure in found.figures:
        table.add_row(*map(Text, say.figure_row(figure)))
    console.print(table)
    console.print(
        Text("Stored beside the journal: forecasts and runs in this repository use it from now on.")
    )


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
