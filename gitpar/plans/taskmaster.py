"""claude-task-master `tasks.json`: flat, a bare list, or tagged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitpar.core.graph import Scope, Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.errors import PlanError
from gitpar.plans import fields
from gitpar.plans.choices import Choices
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask, Edit, Outcome, TaskEnd, Wait
from gitpar.plans.prompt import indented, prompt
from gitpar.plans.splices import Writer, by_members
from gitpar.plans.task_folders import TaskFolders
from gitpar.plans.taskmaster_subtasks import WORDS, expand, finish_empty, full_id, named_subtasks

NAME = "taskmaster"
TAKES: Sequence[str] = ("tag", "expand_subtasks")
_SIGNS = {"dependencies", "testStrategy", "details", "priority", "subtasks", "description", "relevantFiles"}

_MOST_STEPS = 1_000_000
"""Of following dependencies, for the sake of warnings."""


def recognises(root: Item) -> bool:
    """Says whether the file is one: tagged, or tasks with the keys that only task-master has."""
    if tags(root):
        return True
    rows = root if root.is_list() else root.get("tasks")
    return rows is not None and any(_SIGNS & dict(row.members()).keys() for row in rows.elements())


def tags(root: Item) -> dict[str, Item]:
    """Returns the tags of a tagged file, nothing where `tasks` is a list."""
    tasks = root.get("tasks")
    if tasks is not None and tasks.is_list():
        return {}
    found = {name: rows for name, item in root.members() if (rows := item.get("tasks")) is not None}
    return {name: rows for name, rows in found.items() if rows.is_list()}


def rows(root: Item, tag: str | None) -> Iterator[Item]:
    """Yields the tasks of a file or of one of its tags.

    Raises PlanError where the tag does not exist or must be chosen.
    """
    tagged = tags(root)
    if tagged:
        chosen = tag or ("master" if "master" in tagged else next(iter(tagged)) if len(tagged) == 1 else None)
        names = ", ".join(f"`{name}`" for name in tagged)
        if chosen is None:
            raise PlanError((root.problem(f"has several tags: {names}"),), "Choose one with --tag NAME")
        if chosen not in tagged:
            raise PlanError((root.problem(f"has no tag `{chosen}`; it has {names}"),))
        yield from tagged[chosen].elements()
        return
    if tag is not None:
        raise PlanError((root.problem(f"has no tags, so no tag `{tag}`"),), "Leave --tag out")
    yield from (root if root.is_list() else root.child("tasks")).elements()


def read(root: Item, choices: Choices) -> Draft:
    """Makes drafts of the tasks; subtasks become part of their task's prompt, or tasks of their own."""
    draft = Draft()
    folders = TaskFolders(root)
    for row in rows(root, choices.tag):
        task_id = row_id(row)
        if task_id is None:
            continue
        kept = _subtasks(row)
        entry = _task(row, TaskId(task_id), kept, folders.sections(task_id))
        parts = list(named_subtasks(task_id, [item for item in kept if item.is_mapping()]))
        if choices.expand_subtasks and kept and not parts:
            row.note(f"`{task_id}` stays one task: its subtasks have no ids")
        if choices.expand_subtasks and parts and not row.has("command"):
            expand(draft, entry, parts)
            continue
        draft.tasks.append(entry)
        for name, subtask in parts:
            draft.stands_for[name] = (entry.task.id,)
            draft.parts[name] = subtask
    if choices.expand_subtasks:
        finish_empty(draft)
    else:
        _check_subtasks(draft)
    return draft


def _subtasks(row: Item) -> list[Item]:
    """Returns a task's subtasks: mappings, or mere texts, which are part of its prompt and nothing else."""
    declared = row.get("subtasks")
    found: list[Item] = []
    for item in declared.elements() if declared is not None else ():
        if item.is_mapping() or (isinstance(item.node.value, str) and item.node.value.strip()):
            found.append(item)
        else:
            item.warn(f"expected a subtask, found {item.shown()}; it is left out")
    return found


def row_id(row: Item) -> str | None:
    """Returns a row's id; complains where it has none."""
    if not row.is_mapping():
        row.complain(f"expected a task, found {row.shown()}")
        return None
    ident = row.get("id")
    if ident is None:
        row.complain("a task without an `id`", "Give every task an id of its own")
        return None
    return ident.name()


