"""What a run, a wave or a task may take: tokens, money, time. Pure; part of `decide`.

A worker starts only where what has been spent, what those at work are expected to spend
and what it is expected to spend itself stay below the limit. What is expected is the mean
of the attempts so far; while nothing is known, one works alone. The runs of one plan in
several repositories have one budget.
"""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.agents import COMMAND, Allowance
from gitpar.core.events import RunResumed
from gitpar.core.run import Level, Run, Spent, TaskRun

LEAST_S = 60.0
"""A worker for whom less than this is left is not started."""


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
    names = ("max_cost_usd", "max_tokens", "max_time_s")
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
            variable = "GITPAR_MAX_COST" if "$" in of_run else "GITPAR_MAX_TOKENS"
            return f"the run's budget is used up: {of_run}; with a higher one: {variable}=… gitpar resume"
        of_wave = _over(run, taken(run, level), (limits.wave_max_cost_usd, limits.wave_max_tokens), beside)
        if of_wave:
            return f"the budget of wave {level.number} is used up: {of_wave}"
    left = time_left(run, level)
    if left is not None and left < LEAST_S:
        return f"its time is used up: {max(0.0, left):.0f} s are left, and a worker needs {LEAST_S:.0f}"
    return ""


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
    left = []
    if run.settings.max_time_s is not None:
        gone = max(_worked_s(each) for each in of_all(run))
        left.append(run.settings.max_time_s - gone)
    if run.settings.wave_max_time_s is not None and level.opened_at:
        left.append(run.settings.wave_max_time_s - (run.last_at - level.opened_at))
    return min(left, default=None)


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
