"""Sister runs as one: what people and programs are shown of a plan over several repositories. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from itertools import accumulate

from gitpar.core.agents import Tokens
from gitpar.core.asked import Sister
from gitpar.core.names import TaskId
from gitpar.core.pace import Pace
from gitpar.core.run import Run
from gitpar.core.view import (
    AttemptView,
    LevelView,
    Metrics,
    PublicationView,
    RunView,
    TaskView,
    view,
)
from gitpar.values import dataclass

_WORST_FIRST = ("running", "interrupted", "needs-you", "failed", "done")


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """One of the repositories: where it is, and what its own run moved."""

    name: str
    path: str
    state: str
    base: str
    levels: tuple[LevelView, ...]
    publication: PublicationView | None


def together(found: Sequence[tuple[Sister, Run]], now: float | None = None) -> RunView:
    """Returns one view of all: each task as its own repository knows it, levels as the first has them.

    `now` is the instant for runs that somebody works on, None where they stand still.
    """
    views = [(sister.name, view(run, run.last_at if now is None else now)) for sister, run in found]
    first = views[0][1]
    by_repo = {name: {task.id: task for task in one.tasks} for name, one in views}
    tasks = tuple(by_repo[task.repo][task.id] if task.repo is not None else task for task in first.tasks)
    alike = [one for _, one in views]
    return replace(
        first,
        state=min((one.state for one in alike), key=_WORST_FIRST.index),
        message=_messages((name, one.message) for name, one in views),
        trouble=_messages((name, one.trouble) for name, one in views),
        waits=tuple(wait for one in alike for wait in one.waits),
        tasks=tasks,
        conflicts=tuple(pair for one in alike for pair in one.conflicts),
        metrics=_metrics(alike, tasks, [run for _, run in found]),
        to_publish=any(one.to_publish for one in alike),
        publication=_publication(views),
        gates=tuple(gate for one in alike for gate in one.gates),
        awaited=next((one.awaited for one in alike if one.awaited is not None), None),
        repositories=tuple(
            RepositoryView(sister.name, sister.path, one.state, one.base, one.levels, one.publication)
            for (sister, _), one in zip(found, alike, strict=True)
        ),
    )


def _publication(views: Sequence[tuple[str, RunView]]) -> PublicationView | None:
    """Returns the first one's publication, with the problems of all; another's where that one has none."""
    found = [(name, one.publication) for name, one in views if one.publication is not None]
    if not found:
        return None
    told = tuple(f"{name}: {problem}" for name, one in found for problem in one.problems)
    return replace(found[0][1], problems=told, closed=all(one.closed for _, one in found))


def seen_as_one(runs: Sequence[Run]) -> Run:
    """Returns a run to look at that has every task as its own repository knows it; never to be changed.

    The others may go on meanwhile, each on its thread: what changes size is copied whole.
    """
    one = copy(runs[0])
    by_repo = {run.sisters.own: run for run in runs if run.sisters is not None}
    one.tasks = {
        task.id: by_repo.get(task.repo or "", runs[0]).tasks[task.id] for task in runs[0].graph.tasks.values()
    }
    one.active = {}
    for run in runs:
        one.active |= run.active.copy()
    one.current = min(run.current for run in runs)
    one.pace = Pace(_jobs(runs))
    return one


def _messages(said: Iterable[tuple[str, str]]) -> str:
    """Joins what the runs say, each with its repository; what all say is said once."""
    told = [(name, text) for name, text in said if text]
    if len({text for _, text in told}) == 1:
        return told[0][1]
    return "; ".join(f"{name}: {text}" for name, text in told)


def _jobs(runs: Sequence[Run]) -> int:
    """How many may be at work at once in all repositories."""
    settings = runs[0].settings
    return sum(run.pace.jobs for run in runs) if settings.jobs_first is not None else settings.jobs


def _metrics(found: Sequence[RunView], tasks: Sequence[TaskView], runs: Sequence[Run]) -> Metrics:
    """Makes the figures of all runs; the wall time is that of the run that took longest."""
    each = [one.metrics for one in found]
    first = each[0]
    attempts = [attempt for task in tasks for attempt in task.attempts]
    wall_s, task_s = max(one.wall_s for one in each), sum(one.task_s for one in each)
    longest = {TaskId(task.id): sum(a.duration_s or 0.0 for a in task.attempts) for task in tasks}
    critical_s = sum(longest[name] for name in runs[0].graph.critical_path(longest))
    jobs = max(1, _jobs(runs))
    costs = [one.cost_usd for one in each if one.cost_usd is not None]
    tokens = Tokens()
    for one in each:
        tokens = tokens.plus(one.tokens)
    return replace(
        first,
        wall_s=wall_s,
        task_s=task_s,
        bound_s=max(critical_s, task_s / jobs),
        speedup=task_s / wall_s if wall_s else 0.0,
        efficiency=task_s / wall_s / jobs if wall_s else 0.0,
        conflict_rate=_conflict_rate(found),
        max_concurrent=min(_at_once(attempts), sum(one.max_concurrent for one in each), jobs),
        jobs=jobs,
        adapted=sum(one.adapted for one in each),
        spawned=sum(one.spawned for one in each),
        succeeded=sum(one.succeeded for one in each),
        failed=sum(one.failed for one in each),
        retried=sum(one.retried for one in each),
        # who has no estimate for all tasks counts those that were worked on: its own
        estimated_sequential_s=max(task_s, *(one.estimated_sequential_s for one in each)),
        tokens=tokens,
        cost_usd=sum(costs) if costs else None,
    )


def _conflict_rate(found: Sequence[RunView]) -> float:
    """The share of the tasks that were worked on whose results did not merge at the first try."""
    worked = [sum(any(a.state == "succeeded" for a in t.attempts) for t in one.tasks) for one in found]
    refused = sum(one.metrics.conflict_rate * n for one, n in zip(found, worked, strict=True))
    return refused / sum(worked) if sum(worked) else 0.0


def _at_once(attempts: Sequence[AttemptView]) -> int:
    """The most attempts that were worked on at one instant, which clocks tell within a hair."""
    began = [(a.started_at, 1) for a in attempts if a.started_at is not None]
    ended = [(a.started_at + (a.duration_s or 0.0), -1) for a in attempts if a.started_at is not None]
    return max(accumulate(change for _, change in sorted([*began, *ended])), default=0)
