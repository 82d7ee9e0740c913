"""In which order the results of a wave are tried, by the run's setting. Pure; part of `apply`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from gitpar.core.conflicts import Tier
from gitpar.core.names import TaskId
from gitpar.core.order import heaviest
from gitpar.core.run import Level, Run, TaskState
from gitpar.core.settings import Order


def to_try(run: Run, level: Level) -> list[TaskId]:
    """Returns the tasks of a level whose results are there and have not landed, in the order to try them."""
    there = [task_id for task_id in level.tasks if run.tasks[task_id].state is TaskState.FINISHED]
    match run.settings.order:
        case Order.PLAN:
            return there
        case Order.FINISHED:
            # what a person accepted had been there before
            came = {task_id: at for at, task_id in enumerate(level.finished)}
            return sorted(there, key=lambda task_id: came.get(task_id, -1))
        case Order.MOST:
            return _most(run, level, there)
        case _:
            assert_never(run.settings.order)


def _most(run: Run, level: Level, there: Sequence[TaskId]) -> list[TaskId]:
    """Puts those first that merge with each other and weigh the most; the rest keeps its order.

    A task weighs as much as there are tasks that wait for it, directly or not, and one
    for itself. What has landed already leaves no choice to those that conflict with it.
    """
    conflicts = [pair for pair in (level.report.pairs if level.report else ()) if pair.tier is Tier.CONFLICT]
    landed = {task_id for task_id in level.tasks if run.tasks[task_id].state is TaskState.LANDED}
    beaten = {pair.b if pair.a in landed else pair.a for pair in conflicts if {pair.a, pair.b} & landed}
    free = [task_id for task_id in there if task_id not in beaten]
    at = {task_id: n for n, task_id in enumerate(free)}
    pairs = {(at[pair.a], at[pair.b]) for pair in conflicts if pair.a in at and pair.b in at}
    if not pairs:
        return list(there)
    torn = {n for pair in pairs for n in pair}
    weights = [1 + len(run.graph.downstream([task])) if n in torn else 1 for n, task in enumerate(free)]
    chosen = [free[n] for n in heaviest(weights, pairs)]
    first = frozenset(chosen)
    return [*chosen, *(task_id for task_id in there if task_id not in first)]
