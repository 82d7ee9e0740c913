"""Changes that were compared as one HTML page. The words are conflict_text's."""

from __future__ import annotations

from collections.abc import Iterator

from gitpar.core.comparison import Compared
from gitpar.core.conflicts import PairConflict
from gitpar.ui import conflict_text as say
from gitpar.ui import page
from gitpar.ui.check_text import build_line
from gitpar.ui.conflict_view import legend, matrix
from gitpar.ui.matrix import as_html
from gitpar.ui.plain import counted, listed, named, place

_MOST_PAIRS = 2_000
_MOST_PLACES = 10
_MOST_NAMES = 1_000
_REFRESH_S = 2


def write(found: Compared, *, again: bool = False) -> str:
    """Returns the page; with `again` it will be written again, and a browser that shows it follows."""
    parts = [*_parts(found)]
    return page.page(say.headline(found), parts, _REFRESH_S if again else 0)


def _parts(found: Compared) -> Iterator[str]:
    yield from map(page.paragraph, (*found.notes, *map(say.together_text, found.together)))
    against = matrix(found)
    yield from as_html(against, legend(against))
    pairs = say.strongest_first(found.report.pairs)
    if pairs:
        yield page.heading("Pairs")
        yield from page.rows(("Tier", "Changes", "Where", "What git says"), map(_row, pairs[:_MOST_PAIRS]))
        if len(pairs) > _MOST_PAIRS:
            yield page.paragraph(f"And {counted(len(pairs) - _MOST_PAIRS, 'more pair')}.")
    if found.builds:
        yield page.heading("What would not build")
        yield from page.items(map(build_line, found.builds))
    yield page.heading("What lands")
    yield from page.rows(("Order", "Lands", "Left to rework"), _orders(found))
    yield page.heading("Changes")
    yield from page.rows(
        ("No.", "Change", "Commit", "Files"),
        (
            ([str(number)], [named(change.id)], [change.tip[:12]], [_files(change.files)])
            for number, change in enumerate(found.changes, start=1)
        ),
    )


def _row(pair: PairConflict) -> tuple[list[str], ...]:
    shown = [
        place(path) + (f": {path.kind.value}" if path.kind else "") for path in pair.paths[:_MOST_PLACES]
    ]
    if len(pair.paths) > _MOST_PLACES:
        shown.append(f"and {counted(len(pair.paths) - _MOST_PLACES, 'more place')}")
    return [pair.tier.value], [named(pair.a), named(pair.b)], shown, [say.verdict(pair)]


def _orders(found: Compared) -> Iterator[tuple[list[str], ...]]:
    fold = found.report.fold
    yield ["as given"], [_names(fold.landed)], [_names(fold.conflicting)]
    if len(found.order) > len(fold.landed):
        yield ["at best"], [_names(found.order)], [_names(found.left)]


def _names(names: tuple[str, ...]) -> str:
    return f"{len(names)}: {listed(names, _MOST_NAMES)}" if names else "none"


def _files(files: tuple[str, ...]) -> str:
    return f"{len(files)}: {listed(files, _MOST_PLACES)}" if files else "none"
