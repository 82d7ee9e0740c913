"""A forecast as one HTML page, nothing from outside in it. The words are forecast_text's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from gitpar.core.outlook import WaveOutlook
from gitpar.ui import forecast_text as say
from gitpar.ui.plain import clean, clipped
from gitpar.wiring.request import Forecasted

_MOST_PAIRS = 200
_WIDEST_MAP = 60
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
th, td { padding: .15rem .5rem; text-align: left; vertical-align: top; }
.pairs td { border-top: 1px solid #8884; }
.map { overflow-x: auto; }
.map td, .map th { min-width: 2rem; text-align: right; font-size: 12px; padding: .1rem .2rem; }
.map th:first-child { text-align: left; white-space: nowrap; }
code { font-size: 90%; }
"""


def page(found: Forecasted) -> str:
    """Returns the page."""
    return "\n".join(_page(found)) + "\n"


def _page(found: Forecasted) -> Iterator[str]:
    outlook = found.outlook
    title = f"Forecast of {', '.join(map(clean, found.plan.paths))}"
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield f"<p>{escape(say.conflicts_text(outlook.expected)).capitalize()}, from {escape(found.base[:12])}. "
    yield f"{escape(say.basis_text(outlook))}</p>"
    for wave in outlook.waves:
        yield f"<h2>{escape(say.wave_heading(wave))}</h2>"
        yield from _map(wave)
        yield from _pairs(wave)
        yield from _list(say.advice_lines(wave, outlook))
        if wave.silent:
            yield f"<p>{escape(say.silent_text(wave.silent))}</p>"
    if outlook.doubts:
        yield "<h2>Declared files</h2>"
        yield from _list(map(say.doubt_text, outlook.doubts))
    if outlook.needless or outlook.earlier:
        yield "<h2>Suggestions</h2>"
        yield from _list([*map(say.needless_text, outlook.needless), *map(say.earlier_text, outlook.earlier)])
    yield "</body></html>"


def _list(lines: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{escape(line.strip())}</li>" for line in lines)
    yield "</ul>"


def _map(wave: WaveOutlook) -> Iterator[str]:
    risks = {(p.a, p.b): p for p in wave.pairs}
    met = {task for pair in risks for task in pair}
    tasks = [task for task in wave.tasks if task in met][:_WIDEST_MAP]
    if not tasks:
        return
    numbers = {task: wave.tasks.index(task) + 1 for task in tasks}
    yield '<div class="map"><table><tr><th></th>' + "".join(f"<th>{numbers[t]}</th>" for t in tasks) + "</tr>"
    for task in tasks:
        cells = []
        for other in tasks:
            pair = risks.get((task, other)) or risks.get((other, task))
            if pair is None:
                cells.append("<td></td>")
                continue
            why = escape("\n".join(say.reason_text(reason, pair) for reason in pair.reasons), quote=True)
            shade = f"background: rgb(220 38 38 / {pair.probability:.2f})"
            cells.append(f'<td style="{shade}" title="{why}">{say.percent(pair.probability)}</td>')
        yield f"<tr><th>{numbers[task]} {escape(clipped(clean(task), 40))}</th>{''.join(cells)}</tr>"
    yield "</table></div>"


def _pairs(wave: WaveOutlook) -> Iterator[str]:
    if not wave.pairs:
        return
    yield '<table class="pairs"><tr><th>P</th><th>Tasks</th><th>Why</th></tr>'
    for pair in wave.pairs[:_MOST_PAIRS]:
        why = "<br>".join(escape(say.reason_text(reason, pair)) for reason in pair.reasons)
        names = f"<code>{escape(clean(pair.a))}</code><br><code>{escape(clean(pair.b))}</code>"
        yield f"<tr><td>{escape(say.percent(pair.probability))}</td><td>{names}</td><td>{why}</td></tr>"
    yield "</table>"
