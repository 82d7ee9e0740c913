"""A run takes its plan anew: what was added, changed and removed, and what that must not contradict.

Pure; `taken` is part of `apply`. What has landed stays as it is. What is to be worked on
goes on levels behind those that were begun, as where a person has a task tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from gitpar.core import early
from gitpar.core.agent_rules import AgentRules
from gitpar.core.batches import book_for
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.names import TaskId
from gitpar.core.places import drop
from gitpar.core.plan_events import Replanned
from gitpar.core.remedies import freed
from gitpar.core.run import Run, Stage, TaskRun, TaskState, task_run
from gitpar.core.verdicts import fate, pass_over, set_state
from gitpar.core.waits import settled
from gitpar.errors import UsageError
from gitpar.values import dataclass

GONE = "no longer in the plan"
_WORK = (
    *("title", "prompt", "command", "depends_on", "scope", "verify", "commit_message", "agent"),
    *("stream", "timeout_s", "retries", "env"),
)
"""What makes a task another one; where it stands and what its status is does not."""

_AT_WORK = (Stage.WAITING, Stage.OPENING, Stage.WORKING, Stage.COMPARING)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a plan differs from the one that a run works on, by task."""

    added: tuple[TaskId, ...]
    changed: tuple[TaskId, ...]
    removed: tuple[TaskId, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(run: Run, tasks: Sequence[Task]) -> Difference:
    """Returns what another reading of the plan would change in a run, landed tasks aside."""
    there = {task.id for task in tasks}
    known = run.tasks
    added = tuple(task.id for task in tasks if task.id not in known or _is_back(known[task.id], task))
    changed = tuple(task.id for task in tasks if task.id not in added and _is_changed(known[task.id], task))
    removed = tuple(each for each, task in known.items() if each not in there and not _is_out(task))
    return Difference(added, changed, removed)


def _is_out(task: TaskRun) -> bool:
    return task.state is TaskState.SKIPPED


def _is_back(known: TaskRun, task: Task) -> bool:
    """Whether a task that the plan had left out, or had not any more, is to be worked on now."""
    told = known.task.status_text != task.status_text
    return _is_out(known) and task.status is TaskStatus.PENDING and told


def _is_changed(known: TaskRun, task: Task) -> bool:
    if known.state in (TaskState.LANDED, TaskState.SKIPPED):
        return False
    if task.status is not TaskStatus.PENDING:
        return True
    return any(getattr(known.task, name) != getattr(task, name) for name in _WORK)


def contradictions(run: Run, tasks: Sequence[Task]) -> Iterator[str]:
    """Yields, a sentence each, what a plan says that cannot be any more."""
    by_id = {task.id: task for task in tasks}
    for task_id, known in run.tasks.items():
        task = by_id.get(task_id)
        if known.state is TaskState.LANDED:
            if task is None:
                yield f"`{task_id}` has landed and is {GONE}"
                continue
            words = [
                name for name in ("command", "prompt") if getattr(known.task, name) != getattr(task, name)
            ]
            if words:
                yield f"`{task_id}` has landed, and its {' and '.join(words)} changed"
            if new := [each for each in task.depends_on if each not in known.task.depends_on]:
                names = ", ".join(f"`{each}`" for each in new)
                yield f"`{task_id}` has landed, and now depends on {names}"
        elif task_id in run.active and (task is None or _is_changed(known, task)):
            gone = f"is {GONE}" if task is None else "changed"
            yield f"`{task_id}` was at work when gitpar ended, and {gone}"


def replanned(
    run: Run, tasks: Sequence[Task], agents: tuple[AgentRules, ...], *, plans: Iterable[str], at: float
) -> Replanned | None:
    """Returns the event that gives a run another plan, None where nothing would change.

    Raises UsageError with all that contradicts what the run has done.
    """
    if wrong := list(contradictions(run, tasks)):
        hints = [f"Go on as the run began: gitpar resume {run.id}"]
        if any("was at work" in each for each in wrong):
            hints.append("That also keeps what was at work; when it has ended, the plan can be taken")
        raise UsageError("\n".join(["the plan contradicts what has been done:", *wrong]), *hints)
    found = difference(run, tasks)
    if not found:
        return None
    fresh = {*found.added, *found.changed}
    wanted = [_placed(run, task, fresh) for task in tasks]
    there = {task.id for task in tasks}
    wanted += [_left_out(known.task) for each, known in run.tasks.items() if each not in there]
    TaskGraph(wanted)
    return Replanned(
        at=at,
        plans=tuple(plans),
        tasks=tuple(wanted),
        added=found.added,
        changed=found.changed,
        removed=found.removed,
        agents=agents,
    )


def _placed(run: Run, task: Task, fresh: Collection[TaskId]) -> Task:
    """The task as it is from now on: as it was where nothing changed, but for where it stands."""
    if task.id in fresh:
        return task
    return replace(run.tasks[task.id].task, source=task.source)


def _left_out(task: Task) -> Task:
    return replace(task, status=TaskStatus.LEFT_OUT, status_text=GONE, depends_on=())


# --- folding -----------------------------------------------------------------------------


def taken(run: Run, event: Replanned) -> None:
    """Gives a run its new plan."""
    known = run.tasks
    for task_id in (*event.removed, *event.changed):
        _withdraw(run, known[task_id])
    run.plans = event.plans
    run.settings = replace(run.settings, agents=event.agents)
    run.rules = {rules.name: rules for rules in event.agents}
    run.graph = TaskGraph(event.tasks)
    if run.gates is None:
        run.gates = book_for(run.settings, event.tasks)
    run.ranks = run.graph.ranks() if run.dag else {}
    run.tasks = {}
    for task in run.graph:
        found = known.get(task.id)
        if found is None or task.id in event.added:
            found = task_run(task)
        found.task = task
        run.tasks[task.id] = found
    for task_id in event.removed:
        set_state(run.tasks[task_id], TaskState.SKIPPED, GONE)
    for task_id in event.changed:
        _begin_again(run.tasks[task_id])
    fresh = [each for each in (*event.added, *event.changed) if run.tasks[each].state is TaskState.PENDING]
    _regroup(run, {*fresh, *freed(run)})
    _block(run)
    if run.publication is not None and run.settings.publish is not None:
        run.publication.closed = False
    pass_over(run)
    if run.dag:
        early.look_again(run)


def _withdraw(run: Run, task: TaskRun) -> None:
    """Takes a task, and in dag what would start from it, out of all queues."""
    task_id = task.task.id
    if task.level:
        level = run.levels[task.level - 1]
        drop(run, level, task_id)
        for queue in (level.solo, level.aside, level.to_land, level.to_carry):
            if task_id in queue:
                queue.remove(task_id)
    settled(run, task_id)
    run.waiting.pop(task_id, None)
    if run.dag:
        early.take_back(run, task_id)


def _begin_again(task: TaskRun) -> None:
    """A changed task is to be worked on, whatever had come of it; what the plan calls over is over."""
    anew = task_run(task.task)
    task.failures = task.timeouts = task.reruns = task.waits = 0
    task.accepted = False
    task.refused = ()
    set_state(task, anew.state, anew.reason)


def _block(run: Run) -> None:
    """Blocks what waits for a task that has come to nothing and was not changed."""
    for task_id in (each for wave in run.graph.waves for each in wave):
        task = run.tasks[task_id]
        before = (run.tasks[each] for each in task.task.depends_on)
        if task.state is TaskState.PENDING and (found := next(filter(partial(_is_over, run), before), None)):
            why = f"waits for `{found.task.id}`, which {fate(found)}"
            set_state(task, TaskState.BLOCKED, found.reason if found.state is TaskState.BLOCKED else why)


def _is_over(run: Run, task: TaskRun) -> bool:
    """Whether nothing will come of a task; what failed may be tried once more until its wave is over."""
    if task.state is TaskState.FAILED:
        return run.levels[task.level - 1].stage not in _AT_WORK
    return task.state in (TaskState.HELD, TaskState.BLOCKED)


def _regroup(run: Run, fresh: Collection[TaskId]) -> None:
    """Puts what was added, changed or freed on levels behind those that were begun, with all that follow."""
    begun = [level for level in run.levels if level.base is not None]
    for level in begun:
        level.tasks = tuple(each for each in level.tasks if each not in fresh)
    settled_on = {each for level in begun for each in level.tasks}
    depth: dict[TaskId, int] = {}
    for task_id in (each for wave in run.graph.waves for each in wave):
        if task_id not in settled_on and run.tasks[task_id].state is not TaskState.SKIPPED:
            task = run.graph[task_id]
            after = 1 + max((depth.get(each, 0) for each in task.depends_on), default=0)
            depth[task_id] = max(after, (task.wave or 0) - len(begun))
    by_depth: dict[int, list[TaskId]] = {}
    for task_id in run.in_plan_order(depth):
        by_depth.setdefault(depth[task_id], []).append(task_id)
    new = [by_depth[each] for each in sorted(by_depth)]
    run.levels = [
        *begun,
        *(run.new_level(len(begun) + n, tuple(tasks)) for n, tasks in enumerate(new, start=1)),
    ]
    for known in run.tasks.values():
        known.level = 0
    for number, level in enumerate(run.levels, start=1):
        level.number = number
        for task_id in level.tasks:
            run.tasks[task_id].level = number
    run.current = min(run.current, len(begun))
    run.wave_notes = {n: note for n, note in run.wave_notes.items() if n <= len(begun)}
    for later, firsts in run.waiting.items():
        level_of = run.tasks[later].level
        run.waiting[later] = frozenset(each for each in firsts if run.tasks[each].level == level_of)
