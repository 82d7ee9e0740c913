"""Runs of gates as people and programs are shown them. Pure; a part of view.py."""

from __future__ import annotations

from gitpar.core.agents import AgentReport
from gitpar.core.gate_book import GateBook, GateRun
from gitpar.core.names import CommitId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class GateView:
    """One run of a gate; `verdict` is None while it goes on, `on` is task, level or run."""

    number: int
    gate: str
    on: str
    level: int
    task: str | None
    attempt: int | None
    tasks: tuple[str, ...]
    commit: CommitId
    tree: str
    verdict: str | None
    flaky: bool
    exit: int | None
    started_at: float | None
    duration_s: float
    message: str
    edits: tuple[str, ...]
    log: str
    report: AgentReport | None = None
    """What its agent told, where it is one and has ended."""
    agent: str = ""


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
        agent=found.agent,
        report=ended.report if ended is not None else None,
    )
