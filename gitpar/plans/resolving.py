"""From drafts to tasks: what dependencies mean, and what is left out with what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.choices import MissingDependency
from gitpar.plans.item import Findings
from gitpar.plans.model import Draft, DraftTask, Wait

_MOST_PASSED = 200_000
"""Dependencies found by walking past tasks that are left out; more than any plan has."""


def leave_out_optional(draft: Draft, findings: Findings, *, chosen: bool) -> None:
    """Leaves out the tasks that are marked as optional, unless they were asked for."""
    for entry in draft.tasks if not chosen else ():
        if entry.task.id in draft.optional and entry.task.status is TaskStatus.PENDING:
            entry.task = replace(entry.task, status=TaskStatus.LEFT_OUT, status_text="optional")
            findings.notes.append(f"`{entry.task.id}` is optional and left out: --optional runs it too")
        else:
            draft.optional.discard(entry.task.id)
    if chosen:
        draft.optional.clear()


def resolved(draft: Draft, known: set[TaskId], findings: Findings, missing: MissingDependency) -> list[Task]:
    """Turns drafts into tasks: dependencies named as the file means them and known to exist."""
    waits = {id(entry): list(_known_waits(entry, draft, known, missing)) for entry in draft.tasks}
    _spread_left_out(draft, waits, findings)
    passed = _Passed(draft, waits)
    return [
        replace(entry.task, depends_on=tuple(passed.names(entry.task.id, waits[id(entry)])))
        for entry in draft.tasks
    ]


def _known_waits(
    entry: DraftTask, draft: Draft, known: set[TaskId], missing: MissingDependency
) -> Iterator[Wait]:
    """Yields what a task waits for, each name that stands for others replaced by these."""
    task_id = entry.task.id
    seen: set[tuple[TaskId, bool]] = set()
    for wait in entry.waits:
        if (wait.on, wait.order) in seen:
            continue
        seen.add((wait.on, wait.order))
        if wait.on == task_id:
            wait.item.complain(f"task `{task_id}` depends on itself", "Remove that dependency")
        elif wait.on in known or wait.on in draft.stands_for:
            for name in _stand_ins(wait.on, draft, known):
                yield Wait(name, wait.item, order=wait.order)
        else:
            message = f"task `{task_id}` depends on `{wait.on}`, which is not in the plan"
            hint = wait.item.findings.nearest(wait.on, known | draft.stands_for.keys())
            if missing is MissingDependency.WARN:
                wait.item.warn(f"{message}; it is ignored", hint)
            else:
                wait.item.complain(message, hint)


def _stand_ins(name: TaskId, draft: Draft, known: set[TaskId]) -> Iterable[TaskId]:
    """Follows a name to the tasks that stand for it; rows that wait for each other end nowhere."""
    seen: set[TaskId] = set()
    ahead = [name]
    while ahead:
        at = ahead.pop()
        if at in known:
            yield at
        elif at not in seen:
            seen.add(at)
            ahead.extend(reversed(draft.stands_for.get(at, ())))


def _spread_left_out(draft: Draft, waits: Mapping[int, list[Wait]], findings: Findings) -> None:
    """Leaves out what says that it waits for a task that is left out; optional tasks hold up nobody."""
    waiting: dict[TaskId, list[DraftTask]] = {}
    for entry in draft.tasks:
        for wait in waits[id(entry)]:
            if not wait.order:
                waiting.setdefault(wait.on, []).append(entry)
    left = [
        e.task
        for e in draft.tasks
        if e.task.status is TaskStatus.LEFT_OUT and e.task.id not in draft.optional
    ]
    for task in left:
        findings.notes.append(f"`{task.id}` is left out: its status is {task.status_text}")
    ahead = [task.id for task in left]
    for task_id in ahead:
        for later in waiting.get(task_id, ()):
            if later.task.status is TaskStatus.PENDING:
                later.task = replace(later.task, status=TaskStatus.LEFT_OUT)
                findings.notes.append(
                    f"`{later.task.id}` is left out: it depends on `{task_id}`, which is left out"
                )
                ahead.append(later.task.id)


class _Passed:
    """Follows order past the tasks that are left out, to what these come after."""

    def __init__(self, draft: Draft, waits: Mapping[int, list[Wait]]) -> None:
        self._optional = draft.optional
        self._out = {
            entry.task.id: waits[id(entry)]
            for entry in draft.tasks
            if entry.task.status is TaskStatus.LEFT_OUT
        }
        self._behind: dict[TaskId, tuple[TaskId, ...]] = {}
        self._left = _MOST_PASSED

    def names(self, task_id: TaskId, waits: Iterable[Wait]) -> Iterator[TaskId]:
        """Yields what a task depends on, each once."""
        found: dict[TaskId, None] = {}
        for wait in waits:
            if wait.on in self._out and task_id not in self._out and self._passes(wait):
                found.update(dict.fromkeys(self.behind(wait.on)))
            else:
                found[wait.on] = None
        found.pop(task_id, None)
        yield from found

    def _passes(self, wait: Wait) -> bool:
        return wait.order or wait.on in self._optional

    def behind(self, out: TaskId) -> tuple[TaskId, ...]:
        """Returns the tasks that are not left out and come next before one that is; no recursion."""
        way, entered = [out], set[TaskId]()
        while way and out not in self._behind:
            at = way[-1]
            if at not in entered:
                entered.add(at)
                inner = (wait.on for wait in self._out[at] if wait.on in self._out)
                way += [name for name in inner if name not in entered and name not in self._behind]
                continue
            way.pop()
            if at not in self._behind:
                found = tuple(dict.fromkeys(self._next(at)))
                self._left -= len(found)
                self._behind[at] = found if self._left > 0 else ()
        return self._behind[out]

    def _next(self, out: TaskId) -> Iterator[TaskId]:
        for wait in self._out[out]:
            if wait.on in self._out:
                yield from self._behind.get(wait.on, ())
            else:
                yield wait.on
