"""What the events of gates mean for a run. Pure; part of `apply`, loaded by runs that have gates only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gitpar.core import accounts, pacing
from gitpar.core import events as e
from gitpar.core import gate_events as ge
from gitpar.core.agents import Trouble
from gitpar.core.apply import settle
from gitpar.core.budgets import raising
from gitpar.core.gate_book import GateBook, GateRun, Trial
from gitpar.core.gate_budgets import spend
from gitpar.core.gate_words import blame_text
from gitpar.core.run import Run, TaskState
from gitpar.core.troubles import silence_text
from gitpar.core.verdicts import give_up, set_state
from gitpar.core.waits import settled


def book(run: Run) -> GateBook:
    """Returns the run's book, which must be there."""
    if run.gates is None:
        raise ValueError("something happened at a gate of a run that has none")
    return run.gates


# --- one function an event ---------------------------------------------------------------


def _opened(run: Run, event: ge.GateOpened) -> None:
    gates = book(run)
    tasks = [run.graph[event.task]] if event.task is not None else []
    rules = gates.rules_of(event, tasks)
    gates.runs[event.number] = GateRun(event, rules.key, agent=rules.agent)
    gates.open[event.number] = None
    if event.task is not None:
        set_state(run.tasks[event.task], TaskState.RUNNING, f"at its gate `{event.gate}`")


def _started(run: Run, event: ge.GateStarted) -> None:
    found = book(run).runs[event.number]
    found.started_at, found.log, found.worktree = event.at, event.log, event.worktree


def _recovering(run: Run, event: ge.GateRecovering) -> None:
    gates = book(run)
    gates.lost.remove(event.number)
    gates.recovering.add(event.number)


def _ended(run: Run, event: ge.GateEnded) -> None:
    gates = book(run)
    found = gates.runs[event.number]
    found.ended = event
    found.log = event.log or found.log
    gates.open.pop(event.number, None)
    gates.recovering.discard(event.number)
    gates.to_end.pop(event.number, None)
    spend(run, gates, found)
    if event.verdict is ge.Verdict.BROKEN:
        run.trouble = run.trouble or event.message
    elif event.verdict is not ge.Verdict.INTERRUPTED:
        gates.trees[found.opened.commit] = event.tree
        known = gates.verdicts.setdefault((found.key, event.tree), [])
        found.flaky = event.verdict is ge.Verdict.PASSED and bool(known)
        known.append(event.number)
    task_id = found.opened.task
    if task_id is not None and gates.ungated.get(task_id) == found.opened.n:
        task = run.tasks[task_id]
        state = gates.at_gates(task)
        if state is None:
            set_state(task, TaskState.RUNNING, "its gates have still to pass")
        else:
            settle(run, task, state)


def _troubled(run: Run, event: ge.GateTroubled) -> None:
    gates = book(run)
    if event.trouble in accounts.SLOW:
        accounts.told_to_slow_down(run, gates.runs[event.number].agent, event.at)
        pacing.slowed(run, event.at)
    elif event.trouble is Trouble.BUDGET:
        level = run.levels[gates.runs[event.number].opened.level - 1]
        units = ["usd" if "$" in event.message else "tokens"]
        gates.to_end[event.number] = f"{event.message}{raising(run, level, units)}"
    elif event.trouble is Trouble.KEY:
        gates.to_end[event.number] = f"its key was refused ({event.message})"


def _silent(run: Run, event: ge.GateSilent) -> None:
    book(run).to_end[event.number] = silence_text(event.for_s, event.asks)


def _ending(run: Run, event: ge.GateEnding) -> None:
    book(run).to_end.pop(event.number, None)


def _place_left(run: Run, event: ge.PlaceLeft) -> None:
    book(run).places.pop(event.task, None)


def _trial_tried(run: Run, _event: ge.TrialTried) -> None:
    book(run).trying = True


def _trial_made(run: Run, event: ge.TrialMade) -> None:
    gates = book(run)
    gates.trying = False
    gates.trials[event.base, event.tasks] = Trial(event.commit, event.tree)
    if event.commit:
        gates.trees[event.commit] = event.tree


def _task_blamed(run: Run, event: ge.TaskBlamed) -> None:
    gates = book(run)
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    at = next(at for at, candidate in enumerate(level.batch) if candidate.task == event.task)
    level.to_land.extendleft(candidate.task for candidate in reversed(level.batch[at + 1 :]))
    del level.batch[at:]
    gates.failed += 1
    gates.judged += 1
    task.last.gate_log = gates.runs[event.number].log
    give_up(run, task, TaskState.HELD, blame_text(run, event))
    settled(run, event.task)
    gates.take_up_again(level)


def _level_blamed(run: Run, event: ge.LevelBlamed) -> None:
    level = run.levels[event.level - 1]
    waiting = [candidate.task for candidate in level.batch]
    waiting += [*level.to_land, *level.aside, *book(run).deferred.pop(level.number, ())]
    level.batch.clear()
    level.to_land.clear()
    level.aside.clear()
    for task_id in waiting:
        give_up(run, run.tasks[task_id], TaskState.HELD, event.reason)
        settled(run, task_id)


APPLIED: dict[type[e.Event], Callable[[Run, Any], None]] = {
    ge.GateOpened: _opened,
    ge.GateStarted: _started,
    ge.GateRecovering: _recovering,
    ge.GateEnded: _ended,
    ge.GateTroubled: _troubled,
    ge.GateSilent: _silent,
    ge.GateEnding: _ending,
    ge.PlaceLeft: _place_left,
    ge.TrialTried: _trial_tried,
    ge.TrialMade: _trial_made,
    ge.TaskBlamed: _task_blamed,
    ge.LevelBlamed: _level_blamed,
}