def _task(
    row: Item, task_id: TaskId, subtasks: Sequence[Item], folder: Sequence[tuple[str, str]]
) -> DraftTask:
    def text(name: str) -> str:
        return item.text() if (item := row.get(name)) is not None else ""

    status, written = fields.status(row, WORDS)
    title = text("title").strip() or text("description").strip().split("\n")[0] or task_id
    body = "" if text("description").strip() == title else text("description")
    sections = [
        ("", body),
        ("Details", text("details")),
        ("Test strategy", text("testStrategy")),
        ("Subtasks", "\n".join(_subtask_text(task_id, item) for item in subtasks)),
        *folder,
    ]
    scope = Scope()
    for name in ("relevantFiles", "files"):
        if (declared := row.get(name)) is not None:
            scope = fields.joined(scope, fields.scope(declared))
    task = Task(
        id=task_id,
        title=" ".join(title.split()),
        source=fields.source(row),
        prompt=prompt(title, sections),
        scope=scope,
        status=status,
        status_text=written,
        **fields.extras(row),
    )
    waits = [
        Wait(TaskId(name), item)
        for key in ("dependencies", "depends_on")
        if (declared := row.get(key)) is not None
        for name, item in declared.names()
    ]
    return DraftTask(task, row, waits)


def _subtask_text(task_id: str, item: Item) -> str:
    def text(name: str) -> str:
        return found.text().strip() if (found := item.get(name)) is not None else ""

    if not item.is_mapping():
        return f"- {item.text().strip()}"
    number = found.name() if (found := item.get("id")) is not None else None
    label = f"{full_id(task_id, number)} " if number else ""
    done = fields.status(item, WORDS)[0] is TaskStatus.DONE
    first = f"- {label}{text('title') or text('description')}" + (" (already done)" if done else "")
    below = (
        [] if done else [text("description") if text("title") else "", text("details"), text("testStrategy")]
    )
    return "\n".join([first, *(indented(part) for part in below if part)])


def _check_subtasks(draft: Draft) -> None:
    """Warns where a subtask waits for another task's subtask and its task does not wait for that task."""
    waits = {entry.task.id: {_owner(draft, wait.on) for wait in entry.waits} for entry in draft.tasks}
    reach = _Reach(waits)
    for entry in draft.tasks:
        subtasks = entry.item.get("subtasks")
        if subtasks is None or entry.task.status is not TaskStatus.PENDING:
            continue
        for subtask in subtasks.elements():
            declared = subtask.get("dependencies")
            for name, item in declared.names() if declared is not None else ():
                owners = draft.stands_for.get(TaskId(name), ()) if "." in name else ()
                for owner in owners:
                    if owner != entry.task.id and not reach(entry.task.id, owner):
                        item.warn(
                            f"this subtask waits for `{name}`, but task `{entry.task.id}` does not "
                            f"depend on `{owner}`, so they may run at once",
                            f"Add `{owner}` to the dependencies of `{entry.task.id}`",
                        )


def _owner(draft: Draft, name: TaskId) -> TaskId:
    return next(iter(draft.stands_for.get(name, ())), name)


class _Reach:
    """Says whether one task waits for another, directly or not; once it has looked long enough, yes."""

    def __init__(self, waits: dict[TaskId, set[TaskId]]) -> None:
        self._waits = waits
        self._left = _MOST_STEPS

    def __call__(self, start: TaskId, goal: TaskId) -> bool:
        seen, ahead = {start}, [start]
        while ahead and self._left > 0:
            for name in self._waits.get(ahead.pop(), ()):
                self._left -= 1
                if name == goal:
                    return True
                if name not in seen:
                    seen.add(name)
                    ahead.append(name)
        return self._left <= 0


def edits(end: TaskEnd) -> tuple[Edit, ...]:
    """Returns what to write: done, or blocked where a person is needed; what never ran stays as it is."""
    match end.outcome:
        case Outcome.LANDED:
            return (Edit("status", "done"),)
        case Outcome.FAILED | Outcome.HELD:
            return (Edit("status", "blocked"),)
        case Outcome.BLOCKED:
            return ()


def writer(_root: Item) -> Writer:
    """Returns what writes the members that `edits` names."""
    return by_members(edits)
