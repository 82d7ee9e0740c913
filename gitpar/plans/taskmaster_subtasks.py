"""Subtasks of task-master as tasks of their own: `--expand-subtasks`.

A task that has subtasks is then only their bracket: what waits for it waits for all of
them, they wait for what it waits for, and its text is part of their prompts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans import fields
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask, Wait
from gitpar.plans.prompt import prompt

WORDS = fields.Words(
    satisfied=("done", "completed", "complete", "cancelled", "canceled"),
    pending=("pending", "in-progress", "review", "todo", "to-do", "blocked"),
    left_out=("deferred",),
)
_SIBLINGS = 100
"""A number below is a sibling, as task-master reads it."""


def full_id(task_id: str, subtask: str) -> str:
    """Returns the id of a subtask in the whole plan: `3.2`, however the file writes it."""
    return subtask if subtask.startswith(f"{task_id}.") else f"{task_id}.{subtask}"


def named_subtasks(task_id: str, rows: Sequence[Item]) -> Iterator[tuple[TaskId, Item]]:
    """Yields the subtasks that have an id, under the id they have in the whole plan."""
    for row in rows:
        if (ident := row.get("id")) is not None and (name := ident.name()) is not None:
            yield TaskId(full_id(task_id, name)), row


def expand(draft: Draft, whole: DraftTask, parts: Sequence[tuple[TaskId, Item]]) -> None:
    """Puts the subtasks of a task into a draft, in place of the task."""
    owner = whole.task
    names = [name for name, _ in parts]
    draft.stands_for[owner.id] = tuple(names)
    draft.parts[owner.id] = whole.item
    for name, row in parts:
        waits = [*whole.waits, *_waits(owner.id, name, row, set(names))]
        draft.tasks.append(DraftTask(_task(whole, name, row), row, waits))


def _task(whole: DraftTask, name: TaskId, row: Item) -> Task:
    def text(key: str) -> str:
        return item.text().strip() if (item := row.get(key)) is not None else ""

    status, written = fields.status(row, WORDS)
    if whole.task.status is not TaskStatus.PENDING and status is TaskStatus.PENDING:
        status, written = whole.task.status, f"{whole.task.status_text}, as its task {whole.task.id}"
    title = " ".join((text("title") or text("description") or name).split())
    body = text("description")
    sections = [
        ("", "" if body == title else body),
        ("Details", text("details")),
        ("Test strategy", text("testStrategy")),
        (f"The task it is a part of: {whole.task.id}", _quoted(whole.task.prompt)),
    ]
    return replace(
        whole.task,
        id=name,
        title=title,
        source=fields.source(row),
        prompt=prompt(f"Task {name}: {title}", sections),
        status=status,
        status_text=written,
        **fields.extras(row),
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _waits(owner: TaskId, own: TaskId, row: Item, siblings: set[TaskId]) -> Iterator[Wait]:
    declared = row.get("dependencies")
    for name, item in declared.names() if declared is not None else ():
        sibling = TaskId(full_id(owner, name))
        number = item.node.value
        if "." not in name and sibling in siblings:
            yield Wait(sibling, item)
        elif name == owner:
            item.warn(f"`{own}` depends on `{owner}`, which it is a part of; that is ignored")
        elif type(number) is int and number < _SIBLINGS:
            yield Wait(sibling, item)
        else:
            yield Wait(TaskId(name), item)


def finish_empty(draft: Draft) -> None:
    """Notes the tasks whose subtasks are all done although they are not: nothing of them is left to run."""
    status = {entry.task.id: entry.task.status for entry in draft.tasks}
    for owner, item in draft.parts.items():
        done = all(status[name] is TaskStatus.DONE for name in draft.stands_for[owner])
        if done and fields.status(item, WORDS)[0] is TaskStatus.PENDING:
            item.note(f"`{owner}` counts as done: all its subtasks are")
