"""What a person decides about tasks that came to nothing: tried again, left out, or taken as they are.

Pure; part of `apply`. What is worked on or landed once more goes on levels of its own
behind those that stand: a level that was reviewed or published never grows.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from gitpar.core.barrier_events import BarrierLifted
from gitpar.core.events import AttemptCaptured, AttemptOpened, Ending, Event, PersonDecided, WorkerEnded
from gitpar.core.names import CommitId, TaskId
from gitpar.core.policies import forget
from gitpar.core.run import Run, TaskRun, TaskState
from gitpar.core.settings import Barrier
from gitpar.core.verdicts import fate, is_for_person, pass_over, set_state
from gitpar.errors import UsageError
from gitpar.values import dataclass

_SAYING = ("--approve", "--answer")
_LONGEST_ANSWER = 20_000
_NOTHING = (TaskState.HELD, TaskState.FAILED)
_IN_THE_WAY = (*_NOTHING, TaskState.BLOCKED)


@dataclass(frozen=True, slots=True)
class Remedies:
    """What a person asks for, by task."""

    retry: tuple[TaskId, ...] = ()
    skip: tuple[TaskId, ...] = ()
    accept: tuple[TaskId, ...] = ()
    resolve: tuple[TaskId, ...] = ()
    approve: tuple[tuple[TaskId, str], ...] = ()
    """Tasks for a person that are done, with what the tasks after them are to know."""
    lift: bool = False
    """Whether no merge is to be waited for any more."""
    replan: tuple[str, ...] | None = None
    """Plan files to take anew, none for those that the run began with; None to go on with what it has."""

    @property
    def about_tasks(self) -> bool:
        """Whether anything is asked about single tasks."""
        return bool(self.retry or self.skip or self.accept or self.resolve or self.approve)

    def __bool__(self) -> bool:
        return self.about_tasks or self.lift or self.replan is not None


def decisions(run: Run, asked: Remedies, at: float) -> list[Event]:
    """Returns the events for all that is asked; raises UsageError where the run does not allow it."""
    if asked.lift and run.settings.barrier is not Barrier.MERGED:
        raise UsageError("`--barrier landed`: the run waits for no merge", "Nothing was changed")
    lifted: list[Event] = [BarrierLifted(at=at)] if asked.lift else []
    return lifted if asked == Remedies(lift=True) else [*lifted, decision(run, asked, at)]


def decision(run: Run, asked: Remedies, at: float) -> PersonDecided:
    """Returns the event for what is asked; raises UsageError where the run does not allow it."""
    seen: dict[TaskId, str] = {}
    options = {
        "--retry": asked.retry,
        "--skip": asked.skip,
        "--accept": asked.accept,
        "--resolve": asked.resolve,
        "--approve": tuple(name for name, answer in asked.approve if not answer),
        "--answer": tuple(name for name, answer in asked.approve if answer),
    }
    for option, task_ids in options.items():
        for task_id in task_ids:
            if seen.setdefault(task_id, option) != option:
                raise UsageError(f"`{task_id}` stands at {seen[task_id]} and at {option}", "Choose one")
            _allow(run, option, task_id)
    if long := next((name for name, answer in asked.approve if len(answer) > _LONGEST_ANSWER), None):
        raise UsageError(
            f"the answer to `{long}` is longer than {_LONGEST_ANSWER:,} characters",
            "Put the rest into a file of the repository and name it in the answer",
        )
    return PersonDecided(
        at=at,
        retry=asked.retry,
        skip=asked.skip,
        accept=asked.accept,
        resolve=asked.resolve,
        approve=asked.approve,
    )


def by_hand(
    run: Run, task_id: TaskId, settled: tuple[CommitId, CommitId, tuple[str, ...]], at: float
) -> list[Event]:
    """Returns what an attempt of a person's is journaled as: base, result and the paths that it changes."""
    base, result, files = settled
    n = len(run.tasks[task_id].attempts) + 1
    return [
        AttemptOpened(at=at, task=task_id, n=n, base=base, timeout_s=None),
        WorkerEnded(at=at, task=task_id, n=n, ending=Ending.EXITED, exit=0, duration_s=0.0),
        AttemptCaptured(at=at, task=task_id, n=n, result=result, files=files, notes=("settled by hand",)),
    ]


