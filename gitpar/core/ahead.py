"""Which tasks may start before their level is cut, and from which commit. Pure; for the schedule dag.

A task of level n never stands on anything of level n or above: what it brings can always
be laid onto the level below its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from gitpar.core.batches import lands_early
from gitpar.core.commands import MakeFooting
from gitpar.core.footing import Footing, Part
from gitpar.core.names import CommitId, TaskId
from gitpar.core.run import Level, Run, TaskRun, TaskState
from gitpar.core.verdicts import is_for_person
from gitpar.values import dataclass

_OVER = (TaskState.LANDED, TaskState.SKIPPED)
_MOST_LANDING = 16
_MOST_LAID = 100
"""So many results are laid onto each other for one task: each takes about 10 ms."""
_MOST_COMPARED = 3
"""So many results are looked at as a commit to begin with; one is nearly always enough."""


def may_start(run: Run, task: TaskRun) -> bool:
    """Says whether a task whose level is not cut may be worked on: what it depends on is all there.

    A result of the level that is worked on has to have landed, one of the levels above
    it has to be finished. What another repository's run works on is there once its level
    is over in all.
    """
    level = run.levels[task.level - 1]
    if task.task.id in run.elsewhere:
        return False
    if task.state is not TaskState.PENDING or level.base is not None or run.waiting.get(task.task.id):
        return False
    if is_for_person(task):
        return False
    there = all(_is_there(run, run.tasks[before]) for before in task.task.depends_on)
    return there and footing_of(run, task) is not None


def _is_there(run: Run, before: TaskRun) -> bool:
    if before.state in _OVER:
        return True
    return before.state is TaskState.FINISHED and run.levels[before.level - 1].base is None


def missing_dependency(run: Run, task: TaskRun) -> TaskRun | None:
    """Returns a task that was depended on and has come to nothing, once the levels below are over."""
    before = (run.tasks[each] for each in task.task.depends_on)
    return next((each for each in before if each.state not in _OVER), None)


def was_replaced(run: Run, footing: Footing) -> TaskId | None:
    """Returns a task of which an attempt held another result than the one that landed."""
    for task_id, n in footing.results:
        task = run.tasks[task_id]
        if task.state is not TaskState.LANDED or task.work.n != n:
            return task_id
    return None


@dataclass(frozen=True, slots=True)
class _Ground:
    """A commit to begin with, and what it holds."""

    commit: CommitId
    footing: Footing


def footing_of(run: Run, task: TaskRun) -> tuple[CommitId, Footing] | MakeFooting | None:
    """Returns the commit to cut a task from and what it holds, or what has to be made for that first.

    None where something that it builds on is being done again, or where too much would
    have to be laid onto each other: then it starts with its wave.
    """
    best: tuple[_Ground, list[TaskRun]] | None = None
    for ground in _grounds(run, task):
        if not all(_stands(run.tasks[name], n) for name, n in ground.footing.results):
            return None
        lacking = _lacking(run, task, ground.footing)
        if lacking is not None and (best is None or len(lacking) < len(best[1])):
            best = (ground, lacking)
        if not lacking and best is not None:
            break
    if best is None:
        return None
    ground, lacking = best
    lacking.sort(key=lambda each: (each.level, run.graph.position[each.task.id]))
    held = ground.footing.results
    held += tuple((each.task.id, each.work.n) for each in lacking)
    footing = Footing(ground.footing.level, ground.footing.landed, held)
    parts = tuple(part_of(each) for each in lacking if each.work.result != each.work.base)
    if not parts:
        return ground.commit, footing
    return MakeFooting(task.task.id, ground.commit, parts, footing)


def _stands(task: TaskRun, n: int) -> bool:
    return task.state in (TaskState.LANDED, TaskState.FINISHED) and task.last.n == n


def _grounds(run: Run, task: TaskRun) -> Sequence[_Ground]:
    """The results that a task itself depends on, and the tip of what has landed."""
    begun = [level for level in run.levels[: run.current + 1] if level.tip is not None]
    tip = Footing(begun[-1].number, len(begun[-1].landed)) if begun else Footing(1, 0)
    grounds = []
    before = (run.tasks[each] for each in task.task.depends_on)
    results = [each for each in before if each.state is TaskState.FINISHED]
    results.sort(key=lambda each: -each.level)
    for each in islice(results, _MOST_COMPARED):
        attempt = each.work
        under = attempt.footing or Footing(each.level, 0)
        own = ((each.task.id, attempt.n),)
        if attempt.result is not None and attempt.own is None:
            footing = Footing(under.level, under.landed, (*under.results, *own))
            grounds.append(_Ground(attempt.result, footing))
    return [*grounds, _Ground(run.tip, tip)]


def _lacking(run: Run, task: TaskRun, footing: Footing) -> list[TaskRun] | None:
    """The tasks that one builds on, directly or not, and a footing lacks.

    None where one is not there, or where they are too many. What holds a result holds what
    that was built on.
    """
    found: dict[TaskId, TaskRun] = {}
    todo = list(task.task.depends_on)
    while todo:
        before = run.tasks[todo.pop()]
        if before.task.id in found or holds(footing, before):
            continue
        if before.state not in (TaskState.LANDED, TaskState.FINISHED) or len(found) >= _MOST_LAID:
            return None
        if before.state is TaskState.LANDED and (before.settlement or before.last.repair):
            return None  # a policy settled it: what landed is not what the attempt left
        found[before.task.id] = before
        todo += before.task.depends_on
    return list(found.values())


def holds(footing: Footing, task: TaskRun) -> bool:
    """Says whether a footing holds all that a task has brought."""
    if task.state is TaskState.SKIPPED or not task.attempts:
        return True
    if task.state is TaskState.LANDED:
        if task.level < footing.level:
            return True
        if task.level == footing.level and task.landed_as and task.landed_as <= footing.landed:
            return True
    return (task.task.id, task.work.n) in footing.results


def part_of(task: TaskRun) -> Part:
    """Returns a task's result as what it changed."""
    attempt = task.work
    if attempt.result is None:
        raise ValueError(f"`{task.task.id}` has no result")
    return Part(task.task.id, attempt.n, attempt.base, attempt.result)


