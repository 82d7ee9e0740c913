"""What agents' troubles mean for the run: the breaker of an account, and what follows a failure. Pure.

An account is whatever shares rate limits. Told to slow down often enough, nobody new starts
with it for a while (open); then one attempt tries (half-open); its success lets all start
again (closed). Attempts that are at work go on: their programs wait by themselves.
"""

from __future__ import annotations

import zlib
from enum import Enum

from gitpar.core import pacing, places, sessions
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import COMMAND, Trouble
from gitpar.core.budgets import task_used_up
from gitpar.core.names import TaskId
from gitpar.core.run import Account, Run, TaskRun
from gitpar.core.verdicts import failure_text

_STRIKES = 3
"""How often an account is told to slow down before nobody new starts with it."""
_LONGEST_S = 900.0
_MOST_WAITS = 6
"""How often a task waits for an account to recover before it counts as failed."""
_JITTER = 0.2
SLOW = (Trouble.RATE_LIMIT, Trouble.OVERLOADED)
_HOPELESS = (Trouble.BUDGET, Trouble.PERMISSION, Trouble.TOO_LONG)
"""Another try by the same agent would end the same way."""


class Next(Enum):
    """What follows a failed attempt."""

    COUNTED = "counted"
    """It is tried again as often as the settings allow."""
    AGAIN = "again"
    """It was not the task's fault: tried again, and not counted."""
    GIVEN_UP = "given up"


def account_of(run: Run, task: TaskRun, agent: str) -> str:
    """Returns the account that an agent works on for a task: the stream's, else its own; empty for a command.

    An agent that has taken over works on its own: it may be another provider's.
    """
    rules = run.rules.get(agent)
    if rules is None:
        return ""
    of_stream = places.account_of(run, task.task) if agent != task.taken_over_by else ""
    return of_stream or rules.account


def throttled(run: Run, task: TaskRun, at: float, *, surely: bool = False) -> None:
    """Counts that an account was told to slow down; `surely` opens its breaker at once."""
    rules = run.rules.get(task.last.agent)
    if rules is None:
        return
    _strike(run, account_of(run, task, rules.name), rules, at, who=task.task.id, surely=surely)


def told_to_slow_down(run: Run, agent: str, at: float, *, surely: bool = False) -> None:
    """Does the same for an agent that works on no task."""
    rules = run.rules.get(agent)
    if rules is not None:
        _strike(run, rules.account, rules, at, who=None, surely=surely)


def _strike(  # noqa: PLR0913 - who was told what, and when
    run: Run, name: str, rules: AgentRules, at: float, *, who: TaskId | None, surely: bool
) -> None:
    account = run.accounts.setdefault(name, Account())
    account.strikes += 1
    open_now = account.times > 0 and at < account.until
    if open_now or (account.strikes < _STRIKES and not account.times and not surely):
        return
    if account.times and account.probe != who and not surely:
        return  # whoever was at work before it opened says nothing about now
    account.times += 1
    pause_s = min(rules.cooling_s * 2 ** (account.times - 1), _LONGEST_S)
    account.until = at + pause_s * (1 + _JITTER * _spread(f"{run.id}{name}{account.times}"))
    account.probe = None


def recovered(run: Run, task: TaskRun) -> None:
    """Closes the breaker of an account with which an attempt has succeeded; its session may go on."""
    sessions.keep(run, task)
    run.accounts.pop(account_of(run, task, task.last.agent), None)


def begun(run: Run, task: TaskRun) -> None:
    """Remembers who tries an account whose pause is over."""
    account = run.accounts.get(account_of(run, task, task.last.agent))
    if account is not None and account.times:
        account.probe = task.task.id


def settled(run: Run, task: TaskRun) -> None:
    """Lets the next one try where the one that tried has ended without a word about the account."""
    account = run.accounts.get(account_of(run, task, task.last.agent))
    if account is not None and account.probe == task.task.id:
        account.probe = None


def held_until(run: Run, task: TaskRun, agent: str) -> float | None:
    """Returns when an agent may start with a task: 0 for now, None for when another one has tried."""
    account = run.accounts.get(account_of(run, task, agent))
    if account is None or not account.times:
        return 0.0
    if run.last_at < account.until:
        return account.until
    return 0.0 if account.probe is None else None


def agent_of(task: TaskRun) -> str:
    """Returns the name of the agent that works on the next attempt."""
    return task.taken_over_by or task.task.agent or COMMAND


def after_failure(run: Run, task: TaskRun) -> Next:
    """Says what follows a failed attempt.

    Where another agent takes over the task knows it; where nothing can work until
    somebody has mended something, the run is in trouble, and stops.
    """
    task.last.no_more = task_used_up(run, task)
    return Next.GIVEN_UP if task.last.no_more else _after_trouble(run, task)


def _after_trouble(run: Run, task: TaskRun) -> Next:
    attempt = task.last
    trouble = attempt.report.trouble if attempt.report is not None else Trouble.NONE
    if sessions.lost(run, task):
        return Next.AGAIN
    if trouble in SLOW:
        throttled(run, task, run.last_at, surely=True)
        pacing.slowed(run, run.last_at)
        if task.waits < _MOST_WAITS:
            task.waits += 1
            return Next.AGAIN
    more = trouble is Trouble.NONE or trouble is Trouble.TURNS
    if more and task.failures < retries(run, task):
        return Next.COUNTED
    if _taken_over(run, task):
        return Next.AGAIN
    if trouble is Trouble.KEY:
        run.trouble = run.trouble or f"`{attempt.agent}` cannot work: {failure_text(attempt)}"
        return Next.AGAIN
    return Next.GIVEN_UP if trouble in (*_HOPELESS, *SLOW) else Next.COUNTED


def is_hopeless(task: TaskRun) -> bool:
    """Says whether the same agent would fail again in the same way, whoever else is at work."""
    report = task.last.report if task.attempts else None
    return bool(task.attempts and task.last.no_more) or (report is not None and report.trouble in _HOPELESS)


def retries(run: Run, task: TaskRun) -> int:
    """How often a task that fails is tried again."""
    return run.settings.retries if task.task.retries is None else task.task.retries


def _taken_over(run: Run, task: TaskRun) -> bool:
    """Gives the task to the agent that its last one falls back to, unless that one has had it."""
    rules = run.rules.get(task.last.agent)
    other = rules.fallback if rules is not None else None
    if other is None or any(attempt.agent == other for attempt in task.attempts):
        return False
    task.taken_over_by = other
    task.failures = task.waits = 0
    return True


def _spread(text: str) -> float:
    """Returns a number from -1 to 1 that depends on a text alone: a replay must decide alike."""
    return zlib.crc32(text.encode()) / 0x7FFFFFFF - 1
