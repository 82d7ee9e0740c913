"""What people are told of results that did not merge and what was tried with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gitpar.core import events as e
from gitpar.core import policy_events as pe
from gitpar.core.conflicts import Tier
from gitpar.core.policies import BY_AGENT, BY_COMMAND
from gitpar.core.run import Run, TaskRun, TaskState
from gitpar.core.settlement import Mending, SettledPath
from gitpar.core.verdicts import refusal_text
from gitpar.core.view import RunView, TaskView
from gitpar.ui.plain import clean, listed, named, places

_MOST_PATHS = 4
STARTED = {
    BY_AGENT: ", to settle its conflict",
    BY_COMMAND: ": the command that makes files anew, on what has landed",
}
"""What is said of an attempt that repairs a conflict, by its kind."""


def settled_text(paths: Iterable[SettledPath]) -> str:
    """Says which paths were settled by what: "union (CHANGELOG.md), agent (src/x.py)"."""
    by: dict[str, list[str]] = {}
    for one in paths:
        by.setdefault(one.policy.value, []).append(one.path)
    return ", ".join(f"{means} ({listed(names, _MOST_PATHS)})" for means, names in by.items())


def gates_text(paths: Iterable[SettledPath]) -> str:
    """Says which gates what was settled has passed."""
    gates = list(dict.fromkeys(one.gate for one in paths if one.gate))
    return f"passed {listed(gates, _MOST_PATHS)}" if gates else "no gate is configured"


def settled_lines(view: RunView) -> list[str]:
    """Returns a line for each landing that is not git's plain merge alone."""
    return [
        f"{named(task.id)}: settled by {settled_text(task.settled)}; {gates_text(task.settled)}"
        for task in view.tasks
        if task.settled
    ]


def landed_with(task: TaskView) -> str:
    """Says how a task landed that a policy settled, after a semicolon; empty for a plain merge."""
    return f"; {named(task.id)} was settled by {settled_text(task.settled)}" if task.settled else ""


def _landing_settled(event: pe.LandingSettled, run: Run) -> list[str]:
    found = event.settlement
    name = clean(event.task)
    lines = list(_notes(event.task, event.notes))
    if found.settled:
        lines.append(f"{name}: settled by {settled_text(found.settled)}")
    if found.left:
        who = clean(run.tasks[event.task].task.agent or "its agent")
        lines.append(f"{name}: {who} is to settle {listed(found.left, _MOST_PATHS)}")
    elif found.regenerate:
        paths = listed(found.regenerate, _MOST_PATHS)
        lines.append(f"{name}: {paths} will be made anew from what has landed")
    return lines


def _landing_refused(event: e.LandingRefused, run: Run) -> list[str]:
    task = run.tasks[event.task]
    if task.mending is Mending.SETTLE and task.state is TaskState.FINISHED:
        return []  # what drivers make of it follows at once
    why = [f"{clean(event.task)}: {clean(event.reason)}"] if task.unsettled and event.reason else []
    return [*why, _passed_on(run, task)]


def _settling_refused(event: pe.SettlingRefused, run: Run) -> list[str]:
    why = [f"{clean(event.task)}: {clean(event.reason)}"] if event.reason else []
    return [*_notes(event.task, event.notes), *why, _passed_on(run, run.tasks[event.task])]


def _passed_on(run: Run, task: TaskRun) -> str:
    """Says what becomes of a result that was refused."""
    if task.state is TaskState.HELD:
        return f"{clean(task.task.id)} is held: {clean(task.reason)}"
    return f"{clean(task.task.id)} steps aside: {_against(run, task)}"


def _against(run: Run, task: TaskRun) -> str:
    """Names the landed tasks, places and lines that a result does not merge with."""
    level = run.levels[task.level - 1]
    told = [
        f"{named(pair.b if pair.a == task.task.id else pair.a)} in {places(pair.paths)}"
        for pair in (level.report.pairs if level.report else ())
        if pair.tier is Tier.CONFLICT
        and task.task.id in (pair.a, pair.b)
        and run.tasks[pair.b if pair.a == task.task.id else pair.a].state is TaskState.LANDED
    ]
    return f"does not merge with {'; '.join(told[:3])}" if told else clean(refusal_text(run, task))


def _notes(task_id: str, notes: Iterable[str]) -> Iterator[str]:
    return (f"{clean(task_id)}: {clean(note)}" for note in notes)


SAID: dict[type[e.Event], Callable[[Any, Run], list[str]]] = {
    e.LandingRefused: _landing_refused,
    pe.LandingSettled: _landing_settled,
    pe.SettlingRefused: _settling_refused,
}
