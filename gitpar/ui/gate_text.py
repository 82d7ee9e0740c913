"""What is said of gates: while a run goes and at its end. Pure: lines without markup."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gitpar.core import gate_events as ge
from gitpar.core.events import Event
from gitpar.core.gate_words import outcome
from gitpar.core.run import Run
from gitpar.core.settings import GateOn
from gitpar.ui import text
from gitpar.ui.plain import clean, counted, duration, listed, named
from gitpar.ui.tail import activity

if TYPE_CHECKING:
    from gitpar.core.gate_book import GateRun
    from gitpar.core.gate_view import GateView
    from gitpar.core.names import TaskId
    from gitpar.core.view import RunView

_SHOWN = 3


def _found(run: Run, number: int) -> GateRun:
    if run.gates is None:
        raise ValueError("a gate spoke in a run without gates")
    return run.gates.runs[number]


def _name(found: GateRun) -> str:
    """Names a run of a gate with what it is run on: "gate `tests` on wave 2 (5 tasks)"."""
    opened = found.opened
    gate = f"gate {named(opened.gate)}"
    if opened.on is GateOn.TASK:
        return f"{gate} on {clean(opened.task or '')}#{opened.n}"
    if opened.on is GateOn.RUN:
        return f"{gate} on everything that landed"
    if not opened.tasks:
        return f"{gate} on wave {opened.level} without any of what is to land"
    alone = " alone" if opened.trial else ""
    return f"{gate} on wave {opened.level} with {listed(opened.tasks, _SHOWN)}{alone}"


def _ended(event: ge.GateEnded, run: Run) -> list[str]:
    found = _found(run, event.number)
    again = ", after it had failed on the same: flaky" if found.flaky else ""
    lines = [f"{_name(found)} {_verdict(found)}{again}"]
    if event.edits:
        lines.append(f"{_name(found)} changed {listed(event.edits, _SHOWN)}: undone, part of no result")
    if event.message and event.verdict is ge.Verdict.PASSED:
        lines.append(f"{_name(found)}: {clean(event.message)}")
    task, n = found.opened.task, found.opened.n
    if task is not None and run.gates is not None and run.gates.ungated.get(task) != n:
        settled = run.tasks[task]
        if settled.last.n == n:
            lines.append(f"{clean(task)}#{n} {text.outcome(run, settled)}")
    return lines


def _verdict(found: GateRun) -> str:
    ended = found.ended
    if ended is None:
        return "is running"
    took = f" in {duration(ended.duration_s)}" if ended.duration_s else ""
    if ended.verdict is ge.Verdict.PASSED:
        return f"passed{took}"
    if ended.verdict is ge.Verdict.INTERRUPTED:
        return "was interrupted"
    if ended.verdict is ge.Verdict.BROKEN:
        return f"could not be run: {clean(ended.message)}"
    return f"failed{took}: {clean(outcome(found))}"


def _started(event: ge.GateStarted, run: Run) -> list[str]:
    found = _found(run, event.number)
    return [f"{_name(found)}: in {clean(event.worktree)}, log {clean(event.log)}"]


def _troubled(event: ge.GateTroubled, run: Run) -> list[str]:
    return [f"{_name(_found(run, event.number))} has trouble: {clean(event.message or event.trouble.value)}"]


def _blamed(event: ge.TaskBlamed, run: Run) -> list[str]:
    return [f"{clean(event.task)} is held: {clean(run.tasks[event.task].reason)}"]


def _level_blamed(event: ge.LevelBlamed, _run: Run) -> list[str]:
    return [f"wave {event.level}: the rest is held: {clean(event.reason)}"]


SAID: dict[type[Event], Callable[[Any, Run], list[str]]] = {
    ge.GateEnded: _ended,
    ge.GateTroubled: _troubled,
    ge.TaskBlamed: _blamed,
    ge.LevelBlamed: _level_blamed,
}
DETAILS: dict[type[Event], Callable[[Any, Run], list[str]]] = {ge.GateStarted: _started}


def at_gates(run: Run) -> str:
    """Says which gates are run on levels and on the run; empty where none are."""
    if run.gates is None:
        return ""
    found = [run.gates.runs[number] for number in run.gates.open]
    names = [_name(one) + _doing(one) for one in found if one.opened.on is not GateOn.TASK]
    return f"running {', '.join(names[:_SHOWN])}" if names else ""


def of_task(run: Run, task: TaskId) -> str:
    """Says at which gate a result is, and what the agent does that is it; empty where it is at none."""
    if run.gates is None:
        return ""
    found = [run.gates.runs[number] for number in run.gates.open]
    here = next((one for one in found if one.opened.task == task), None)
    return f"at its gate {named(here.opened.gate)}{_doing(here)}" if here is not None else ""


def _doing(found: GateRun) -> str:
    doing = activity(found.log) if found.agent and found.log else ""
    return f": {doing}" if doing else ""


# --- at the end ---------------------------------------------------------------------------


def rows(view: RunView) -> list[tuple[str, str, str, str]]:
    """Returns a row a gate: name, what it is run on, how often with which verdicts, how long."""
    groups: dict[tuple[str, str], list[GateView]] = {}
    for one in view.gates:
        groups.setdefault((one.gate, one.on), []).append(one)
    return [
        (clean(gate), on, _tally(found), duration(sum(one.duration_s for one in found)))
        for (gate, on), found in groups.items()
    ]


def _tally(found: list[GateView]) -> str:
    counts: dict[str, int] = {}
    for one in found:
        word = one.verdict or "running"
        counts[word] = counts.get(word, 0) + 1
    flaky = sum(one.flaky for one in found)
    told = ", ".join(f"{n} {word}" for word, n in counts.items())
    return f"{counted(len(found), 'run')}: {told}" + (f", {flaky} of them flaky" if flaky else "")


def notes(view: RunView) -> list[str]:
    """Returns what somebody may want to know of single runs of gates, a line each."""
    lines = []
    for one in view.gates:
        name = f"gate {named(one.gate)} (number {one.number})"
        if one.flaky:
            lines.append(f"{name} is flaky: it failed and then passed on the same tree {one.tree[:12]}")
        if one.edits:
            lines.append(f"{name} changed {listed(one.edits, _SHOWN)}: undone, part of no result")
    return lines
