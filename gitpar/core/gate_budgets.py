"""What gates may take: the time, tokens and money that are left for the run and the wave. Pure.

A part of `decide` and `apply` that runs without gates do not load. What an agent takes that is
a gate counts as what workers take; a task's own budget is its workers' alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitpar.core import accounts
from gitpar.core.agents import Allowance
from gitpar.core.budgets import LEAST_S, of_all, raising, taken, time_left
from gitpar.core.commands import Command, Pause, StopForBudget
from gitpar.core.gate_book import GateBook, GateRun
from gitpar.core.gate_commands import RunGate
from gitpar.core.gate_events import Verdict
from gitpar.core.run import Level, Run, Spent

_MOST_WAITS = 6
"""How often an agent that was told to slow down is asked again before the run stops."""


def spend(run: Run, book: GateBook, found: GateRun) -> None:
    """Adds what the agent of a gate took, when it has ended; a pause where it was told to slow down."""
    ended = found.ended
    if ended is None or ended.report is None:
        return
    report = ended.report
    book.spent.attempts += 1
    for spent in (book.spent, run.spent, *_levels(run, found.opened.level)):
        spent.tokens += report.tokens.all
        spent.usd += report.cost_usd or 0.0
    if ended.verdict is Verdict.INTERRUPTED and report.trouble in accounts.SLOW:
        accounts.told_to_slow_down(run, found.agent, ended.at, surely=True)
        book.slowed += 1
        if book.slowed > _MOST_WAITS:
            run.trouble = run.trouble or f"the agent of a gate cannot work: {ended.message}"
    elif report.verdict and (rules := run.rules.get(found.agent)) is not None:
        run.accounts.pop(rules.account, None)  # it works again


def _levels(run: Run, number: int) -> Iterator[Spent]:
    if 0 < number <= len(run.levels):
        yield run.levels[number - 1].spent


def afforded(run: Run, book: GateBook, due: Sequence[Command]) -> list[Command]:
    """Gives every gate that is due what is left; one for which nothing is left stops the run instead.

    While others are at work it waits: what they leave over is known when they end.
    """
    if not run.limited and not run.accounts:
        return list(due)
    found: list[Command] = []
    beside = sum(1 for each in _books(run) for n in tuple(each.open) if each.runs[n].agent)
    for command in due:
        if not isinstance(command, RunGate):
            found.append(command)
            continue
        pause = _paused(run, command)
        if pause is not None:
            found += [pause] if not run.paused_until or pause.until < run.paused_until else []
            continue
        if why := _used_up(run, command, beside):
            if not (book.at_work(run) or book.open or found or any(map(_is_busy, run.beside))):
                return [StopForBudget(why)]
            continue
        if command.rules.agent and beside and run.limited and not _known(run).attempts:
            continue  # nobody knows yet what one takes
        beside += bool(command.rules.agent)
        found.append(_with_limits(run, command))
    return found


def _books(run: Run) -> list[GateBook]:
    """The gates of all repositories of the plan."""
    return [each.gates for each in of_all(run) if each.gates is not None]


def _known(run: Run) -> Spent:
    """Returns what agents that are gates have taken so far."""
    found = Spent()
    for book in _books(run):
        found.attempts += book.spent.attempts
        found.tokens += book.spent.tokens
        found.usd += book.spent.usd
    return found


def _is_busy(run: Run) -> bool:
    return bool(run.active) or (run.gates is not None and bool(run.gates.open))


def _paused(run: Run, command: RunGate) -> Pause | None:
    rules = run.rules.get(command.rules.agent)
    account = run.accounts.get(rules.account) if rules is not None else None
    if account is None or not account.times or run.last_at >= account.until:
        return None
    return Pause(account.until)


def _used_up(run: Run, command: RunGate, beside: int) -> str:
    """Says which limit another gate would pass, with so many agents beside it; empty where none."""
    level, own = _level(run, command), command.rules.timeout_s
    left_s = time_left(run, level)
    least_s = LEAST_S if own is None else min(LEAST_S, own)
    if left_s is not None and left_s < least_s:
        short = f"{max(0.0, left_s):.0f} s are left, and gate `{command.rules.name}` needs {least_s:.0f}"
        return f"the time is used up: {short}{raising(run, level, ['s'])}"
    left = _left(run, command)
    if not command.rules.agent or left is None:
        return ""
    of_gates = _known(run)
    known = of_gates.attempts
    usd = of_gates.usd / known * (beside + 1) if known else 0.0
    tokens = of_gates.tokens / known * (beside + 1) if known else 0.0
    if left.usd is not None and (left.usd <= 0 or usd > left.usd):
        left_over = f"${left.usd:.2f}"
    elif left.tokens is not None and (left.tokens <= 0 or tokens > left.tokens):
        left_over = f"{left.tokens} tokens"
    else:
        return ""
    how = raising(run, level, ["usd" if "$" in left_over else "tokens"])
    return f"the budget is used up: {left_over} are left for gate `{command.rules.name}`{how}"


def _with_limits(run: Run, command: RunGate) -> RunGate:
    left_s = time_left(run, _level(run, command))
    own = command.rules.timeout_s
    hurried = left_s is not None and (own is None or left_s < own)
    allowance = _left(run, command) if command.rules.agent else None
    return replace(command, timeout_s=left_s if hurried else None, allowance=allowance)


def _left(run: Run, command: RunGate) -> Allowance | None:
    limits, level = run.settings, _level(run, command)
    of_run = (limits.max_cost_usd, limits.max_tokens, taken(run))
    of_wave = (limits.wave_max_cost_usd, limits.wave_max_tokens, taken(run, level))
    both = (of_run, of_wave)
    usd = min((most - spent.usd for most, _, spent in both if most is not None), default=None)
    tokens = min((most - spent.tokens for _, most, spent in both if most is not None), default=None)
    if usd is None and tokens is None:
        return None
    return Allowance(
        usd=None if usd is None else max(0.0, usd), tokens=None if tokens is None else max(0, tokens)
    )


def _level(run: Run, command: RunGate) -> Level:
    return run.levels[command.level - 1]
