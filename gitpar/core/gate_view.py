"""Runs of gates as people and programs are shown them. Pure; a part of view.py."""

from __future__ import annotations

from gitpar.core.gate_book import GateBook, GateRun
from gitpar.core.view import GateView


def gate_views(book: GateBook) -> tuple[GateView, ...]:
    """Returns every run of a gate, in the order in which they began."""
    return tuple(_view(number, found) for number, found in sorted(book.runs.items()))


def _view(number: int, found: GateRun) -> GateView:
    opened, ended = found.opened, found.ended
    return GateView(
        number=number,
        gate=opened.gate,
        on=opened.on.value,
        level=opened.level,
        task=opened.task,
        attempt=opened.n or None,
        tasks=opened.tasks,
        commit=opened.commit,
        tree=ended.tree if ended is not None else "",
        verdict=ended.verdict.value if ended is not None else None,
        flaky=found.flaky,
        exit=ended.exit if ended is not None else None,
        started_at=found.started_at,
        duration_s=ended.duration_s if ended is not None else 0.0,
        message=ended.message if ended is not None else "",
        edits=ended.edits if ended is not None else (),
        log=found.log,
    )
