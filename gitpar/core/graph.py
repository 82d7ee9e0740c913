"""Tasks and what they wait for. A TaskGraph with a cycle or an unknown dependency cannot be built.

Pure: plan files become Tasks in gitpar.plans.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from graphlib import TopologicalSorter

from gitpar.core.names import TaskId, encode_id, hopeless_id
from gitpar.errors import PlanError, PlanProblem
from gitpar.values import dataclass

_HINTS_AT_MOST = 20
"""Suggestions for unknown names; each compares one name with all."""


class TaskStatus(StrEnum):
    """What the plan file says about a task before the run."""

    PENDING = "pending"
    DONE = "done"
    """Not run again; satisfies whoever waits for it."""
    LEFT_OUT = "left-out"
    """Not run, and neither is what depends on it (cancelled counts as DONE)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a task stands: `line` from 1, `key` a path such as `tasks[3]`."""

    file: str
    line: int | None = None
    key: str = ""
    own_id: str = ""
    """The task's id in that file, where a run of several files calls it otherwise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The files a task says it will touch, as written: paths or globs."""

    create: tuple[str, ...] = ()
    modify: tuple[str, ...] = ()
    read: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """What it means to write, without doubles."""
        return tuple(dict.fromkeys((*self.create, *self.modify)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work. `depends_on` holds ids of this plan only, in the plan's order."""

    id: TaskId
    title: str
    source: Source
    prompt: str = ""
    command: str | None = None
    depends_on: tuple[TaskId, ...] = ()
    scope: Scope = field(default_factory=Scope)
    status: TaskStatus = TaskStatus.PENDING
    status_text: str = "pending"
    wave: int | None = None
    """The wave that the plan declares, from 1; None lets the dependencies decide."""
    verify: str | None = None
    commit_message: str | None = None
    agent: str | None = None
    stream: str | None = None
    timeout_s: float | None = None
    retries: int | None = None
    estimate_s: float | None = None
    max_tokens: int | None = None
    max_cost_usd: float | None = None
    """What all attempts of agents at it may take."""
    env: tuple[tuple[str, str], ...] = ()
    repo: str | None = None
    """The repository it is worked on in, None for the one that gitpar runs in."""


@dataclass(frozen=True, slots=True)
class WaveNote:
    """What a plan says about one of its waves (counted from 1)."""

    wave: int
    rationale: str = ""
    estimate_s: float | None = None


class TaskGraph:
    """The tasks of a plan and their dependencies, acyclic, in plan order."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        """Builds the graph or raises PlanError with every problem found."""
        problems = tuple(_problems(tasks))
        if problems:
            raise PlanError(problems)
        self.tasks: Mapping[TaskId, Task] = {task.id: task for task in tasks}
        self.position: Mapping[TaskId, int] = {task.id: at for at, task in enumerate(tasks)}
        self.dependents: Mapping[TaskId, tuple[TaskId, ...]] = _dependents(tasks)
        self.waves: tuple[tuple[TaskId, ...], ...] = self._waves()

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks.values())

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, task_id: TaskId) -> Task:
        return self.tasks[task_id]

    def _waves(self) -> tuple[tuple[TaskId, ...], ...]:
        """Cuts the pending tasks into waves; what the plan calls done or left out is not in them."""
        level: dict[TaskId, int] = {}
        for task_id in TopologicalSorter({t.id: t.depends_on for t in self}).static_order():
            task = self[task_id]
            if task.status is not TaskStatus.PENDING:
                continue
            after = max((level.get(d, 0) for d in task.depends_on), default=0) + 1
            level[task_id] = max(after, task.wave or 0)
        return _grouped(level, self.position)

    def downstream(self, task_ids: Iterable[TaskId]) -> frozenset[TaskId]:
        """Everything that waits, directly or not, for any of the tasks; not the tasks themselves."""
        found: set[TaskId] = set()
        open_ids = list(task_ids)
        while open_ids:
            for waiting in self.dependents[open_ids.pop()]:
                if waiting not in found:
                    found.add(waiting)
                    open_ids.append(waiting)
        return frozenset(found)

    def usual_s(self) -> float:
        """What a task without an estimate counts: the mean of those that have one, else 1 second."""
        known = [task.estimate_s for task in self if task.estimate_s is not None]
        return sum(known) / len(known) if known else 1.0

    def ranks(self) -> Mapping[TaskId, float]:
        """How long it takes from the beginning of each pending task to the end of all that waits for it.

        A task without an estimate counts as the mean of those that have one, else 1 second.
        """
        usual = self.usual_s()
        found: dict[TaskId, float] = {}
        for task_id in reversed([each for wave in self.waves for each in wave]):
            own = self[task_id].estimate_s
            after = max((found.get(each, 0.0) for each in self.dependents[task_id]), default=0.0)
            found[task_id] = after + (usual if own is None else own)
        return found

    def critical_path(self, seconds: Mapping[TaskId, float]) -> tuple[TaskId, ...]:
        """The chain of pending tasks that takes longest; a task without a figure counts 1 second."""
        reach: dict[TaskId, tuple[float, TaskId | None]] = {}
        for task_id in (t for wave in self.waves for t in wave):
            before = [(reach[d][0], d) for d in self[task_id].depends_on if d in reach]
            cost, via = max(before, default=(0.0, None), key=lambda item: item[0])
            reach[task_id] = (cost + seconds.get(task_id, 1.0), via)
        at: TaskId | None = max(reach, key=lambda t: reach[t][0], default=None)
        chain: list[TaskId] = []
        while at is not None:
            chain.append(at)
            at = reach[at][1]
        return tuple(reversed(chain))


def _grouped(level: Mapping[TaskId, int], position: Mapping[TaskId, int]) -> tuple[tuple[TaskId, ...], ...]:
    by_level: dict[int, list[TaskId]] = {}
    for task_id in sorted(level, key=position.__getitem__):
        by_level.setdefault(level[task_id], []).append(task_id)
    return tuple(tuple(by_level[n]) for n in sorted(by_level))


def _dependents(tasks: Sequence[Task]) -> dict[TaskId, tuple[TaskId, ...]]:
    waiting: dict[TaskId, list[TaskId]] = {task.id: [] for task in tasks}
    for task in tasks:
        for dependency in task.depends_on:
            waiting[dependency].append(task.id)
    return {task_id: tuple(ids) for task_id, ids in waiting.items()}


def _problems(tasks: Sequence[Task]) -> Iterator[PlanProblem]:
    """Yields what is wrong; what needs sound dependencies to be checked waits until they are."""
    found = [*_id_problems(tasks), *_dependency_problems(tasks)]
    found = found or [*_cycle_problems(tasks)]
    yield from found or _wave_problems(tasks)


def _problem(task: Task, message: str, key: str = "", hint: str = "") -> PlanProblem:
    return PlanProblem(task.source.file, message, task.source.line, key or task.source.key, hint)


def _id_problems(tasks: Sequence[Task]) -> Iterator[PlanProblem]:
    seen: dict[str, Task] = {}
    for task in tasks:
        if why := hopeless_id(task.id):
            yield _problem(task, f"task id {task.id!r} {why}", hint="Give the task another id")
            continue
        twin = seen.setdefault(encode_id(task.id).casefold(), task)
        if twin is not task:
            first = f"`{twin.source.file}`" + (f" line {twin.source.line}" if twin.source.line else "")
            same = (
                "is used twice, first in"
                if twin.id == task.id
                else f"differs only by case from `{twin.id}` in"
            )
            yield _problem(
                task, f"task id `{task.id}` {same} {first}", hint="Give every task an id of its own"
            )


def _dependency_problems(tasks: Sequence[Task]) -> Iterator[PlanProblem]:
    known = {task.id for task in tasks}
    unknown = 0
    for task in tasks:
        for at, dependency in enumerate(task.depends_on):
            key = f"{task.source.key}.depends_on[{at}]" if task.source.key else ""
            if dependency == task.id:
                yield _problem(task, f"task `{task.id}` depends on itself", key, "Remove that dependency")
            elif dependency not in known:
                unknown += 1
                near = difflib.get_close_matches(dependency, known, n=1) if unknown <= _HINTS_AT_MOST else []
                hint = f"Did you mean `{near[0]}`?" if near else ""
                message = f"task `{task.id}` depends on `{dependency}`, which is not in the plan"
                yield _problem(task, message, key, hint)


def _cycle_problems(tasks: Sequence[Task]) -> Iterator[PlanProblem]:
    """Names every circle in full, `a` → `b` where a depends on b; of circles that share a task only one."""
    by_id = {task.id: task for task in tasks}
    position = {task.id: at for at, task in enumerate(tasks)}
    for circle in _circles(by_id):
        first = min(range(len(circle)), key=lambda at: position[circle[at]])
        chain = [*circle[first:], *circle[:first], circle[first]]
        names = " → ".join(f"`{task_id}`" for task_id in chain)
        message = f"the tasks wait for each other in a circle: {names}"
        yield _problem(by_id[chain[0]], message, hint="Remove one of these dependencies")


def _circles(by_id: Mapping[TaskId, Task]) -> Iterator[list[TaskId]]:
    """Walks down the dependencies, without recursion, and yields the way back to a task it stands in."""
    named: set[TaskId] = set()
    left: set[TaskId] = set()
    for start in by_id:
        way: dict[TaskId, Iterator[TaskId]] = {}
        if start not in left:
            way[start] = iter(by_id[start].depends_on)
        while way:
            at = next(reversed(way))
            step = next(way[at], None)
            if step is None:
                del way[at]
                left.add(at)
            elif step in way:
                steps = list(way)
                circle = steps[steps.index(step) :]
                if named.isdisjoint(circle):
                    named.update(circle)
                    yield circle
            elif step not in left:
                way[step] = iter(by_id[step].depends_on)


def _wave_problems(tasks: Sequence[Task]) -> Iterator[PlanProblem]:
    """Checks declared waves: a task's wave lies after the waves of all that it waits for.

    A dependency without a declared wave is reckoned at its earliest, so that the plan's
    waves are waves of the run. What is done already holds nobody back.
    """
    by_id = {task.id: task for task in tasks}
    earliest: dict[TaskId, int] = {}
    for task_id in TopologicalSorter({task.id: task.depends_on for task in tasks}).static_order():
        task = by_id[task_id]
        earliest[task_id] = task.wave or 0
        for dependency in map(by_id.__getitem__, task.depends_on):
            theirs = dependency.wave
            if task.wave is not None and theirs is not None and theirs >= task.wave:
                message = (
                    f"task `{task.id}` of wave {task.wave} depends on `{dependency.id}` of wave {theirs}"
                )
                yield _problem(task, message, hint=f"Move `{task.id}` to a later wave")
            elif dependency.status is TaskStatus.PENDING:
                soonest = earliest[dependency.id] + 1
                earliest[task_id] = max(earliest[task_id], soonest)
                if task.wave is not None and theirs is None and soonest > task.wave:
                    message = (
                        f"task `{task.id}` of wave {task.wave} depends on `{dependency.id}`, which is in no "
                        f"declared wave and cannot run before wave {soonest - 1}"
                    )
                    yield _problem(task, message, hint=f"Give `{dependency.id}` an earlier wave")
