"""Folds what happens where the schedule is dag: results that arrive, and tasks that start before their level.

Pure; part of `apply`. In waves nothing of this is used.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import Any

from gitpar.core import ahead_events as ae
from gitpar.core import events as e
from gitpar.core.ahead import may_start, missing_dependency, was_replaced
from gitpar.core.landing_order import to_try
from gitpar.core.names import TaskId
from gitpar.core.places import drop, leave, offer
from gitpar.core.policies import forget
from gitpar.core.run import Level, Run, TaskRun, TaskState
from gitpar.core.settings import Order
from gitpar.core.settlement import Mending
from gitpar.core.verdicts import block_dependents, fate, set_state
from gitpar.core.waits import settled

_NO_NEWS = (
    *(e.AttemptOpened, e.WorkerStarted, e.WorkerEnded),
    *(e.LandingTried, e.LandingProved, e.LandingOpened, ae.FootingTried, ae.FootingMade, ae.CarryTried),
)
"""They change nothing about what others may stand on."""


def follow(run: Run, event: e.Event) -> None:
    """Lets those start that a task held back, or takes back those that it does not carry any more."""
    if isinstance(event, _NO_NEWS):
        return
    task_id = getattr(event, "task", None)
    if task_id is None or task_id not in run.tasks:
        if run.gates is not None:
            _take_back_all(run)
        return
    task = run.tasks[task_id]
    if task.state in (TaskState.FINISHED, TaskState.LANDED):
        let_start(run, task_id)
    elif task.state is not TaskState.RUNNING:
        take_back(run, task_id)


def let_start(run: Run, task_id: TaskId) -> None:
    """Lets those start that wait for a task, and for nothing else that is not there."""
    for later in run.graph.dependents[task_id]:
        level = run.levels[run.tasks[later].level - 1]
        if later not in level.offered and may_start(run, run.tasks[later]):
            offer(run, level, later)


def _take_back_all(run: Run) -> None:
    """Takes those out of the queues that may not start any more; a gate may have held a whole level."""
    parked = (each for queue in run.queues.parked.values() for each in queue)
    for task_id in [*run.queues.ready, *parked, *run.early.preparing]:
        task = run.tasks[task_id]
        level = run.levels[task.level - 1]
        if level.base is None and not may_start(run, task):
            _forget(run, level, task_id)


def take_back(run: Run, task_id: TaskId) -> None:
    """Takes those out of the queues that stand on a task's result, or on what does, and have not started."""
    todo = [task_id]
    seen: set[TaskId] = set()
    while todo:
        for later in run.graph.dependents[todo.pop()]:
            task = run.tasks[later]
            level = run.levels[task.level - 1]
            if later in seen or (later not in level.offered and task.state is not TaskState.FINISHED):
                continue
            seen.add(later)
            todo.append(later)
            if later not in run.active and later in level.offered:
                _forget(run, level, later)


def _forget(run: Run, level: Level, task_id: TaskId) -> None:
    run.early.preparing.discard(task_id)
    run.early.prepared.pop(task_id, None)
    drop(run, level, task_id)


def opened(run: Run, level: Level) -> None:
    """Has what came before a level was cut land on it, and blocks what waits for nothing any more.

    With the first level, the tasks of later ones that wait for nothing may start.
    """
    if not run.early.looked:
        run.early.looked = True
        _look_ahead(run)
    for task_id in level.tasks:
        task = run.tasks[task_id]
        if task.state is TaskState.PENDING and (before := missing_dependency(run, task)) is not None:
            _block(run, task, before)
    for task_id in to_try(run, level):
        arrive(run, level, run.tasks[task_id])


def comes_back(run: Run, task: TaskRun) -> None:
    """Lets a task whose attempt came to nothing start again, unless what it depends on was lost meanwhile."""
    level = run.levels[task.level - 1]
    if level.base is None:
        if not may_start(run, task):
            _forget(run, level, task.task.id)
    elif (before := missing_dependency(run, task)) is not None:
        _block(run, task, before)


def look_again(run: Run) -> None:
    """Begins anew with who may start early, where the levels to come are others."""
    for task_id in [each for each in run.tasks if run.levels and _waits_early(run, each)]:
        level = run.levels[run.tasks[task_id].level - 1]
        run.early.preparing.discard(task_id)
        run.early.prepared.pop(task_id, None)
        drop(run, level, task_id)
    if run.early.looked:
        _look_ahead(run)


def _waits_early(run: Run, task_id: TaskId) -> bool:
    task = run.tasks[task_id]
    return bool(task.level) and task_id not in run.active and run.levels[task.level - 1].base is None


def _look_ahead(run: Run) -> None:
    for task in run.tasks.values():
        if task.level > run.current + 1 and may_start(run, task):
            offer(run, run.levels[task.level - 1], task.task.id)


