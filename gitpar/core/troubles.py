"""What is heard of workers, and what stops or delays a run because of agents. Pure; part of `apply`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gitpar.core import accounts, budgets, pacing
from gitpar.core import agent_events as ae
from gitpar.core import events as e
from gitpar.core.agents import AgentReport, Trouble
from gitpar.core.run import Run, TaskRun


def _worker_started(run: Run, event: e.WorkerStarted) -> None:
    attempt = run.tasks[event.task].last
    attempt.started_at = event.at
    attempt.worktree = event.worktree
    attempt.log = event.log
    if event.afresh:
        attempt.session = ""


def _worker_ended(run: Run, event: e.WorkerEnded) -> None:
    attempt = run.tasks[event.task].last
    attempt.ending = event.ending
    attempt.exit = event.exit
    attempt.duration_s = event.duration_s
    attempt.message = event.message
    attempt.report = event.report
    if attempt.asks:
        attempt.report = replace(event.report or AgentReport(), trouble=Trouble.PERMISSION)
    run.to_end.pop(event.task, None)
    budgets.spend(run, run.tasks[event.task])
    if event.report is not None and event.report.reached:
        _reached(run, run.tasks[event.task], event.report.reached)


def _reached(run: Run, task: TaskRun, worktrees: tuple[str, ...]) -> None:
    """Notes at both that one's tool calls name the other's worktree, while that one was there."""
    began = task.last.started_at or task.last.opened_at
    for other in run.tasks.values():
        if other is task or not other.attempts or other.last.worktree not in worktrees:
            continue
        attempt = other.last
        ended = (attempt.started_at or attempt.opened_at) + attempt.duration_s
        if attempt.ending is None or ended >= began:
            why = "its tool calls name the worktree"
            attempt.notes += (f"`{task.task.id}` may have written into its worktree: {why}",)
            task.last.notes += (f"{why} of `{other.task.id}`",)


def _agent_troubled(run: Run, event: ae.AgentTroubled) -> None:
    task = run.tasks[event.task]
    if event.trouble in accounts.SLOW:
        accounts.throttled(run, task, event.at)
        pacing.slowed(run, event.at)
    elif event.trouble is Trouble.BUDGET:
        run.to_end[event.task] = event.message
    elif event.trouble is Trouble.KEY:
        run.to_end[event.task] = f"its key was refused ({event.message})"


def _agent_silent(run: Run, event: ae.AgentSilent) -> None:
    run.to_end[event.task] = silence_text(event.for_s, event.asks)
    run.tasks[event.task].last.asks = bool(event.asks)


def silence_text(for_s: float, asks: str) -> str:
    """Says why an agent is ended that prints nothing any more."""
    return (
        f"it waits for an answer that nobody gives: {asks}"
        if asks
        else f"it printed nothing for {for_s:.0f} s"
    )


def _worker_ending(run: Run, event: ae.WorkerEnding) -> None:
    run.to_end.pop(event.task, None)
    run.tasks[event.task].last.cut_short = event.message


def _pause_begun(run: Run, event: ae.PauseBegun) -> None:
    run.paused_until = event.until


def _pause_over(run: Run, _event: ae.PauseOver) -> None:
    run.paused_until = 0.0


def _budget_reached(run: Run, event: ae.BudgetReached) -> None:
    run.trouble = run.trouble or event.message


APPLIED: dict[type[e.Event], Callable[[Run, Any], None]] = {
    e.WorkerStarted: _worker_started,
    e.WorkerEnded: _worker_ended,
    ae.AgentTroubled: _agent_troubled,
    ae.AgentSilent: _agent_silent,
    ae.WorkerEnding: _worker_ending,
    ae.PauseBegun: _pause_begun,
    ae.PauseOver: _pause_over,
    ae.MachineSeen: pacing.seen,
    ae.BudgetReached: _budget_reached,
}