def kept_free(run: Run, level: Level, free: int) -> int:
    """Returns how many tasks may start now, so that those that are to come in a moment find a place.

    Whoever ends frees a place before its result has landed; what waits for that result
    may be more urgent than all that could start.
    """
    if not free or not level.ready:
        return free
    coming = sorted(_coming(run, level), reverse=True)
    starts = 0
    for task_id in islice(level.ready, free):
        while coming and coming[0] > run.ranks.get(task_id, 0.0) and free > starts:
            del coming[0]
            free -= 1
        if starts >= free:
            break
        starts += 1
    return starts


def _coming(run: Run, level: Level) -> Iterator[float]:
    """The ranks of tasks that may start when the results that are landing have landed."""
    landing = [*islice(level.to_land, _MOST_LANDING), *islice(level.to_carry, _MOST_LANDING)]
    landing += [level.candidate.task] if level.candidate is not None else []
    # where there are gates they take their time
    landing += [candidate.task for candidate in level.batch] if run.gates is None else []
    landing += [level.carrying] if level.carrying is not None else []
    there = frozenset(landing)
    waiting = {later for task_id in landing for later in run.graph.dependents[task_id]}
    for later in waiting - run.elsewhere:
        task = run.tasks[later]
        mine = run.levels[task.level - 1]
        if task.state is TaskState.PENDING and later not in mine.offered and mine.base is None:
            before = (run.tasks[each] for each in task.task.depends_on)
            if all(each.task.id in there or _is_there(run, each) for each in before):
                yield run.ranks[later]


def is_busy(run: Run, level: Level) -> bool:
    """Says whether any task of a level is at work, may start, or has a result on its way to land."""
    if level.offered or level.candidate is not None or level.to_land or lands_early(run, level):
        return True
    if level.carrying is not None or level.to_carry:
        return True
    return any(run.tasks[task_id].level == level.number for task_id in run.active)
