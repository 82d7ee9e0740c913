"""Tasks of a wave that wait for others of it, because a conflict was predicted. Pure; part of `apply`.

A wait is softer than a dependency: it ends when the other task has come to anything at
all. Where that one brought a result, it lands first, and whoever waited starts from there.
"""

from __future__ import annotations

from gitpar.core.ahead import may_start
from gitpar.core.batches import chain_tip
from gitpar.core.names import CommitId, TaskId
from gitpar.core.places import offer
from gitpar.core.run import Level, Run, TaskRun, TaskState
from gitpar.core.verdicts import hand_to_people, set_state


def to_start(run: Run, level: Level) -> list[TaskId]:
    """Returns the tasks of a level that nothing holds back, in the order to start them.

    Nobody waits for what will not be worked on in it, being blocked by an earlier wave.
    """
    hand_to_people(run, level)
    pending = [task for task in level.tasks if run.tasks[task].state is TaskState.PENDING]
    if run.elsewhere:
        pending = [task for task in pending if task not in run.elsewhere]
    there = frozenset(pending)
    at_work = (TaskState.RUNNING, TaskState.FINISHED) if run.dag else ()
    coming = there.union(task for task in level.tasks if run.tasks[task].state in at_work)
    for task in there & run.waiting.keys():
        run.waiting[task] &= coming
    free = [task for task in pending if not run.waiting.get(task)]
    if run.starts:
        free.sort(key=lambda task: run.starts.get(task, len(run.starts)))
    return free


def is_waited_for(run: Run, task: TaskId) -> bool:
    """Says whether anybody still waits for a task."""
    return any(task in run.waiting.get(later, ()) for later in run.followers.get(task, ()))


def settled(run: Run, task: TaskId) -> None:
    """Lets those go that waited for a task alone; each starts from where the level then stands."""
    level = run.levels[run.tasks[task].level - 1]
    for later in run.followers.get(task, ()):
        left = run.waiting.get(later, frozenset())
        if task in left:
            run.waiting[later] = left - {task}
            waiting = run.tasks[later]
            if run.waiting[later] or waiting.state is not TaskState.PENDING:
                continue
            if level.base is not None or may_start(run, waiting):
                offer(run, level, later)


def start_of(run: Run, level: Level, task: TaskId) -> CommitId | None:
    """Returns the commit that a task of a level is cut from: the level's tip where it had to wait."""
    if task not in run.waited:
        return level.base
    return chain_tip(level) if run.gates is not None and run.gates.whole else level.tip


def land_early(run: Run, level: Level, task: TaskRun) -> None:
    """Lands a result that others of the wave wait for without the rest of the wave."""
    if task.last.result == task.last.base:
        set_state(task, TaskState.LANDED, "changed nothing")
        settled(run, task.task.id)
    else:
        level.to_land.append(task.task.id)
