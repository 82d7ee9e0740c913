"""How many tasks of a stream a run works on at once. Pure; part of `apply`.

A stream whose settings limit it has as many places as they say. A task takes one when it
may start and gives it back when its attempts are over; until one is free it stands in
the stream's own queue, so that nobody ever looks through tasks that cannot start.
"""

from __future__ import annotations

from bisect import insort
from collections import deque

from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.run import Level, Run
from gitpar.core.settings import StreamRules


def rules_of(run: Run, task: Task) -> StreamRules | None:
    """Returns what the settings say of a task's stream; upper and lower case are the same."""
    return run.stream_rules.get(task.stream.casefold()) if task.stream is not None else None


def offer(run: Run, level: Level, task_id: TaskId, *, first: bool = False) -> None:
    """Lets a task start, as soon as its stream has a place; with `first` before others."""
    name, most = _limit(run, task_id)
    level.offered.add(task_id)
    if most is None:
        queue = level.ready
    else:
        places = level.places.setdefault(name, set())
        if task_id not in places and len(places) >= most:
            queue = level.parked.setdefault(name, deque())
        else:
            places.add(task_id)
            queue = level.ready
    if run.dag:
        _by_rank(run, queue, task_id)
    elif first:
        queue.appendleft(task_id)
    else:
        queue.append(task_id)


def drop(run: Run, level: Level, task_id: TaskId) -> None:
    """Takes a task that has not started out of its queue."""
    if task_id in level.ready:
        level.ready.remove(task_id)
    for parked in level.parked.values():
        if task_id in parked:
            parked.remove(task_id)
    leave(run, level, task_id)


def leave(run: Run, level: Level, task_id: TaskId) -> None:
    """Gives a task's place to the next one of its stream; its attempts are over."""
    level.offered.discard(task_id)
    name, most = _limit(run, task_id)
    if most is None:
        return
    places = level.places.setdefault(name, set())
    places.discard(task_id)
    parked = level.parked.get(name, deque())
    while parked and len(places) < most:
        following = parked.popleft()
        places.add(following)
        if run.dag:
            _by_rank(run, level.ready, following)
        else:
            level.ready.appendleft(following)


def _by_rank(run: Run, queue: deque[TaskId], task_id: TaskId) -> None:
    def urgency(each: TaskId) -> tuple[float, int, int]:
        return -run.ranks.get(each, 0.0), -len(run.graph.dependents[each]), run.graph.position[each]

    insort(queue, task_id, key=urgency)


def _limit(run: Run, task_id: TaskId) -> tuple[str, int | None]:
    rules = rules_of(run, run.graph[task_id])
    return (rules.name.casefold(), rules.most) if rules is not None else ("", None)


def account_of(run: Run, task: Task) -> str:
    """Returns the account that a task's stream works on, empty where its settings name none."""
    rules = rules_of(run, task)
    return rules.account if rules is not None else ""
