"""Which of the tasks that are ready may start now, by accounts and budgets. Pure; part of `decide`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from gitpar.core.accounts import account_of, agent_of, held_until
from gitpar.core.budgets import at_work, must_wait, used_up
from gitpar.core.commands import Command, Pause, StopForBudget
from gitpar.core.names import TaskId
from gitpar.core.run import Run

_LOOKED_AT = 500
"""How many tasks are looked at for one that may start; those behind have the same agents."""


def startable(run: Run, queue: Iterable[TaskId], free: int) -> tuple[list[TaskId], list[Command]]:
    """Returns who of a queue starts now, and what is due besides: a pause, or the stop for a budget."""
    if not run.accounts and not run.limited:
        return list(islice(queue, free)), []
    found: list[TaskId] = []
    trying: set[str] = set()
    wake: float | None = None
    for task_id in islice(queue, _LOOKED_AT):
        if len(found) >= free:
            break
        task = run.tasks[task_id]
        agent = agent_of(task)
        account = account_of(run, task, agent)
        held = held_until(run, task, agent)
        if held is None or held or account in trying:
            wake = min(held, wake or held) if held else wake
            continue
        if must_wait(run, agent, len(found)):
            break
        if why := used_up(run, run.levels[run.tasks[task_id].level - 1], agent, len(found)):
            if at_work(run) or found:
                break  # what those at work leave over is known when they end
            return [], [StopForBudget(why)]
        if account in run.accounts and run.accounts[account].times:
            trying.add(account)
        found.append(task_id)
    if wake is not None and (not run.paused_until or wake < run.paused_until):
        return found, [Pause(wake)]
    return found, []