def _allow(run: Run, option: str, task_id: TaskId) -> None:
    task = run.tasks.get(task_id)
    if task is None:
        near = difflib.get_close_matches(task_id, run.tasks, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"The tasks are listed by: gitpar status {run.id}"
        raise UsageError(f"`{option} {task_id}`: the run has no such task", hint)
    if option in _SAYING or (is_for_person(task) and option != "--skip"):
        _allow_saying(run, option, task)
        return
    if task.state is TaskState.BLOCKED and option != "--skip":
        raise UsageError(
            f"`{option} {task_id}`: it {task.reason}",
            "What waits for a task goes on when that one has landed",
        )
    if task.state not in _IN_THE_WAY:
        raise UsageError(
            f"`{option} {task_id}`: it is {task.state.value}, neither held nor failed", "Nothing was changed"
        )
    if option in ("--accept", "--resolve") and not _result(task):
        raise UsageError(
            f"`{option} {task_id}`: its last attempt left nothing that could land",
            f"Try it again: gitpar resume {run.id} --retry {task_id}",
        )


def _allow_saying(run: Run, option: str, task: TaskRun) -> None:
    """Lets a person speak of a task that is for one, and of no other."""
    name = task.task.id
    if not is_for_person(task):
        raise UsageError(
            f"`{option} {name}`: it is not for a person",
            f"To land what it left: gitpar resume {run.id} --accept {name}",
        )
    if option not in _SAYING:
        raise UsageError(
            f"`{option} {name}`: it is for a person",
            f"Say that it is done: gitpar resume {run.id} --approve {name}",
        )
    if task.state not in (TaskState.HELD, TaskState.PENDING):
        raise UsageError(f"`{option} {name}`: it is {task.state.value}", "Nothing was changed")


def _result(task: TaskRun) -> bool:
    if all(attempt.repair for attempt in task.attempts):
        return False
    return task.work.captured and task.work.result not in (None, task.work.base)


def decided(run: Run, event: PersonDecided) -> None:
    """Puts the tasks, and what waited for them, into the states that follow."""
    for task_id in event.skip:
        set_state(run.tasks[task_id], TaskState.SKIPPED, "left out by --skip")
        for waiting in run.graph.downstream([task_id]):
            if run.tasks[waiting].state in (TaskState.BLOCKED, TaskState.PENDING):
                why = f"waits for `{task_id}`, which is left out"
                set_state(run.tasks[waiting], TaskState.SKIPPED, why)
    for task_id, answer in event.approve:
        task = run.tasks[task_id]
        task.answer = answer
        set_state(task, TaskState.LANDED, "answered by a person" if answer else "approved by a person")
        run.told.append(task_id)
    for task_id in (*event.retry, *event.accept, *event.resolve):
        task = run.tasks[task_id]
        task.failures = task.timeouts = task.reruns = 0
        task.counted_from = len(task.attempts)
        task.refused = ()
        forget(task)
        task.accepted = task_id not in event.retry
        if task_id in event.accept and task_id not in run.elsewhere:
            set_state(task, TaskState.FINISHED, "taken as it is by --accept")
        else:
            why = "tried again by --retry" if task_id in event.retry else "settled by hand"
            set_state(task, TaskState.PENDING, why)
    _move(run, {*event.retry, *event.accept, *event.resolve, *freed(run)})
    if run.publication is not None and run.settings.publish is not None:
        run.publication.closed = False
    pass_over(run)


def freed(run: Run) -> list[TaskId]:
    """Lets go what nothing blocks any more, and says of the others what does; returns whom it let go."""
    found = []
    for task_id in (each for wave in run.graph.waves for each in wave):
        task = run.tasks[task_id]
        if task.state is not TaskState.BLOCKED:
            continue
        before = [run.tasks[each] for each in task.task.depends_on]
        blocking = next((each for each in before if each.state in _IN_THE_WAY), None)
        if blocking is None:
            set_state(task, TaskState.PENDING)
            found.append(task_id)
        elif blocking.state is TaskState.BLOCKED:
            set_state(task, TaskState.BLOCKED, blocking.reason)
        else:
            set_state(task, TaskState.BLOCKED, f"waits for `{blocking.task.id}`, which {fate(blocking)}")
    return found


def _move(run: Run, task_ids: Collection[TaskId]) -> None:
    """Puts tasks on new levels behind the last one that was begun; levels not begun come after them."""
    if not task_ids:
        return
    depth: dict[TaskId, int] = {}
    for task_id in (each for wave in run.graph.waves for each in wave):
        if task_id in task_ids:
            depth[task_id] = 1 + max(
                (depth.get(each, 0) for each in run.graph[task_id].depends_on), default=0
            )
    for level in run.levels:
        level.tasks = tuple(each for each in level.tasks if each not in depth)
    # one that was passed over keeps its number too: branches are called by them
    last = max((level.number for level in run.levels if level.base is not None), default=0)
    begun = run.levels[:last]
    new = [
        run.new_level(0, tuple(run.in_plan_order(each for each, at in depth.items() if at == n)))
        for n in range(1, max(depth.values()) + 1)
    ]
    rest = [level for level in run.levels[last:] if level.tasks]
    run.current = min(run.current, len(begun))
    run.levels = [*begun, *new, *rest]
    for number, level in enumerate(run.levels, start=1):
        level.number = number
        for task_id in level.tasks:
            run.tasks[task_id].level = number
    # what the plan says about its waves is about those it had
    run.wave_notes = {n: note for n, note in run.wave_notes.items() if n <= len(begun)}