def arrive(run: Run, level: Level, task: TaskRun) -> None:
    """Takes a result in, once its level is cut: it lands, is carried over first, or is done again."""
    attempt, task_id = task.work, task.task.id
    if (before := missing_dependency(run, task)) is not None:
        _block(run, task, before)
    elif attempt.footing is not None and (other := was_replaced(run, attempt.footing)) is not None:
        _again(run, level, task, f"to be run again: it was built on a result of `{other}` that did not land")
    elif attempt.result == attempt.base:
        set_state(task, TaskState.LANDED, "changed nothing")
        settled(run, task_id)
    elif attempt.footing is None:
        queue(run, level, task_id)
    else:
        level.to_carry.append(task_id)


def queue(run: Run, level: Level, task_id: TaskId) -> None:
    """Lines a result up among those that wait to land."""
    if run.settings.order is Order.FINISHED:
        level.to_land.append(task_id)
    else:
        insort(level.to_land, task_id, key=run.graph.position.__getitem__)


def _block(run: Run, task: TaskRun, before: TaskRun) -> None:
    why = f"waits for `{before.task.id}`, which {fate(before)}"
    set_state(task, TaskState.BLOCKED, before.reason if before.state is TaskState.BLOCKED else why)
    _forget(run, run.levels[task.level - 1], task.task.id)
    block_dependents(run, task)
    take_back(run, task.task.id)
    settled(run, task.task.id)


def _again(run: Run, level: Level, task: TaskRun, why: str) -> None:
    leave(run, level, task.task.id)
    task.reruns += 1
    level.aside.append(task.task.id)
    set_state(task, TaskState.PENDING, why)
    take_back(run, task.task.id)
    settled(run, task.task.id)


def resumed(run: Run) -> None:
    """Begins again what a former owner had begun; what lies in no ref is made anew."""
    for task_id in run.early.preparing:
        offer(run, run.levels[run.tasks[task_id].level - 1], task_id, first=True)
    run.early.preparing.clear()
    run.early.prepared.clear()
    for level in run.levels:
        if level.carrying is not None:
            level.to_carry.appendleft(level.carrying)
            level.carrying = None
        for task_id in [each for each in level.to_land if run.tasks[each].work.own is not None]:
            task = run.tasks[task_id]
            attempt = task.work
            if attempt.own is not None:
                attempt.base, attempt.result = attempt.own
                attempt.own = None
                forget(task)
                task.settlement = attempt.carried
                task.mending = Mending.PROVE if task.settlement is not None else None
                level.to_land.remove(task_id)
                level.to_carry.append(task_id)


# --- events ------------------------------------------------------------------------------


def _footing_tried(run: Run, event: ae.FootingTried) -> None:
    ready = run.queues.ready
    if event.task in ready:  # else it was taken back by what was decided together with this
        ready.remove(event.task)
        run.early.preparing.add(event.task)


def _footing_made(run: Run, event: ae.FootingMade) -> None:
    if event.task in run.early.preparing:
        run.early.preparing.discard(event.task)
        run.early.prepared[event.task] = (event.base, event.footing)
        offer(run, run.levels[run.tasks[event.task].level - 1], event.task, first=True)


def _footing_refused(run: Run, event: ae.FootingRefused) -> None:
    if event.task in run.early.preparing:
        run.early.preparing.discard(event.task)
        leave(run, run.levels[run.tasks[event.task].level - 1], event.task)
        task = run.tasks[event.task]
        task.reason = task.reason or f"starts with its wave: {event.reason}"


def _carry_tried(run: Run, event: ae.CarryTried) -> None:
    level = run.levels[run.tasks[event.task].level - 1]
    level.to_carry.popleft()
    level.carrying = event.task


def _carried(run: Run, event: ae.Carried) -> None:
    task = run.tasks[event.task]
    level = run.levels[task.level - 1]
    level.carrying = None
    attempt = task.work
    if attempt.result is None:
        raise ValueError(f"`{event.task}` was carried over without a result")
    attempt.own = (attempt.base, attempt.result)
    attempt.carried = task.settlement
    forget(task)  # what it does not merge with when it lands is another matter
    attempt.base, attempt.result = event.base, event.result
    if event.result == event.base:
        set_state(task, TaskState.LANDED, "what it changed had landed")
        settled(run, event.task)
    else:
        queue(run, level, event.task)


AHEAD: dict[type[e.Event], Callable[[Run, Any], None]] = {
    ae.FootingTried: _footing_tried,
    ae.FootingMade: _footing_made,
    ae.FootingRefused: _footing_refused,
    ae.CarryTried: _carry_tried,
    ae.Carried: _carried,
}
