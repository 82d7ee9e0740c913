"""A forecast or a calibration as one HTML page. The words are forecast_text's."""

from __future__ import annotations

from collections.abc import Iterator

from gitpar.core.calibration import Calibration
from gitpar.core.outlook import WaveOutlook
from gitpar.ui import forecast_text as say
from gitpar.ui import page
from gitpar.ui.forecast_view import LEGEND, matrix
from gitpar.ui.matrix import as_html
from gitpar.ui.plain import counted, named
from gitpar.wiring.request import Forecasted

_MOST_PAIRS = 200


def forecast(found: Forecasted) -> str:
    """Returns the page of a forecast."""
    return page.page(f"Forecast of {', '.join(found.plan.paths)}", _forecast(found))


def calibration(found: Calibration) -> str:
    """Returns the page of what was learned."""
    first, *rest = say.calibration_lines(found)
    rows = ([[cell] for cell in say.figure_row(figure)] for figure in found.figures)
    table = page.rows(("Signal", "Pairs", "Precision", "Recall"), rows)
    return page.page(first, [*map(page.paragraph, rest), *table])


def _forecast(found: Forecasted) -> Iterator[str]:
    outlook = found.outlook
    said = say.expected_text(outlook).capitalize()
    yield page.paragraph(f"{said}, from {found.base[:12]}. {say.basis_text(outlook)}")
    for wave in outlook.waves:
        yield page.heading(say.wave_heading(wave))
        yield from as_html(matrix(wave), LEGEND)
        yield from _pairs(wave)
        yield from page.items(say.advice_lines(wave, outlook))
        if wave.silent:
            yield page.paragraph(say.silent_text(wave))
    if outlook.doubts:
        yield page.heading("Declared files")
        yield from page.items(map(say.doubt_text, outlook.doubts))
    if outlook.needless or outlook.earlier:
        yield page.heading("Suggestions")
        lines = [*map(say.needless_text, outlook.needless), *map(say.earlier_text, outlook.earlier)]
        yield from page.items(lines)


def _pairs(wave: WaveOutlook) -> Iterator[str]:
    if not wave.pairs:
        return
    yield from page.rows(
        ("P", "Tasks", "Why"),
        (
            (
                [say.percent(pair.probability)],
                [named(pair.a), named(pair.b)],
                [say.reason_text(reason, pair) for reason in pair.reasons],
            )
            for pair in wave.pairs[:_MOST_PAIRS]
        ),
    )
    if len(wave.pairs) > _MOST_PAIRS:
        yield page.paragraph(f"And {counted(len(wave.pairs) - _MOST_PAIRS, 'less likely pair')}.")
