"""What a run, a wave or a task may take: tokens, money, time. Pure; part of `decide`.

A worker starts only where what has been spent, what those at work are expected to spend
and what it is expected to spend itself stay below the limit. What is expected is the mean
of the attempts so far; while nothing is known, one works alone. The runs of one plan in
several repositories have one budget.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace

from gitpar.core.agents import COMMAND, Allowance
from gitpar.core.events import RunResumed
from gitpar.core.run import Level, Run, Spent, TaskRun

LEAST_S = 60.0
"""A worker or a gate for whom less than this is left is not started."""

_OF_RUN = ("max_cost_usd", "max_tokens", "max_time_s")
_OF_WAVE = tuple(f"wave_{name}" for name in _OF_RUN)
_OF_TASK = ("task_max_cost_usd", "task_max_tokens")


def spend(run: Run, task: TaskRun) -> None:
    """Adds what an attempt took, when its worker has ended."""
    report = task.last.report
    if report is None:
        return
    for spent in (run.spent, run.levels[task.level - 1].spent):
        spent.attempts += 1
        spent.tokens += report.tokens.all
        spent.usd += report.cost_usd or 0.0


def raised(run: Run, event: RunResumed) -> None:
    """Puts the limits of a resume in place of those that the run began with."""
    names = (*_OF_RUN, *_OF_WAVE, *_OF_TASK)
    given = {name: value for name in names if (value := getattr(event, name)) is not None}
    if given:
        run.settings = replace(run.settings, **given)


def of_all(run: Run) -> tuple[Run, ...]:
    """Returns a run with its sisters, as far as they are driven with it."""
    return (run, *run.beside)


def taken(run: Run, level: Level | None = None) -> Spent:
    """Returns what all of a run, or of a level, has taken; in every repository of its plan."""
    if not run.beside:
        return run.spent if level is None else level.spent
    found = Spent()
    for each in of_all(run):
        if level is None:
            _add(found, each.spent)
        elif level.number <= len(each.levels):
            _add(found, each.levels[level.number - 1].spent)
    return found


def _add(to: Spent, more: Spent) -> None:
    to.attempts += more.attempts
    to.tokens += more.tokens
    to.usd += more.usd


def at_work(run: Run) -> int:
    """Returns how many attempts are under way, in every repository of the plan."""
    return sum(len(each.active) for each in of_all(run))


def used_up(run: Run, level: Level, agent: str, beside: int) -> str:
    """Says which limit another attempt would pass, `beside` others starting with it; empty where none."""
    if agent != COMMAND:
        limits = run.settings
        of_run = _over(run, taken(run), (limits.max_cost_usd, limits.max_tokens), beside)
        if of_run:
            how = raising(run, level, ["usd" if "$" in of_run else "tokens"])
            return f"the run's budget is used up: {of_run}{how}"
        of_wave = _over(run, taken(run, level), (limits.wave_max_cost_usd, limits.wave_max_tokens), beside)
        if of_wave:
            how = raising(run, level, ["usd" if "$" in of_wave else "tokens"])
            return f"the budget of wave {level.number} is used up: {of_wave}{how}"
    left = time_left(run, level)
    if left is not None and left < LEAST_S:
        short = f"{max(0.0, left):.0f} s are left, and a worker needs {LEAST_S:.0f}"
        return f"{_whose_time(run, level)} is used up: {short}{raising(run, level, ['s'])}"
    return ""


def raising(run: Run, level: Level, units: Collection[str]) -> str:
    """Says what to type to go on with more of `usd`, `tokens` or `s`: every limit that is as good as reached.

    What is named is twice the limit, or as much more as it was where it was passed, and
    enough for another attempt.
    """
    spent = taken(run)
    known = max(1, spent.attempts)
    needs = {"usd": spent.usd / known, "tokens": spent.tokens / known, "s": LEAST_S}
    found = [limit for limit in _limits(run, level) if limit[0] in units]
    tightest = min((most - gone for _, _, most, gone in found), default=0.0)
    settings = []
    for unit, variable, most, gone in found:
        if most - gone <= max(tightest, needs[unit]):
            enough = max(2 * most, gone + max(most, needs[unit]))
            settings.append(f"GITPAR_{variable}={_written(unit, enough)}")
    return f"; to go on with more: {' '.join(settings)} gitpar resume {run.id}" if settings else ""


def _limits(run: Run, level: Level) -> list[tuple[str, str, float, float]]:
    """Lists the limits of the run and the wave: the unit, the setting, the most, and what is gone of it."""
    own, of_run, of_wave = run.settings, taken(run), taken(run, level)
    worked_s = max(_worked_s(each) for each in of_all(run))
    rows = (
        ("usd", "MAX_COST", own.max_cost_usd, of_run.usd),
        ("usd", "WAVE_MAX_COST", own.wave_max_cost_usd, of_wave.usd),
        ("tokens", "MAX_TOKENS", own.max_tokens, of_run.tokens),
        ("tokens", "WAVE_MAX_TOKENS", own.wave_max_tokens, of_wave.tokens),
        ("s", "MAX_TIME", own.max_time_s, worked_s),
        ("s", "WAVE_MAX_TIME", own.wave_max_time_s, _wave_s(run, level)),
    )
    return [(unit, name, float(most), float(gone)) for unit, name, most, gone in rows if most is not None]


def _written(unit: str, amount: float) -> str:
    """Returns an amount as a setting is written, rounded up to whole cents, hundreds of tokens or minutes."""
    if unit == "usd":
        return f"{math.ceil(amount * 100 - 1e-6) / 100:g}"
    if unit == "tokens":
        return str(math.ceil(amount / 100) * 100)
    return f"{math.ceil(amount / 60 - 1e-6)}m"


def _whose_time(run: Run, level: Level) -> str:
    times = [(most - gone, name) for unit, name, most, gone in _limits(run, level) if unit == "s"]
    return f"the time of wave {level.number}" if min(times)[1] == "WAVE_MAX_TIME" else "the run's time"


def allowance(run: Run, task: TaskRun) -> Allowance | None:
    """Returns what the next attempt at a task may take of its own budget; None without one."""
    limits = _of_task(run, task)
    if limits == (None, None):
        return None
    usd, tokens = limits
    spent = _taken(task)
    return Allowance(
        usd=None if usd is None else max(0.0, usd - spent.usd),
        tokens=None if tokens is None else max(0, tokens - spent.tokens),
    )


def task_used_up(run: Run, task: TaskRun) -> str:
    """Says why another attempt would pass the task's own budget; empty where it would not.

    It is expected to take as much as those before it, and nothing while there was none.
    """
    usd, tokens = _of_task(run, task)
    spent = _taken(task)
    if not spent.attempts:
        return ""
    mean = spent.tokens / spent.attempts
    if tokens is not None and spent.tokens + mean > tokens:
        return f"its own budget is used up: {spent.tokens} of {tokens} tokens"
    if usd is not None and spent.usd + spent.usd / spent.attempts > usd:
        return f"its own budget is used up: ${spent.usd:.2f} of ${usd:.2f}"
    return ""


def _of_task(run: Run, task: TaskRun) -> tuple[float | None, int | None]:
    limits, own = run.settings, task.task
    usd = limits.task_max_cost_usd if own.max_cost_usd is None else own.max_cost_usd
    return usd, limits.task_max_tokens if own.max_tokens is None else own.max_tokens


def _taken(task: TaskRun) -> Spent:
    spent = Spent()
    for attempt in task.attempts[task.counted_from :]:
        if attempt.report is not None:
            spent.attempts += 1
            spent.tokens += attempt.report.tokens.all
            spent.usd += attempt.report.cost_usd or 0.0
    return spent


def must_wait(run: Run, agent: str, beside: int) -> bool:
    """Says whether an attempt waits for one at work, because nobody knows yet what one takes."""
    limits = run.settings
    limited = any((limits.max_cost_usd, limits.max_tokens, limits.wave_max_cost_usd, limits.wave_max_tokens))
    return limited and agent != COMMAND and not taken(run).attempts and bool(at_work(run) or beside)


def time_left(run: Run, level: Level) -> float | None:
    """Returns the seconds that are left for workers; None without a limit."""
    return min((most - gone for unit, _, most, gone in _limits(run, level) if unit == "s"), default=None)


def _wave_s(run: Run, level: Level) -> float:
    return run.last_at - level.opened_at if level.opened_at else 0.0


def _worked_s(run: Run) -> float:
    return run.worked_s + (run.last_at - run.since if run.since is not None else 0.0)


def _over(run: Run, spent: Spent, limits: tuple[float | None, int | None], beside: int) -> str:
    usd, tokens = limits
    all_of_it = taken(run)
    known = all_of_it.attempts
    coming = at_work(run) + beside + 1
    if usd is not None:
        each = all_of_it.usd / known if known else 0.0
        if spent.usd >= usd or spent.usd + each * coming > usd:
            return f"${spent.usd:.2f} of ${usd:.2f}, an attempt takes about ${each:.2f}"
    if tokens is not None:
        mean = all_of_it.tokens / known if known else 0.0
        if spent.tokens >= tokens or spent.tokens + mean * coming > tokens:
            return f"{spent.tokens} of {tokens} tokens, an attempt takes about {mean:.0f}"
    return ""
