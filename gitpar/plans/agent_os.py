"""agent-os `tasks.json`, v2 to v4: parents and subtasks, `parallelization` or `depends_on`.

A parent is the task and its subtasks are listed in its prompt; a subtask whose parent is
not in the file is a task of its own, and such siblings run in the file's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime

from gitpar.core.graph import Scope, Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans import fields
from gitpar.plans.agent_os_prompt import Summary, task_prompt
from gitpar.plans.agent_os_waves import declare_waves
from gitpar.plans.choices import Choices
from gitpar.plans.item import Item
from gitpar.plans.model import Draft, DraftTask, Edit, Outcome, PlanSettings, TaskEnd, Wait
from gitpar.plans.splices import Writer, by_members
from gitpar.plans.taskmaster import row_id
from gitpar.values import dataclass

NAME = "agent-os"
TAKES: Sequence[str] = ()
WORDS = fields.Words(
    satisfied=("pass", "passed", "done", "completed", "cancelled"),
    pending=("pending", "in-progress", "todo", "blocked", "fail", "failed"),
    left_out=("skipped", "deferred"),
)
_OWN_WORK = ("git-operation", "pr-review")
_TYPES = ("implementation", *_OWN_WORK, "verification", "e2e-testing", "discovery")
_BLOCKER_LIMIT = 500


def recognises(root: Item) -> bool:
    """Says whether the file is one: its strategy, its computed waves, or rows with its keys."""
    tasks = root.get("tasks")
    if tasks is None or not tasks.is_list():
        return False
    if any(root.has(name) for name in ("execution_strategy", "computed")):
        return True
    return any(row.has("parallelization") or row.has("task_type") for row in tasks.elements())


@dataclass(slots=True)
class _Rows:
    """The rows of a file by what they are."""

    tasks: dict[str, Item] = field(default_factory=dict)
    subtasks: dict[str, list[Item]] = field(default_factory=dict)
    doubles: list[tuple[str, Item]] = field(default_factory=list)
    dropped: dict[str, Item] = field(default_factory=dict)


def read(root: Item, _choices: Choices) -> Draft:
    """Makes drafts of the parents, with the waves that the file declares."""
    rows = _sorted_rows(root)
    summary = Summary.beside(root)
    draft = Draft(settings=_settings(root))
    for task_id, row in (*rows.tasks.items(), *rows.doubles):
        draft.tasks.append(_task(row, task_id, rows, summary))
    _stand_ins(rows, draft)
    _blocks(draft)
    declare_waves(root, draft)
    return draft


def _settings(root: Item) -> PlanSettings:
    for name in ("execution_strategy", "computed"):
        part = root.get(name)
        workers = part.get("max_concurrent_workers") if part is not None else None
        if workers is not None:
            return PlanSettings(jobs=workers.whole(least=1))
    return PlanSettings()


def _sorted_rows(root: Item) -> _Rows:
    rows = _Rows()
    named = [(name, row) for row in root.child("tasks").elements() if (name := row_id(row)) is not None]
    known = {name for name, _ in named}
    for name, row in named:
        kind = _word(row, "task_type")
        parent = row.get("parent")
        owner = parent.name() if parent is not None else None
        if kind and kind not in _TYPES:
            row.child("task_type").warn(f"the type `{kind}` is not known; the task is run like any other")
        if kind in _OWN_WORK:
            row.note(f"`{name}` is skipped: {kind} rows are gitpar's own work")
            rows.dropped[name] = row
        elif owner is not None and owner in known and owner != name:
            rows.subtasks.setdefault(owner, []).append(row)
        elif name in rows.tasks:
            rows.doubles.append((name, row))
        else:
            rows.tasks[name] = row
    _adopt_grandchildren(rows)
    return rows


def _adopt_grandchildren(rows: _Rows) -> None:
    """Moves subtasks of subtasks (and of rows that are skipped) up to a row that is a task."""
    parents = {row_id(row): parent for parent, below in rows.subtasks.items() for row in below}
    for owner in [name for name in rows.subtasks if name not in rows.tasks]:
        for row in rows.subtasks.pop(owner):
            name = row_id(row)
            above = parents.get(owner)
            if above is not None and above in rows.tasks:
                rows.subtasks.setdefault(above, []).append(row)
                parents[name] = above
            elif name is not None:
                rows.tasks[name] = row


def _word(row: Item, name: str) -> str:
    return item.text().strip() if (item := row.get(name)) is not None else ""


def _task(row: Item, task_id: str, rows: _Rows, summary: Summary) -> DraftTask:
    status, written = fields.status(row, WORDS)
    title = _word(row, "summary") or _word(row, "title") or _word(row, "description") or task_id
    title = " ".join(title.split())
    below = rows.subtasks.get(task_id, ())
    done = [fields.status(item, WORDS)[0] is TaskStatus.DONE for item in below]
    part = row.get("parallelization") or row
    task = Task(
        id=TaskId(task_id),
        title=title if len(title) <= 120 else title[:119] + "…",
        source=fields.source(row),
        prompt=task_prompt(row, task_id, list(zip(below, done, strict=True)), summary),
        scope=_scope(row, part),
        status=status,
        status_text=written,
        **fields.extras(row, worked_minutes=True),
    )
    return DraftTask(task, row, _waits(row, below))


def _scope(row: Item, part: Item) -> Scope:
    scope = Scope()
    for holder, name in ((part, "shared_files"), (row, "files")):
        if (declared := holder.get(name)) is not None:
            scope = fields.joined(scope, fields.scope(declared))
    return scope


def _waits(row: Item, below: Sequence[Item]) -> list[Wait]:
    """Lists what a task waits for, with what its subtasks wait for outside of it."""
    found: list[Wait] = []
    inside = {row_id(item) for item in (row, *below)}
    for holder in (row, *below):
        for place, name in (
            (holder, "depends_on"),
            (holder, "dependencies"),
            (holder.get("parallelization"), "blocked_by"),
        ):
            declared = place.get(name) if place is not None else None
            for on, item in declared.names() if declared is not None else ():
                if holder is row or on not in inside:
                    found.append(Wait(TaskId(on), item))
    return found


def _stand_ins(rows: _Rows, draft: Draft) -> None:
    """Says who stands for subtasks (their parent) and for skipped rows (what these wait for)."""
    for parent, below in rows.subtasks.items():
        for row in below:
            if (name := row_id(row)) is not None:
                draft.stands_for[TaskId(name)] = (TaskId(parent),)
    for name, row in rows.dropped.items():
        draft.stands_for[TaskId(name)] = tuple(wait.on for wait in _waits(row, ()))
    orphans: dict[str, DraftTask] = {}
    for entry in draft.tasks:
        parent_item = entry.item.get("parent")
        owner = parent_item.name() if parent_item is not None else None
        if parent_item is None or owner is None or owner in rows.tasks:
            continue
        before = orphans.get(owner)
        if before is not None:
            entry.waits.append(Wait(before.task.id, parent_item))
        orphans[owner] = entry


def _blocks(draft: Draft) -> None:
    """Reads `blocks`, the other direction of `blocked_by`."""
    by_id = {entry.task.id: entry for entry in draft.tasks}
    waits = {entry.task.id: {wait.on for wait in entry.waits} for entry in draft.tasks}
    for entry in draft.tasks:
        part = entry.item.get("parallelization")
        declared = part.get("blocks") if part is not None else None
        for on, item in declared.names() if declared is not None else ():
            stands = draft.stands_for.get(TaskId(on), (TaskId(on),))
            for name in stands:
                waiting = by_id.get(name)
                if waiting is None:
                    hint = item.findings.nearest(on, by_id)
                    item.warn(f"task `{entry.task.id}` blocks `{on}`, which is not in the plan", hint)
                elif entry.task.id not in waits[name] and waiting is not entry:
                    waiting.waits.append(Wait(entry.task.id, item))
                    waits[name].add(entry.task.id)


def edits(end: TaskEnd) -> tuple[Edit, ...]:
    """Returns what to write: pass or blocked, with what agent-os keeps beside it."""
    if end.outcome is Outcome.BLOCKED:
        return ()
    found: list[Edit] = []
    if end.outcome is Outcome.LANDED:
        found.append(Edit("status", "pass"))
        if end.ended_at is not None:
            stamp = datetime.fromtimestamp(end.ended_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            found.append(Edit("completed_at", stamp))
        found.append(Edit("blocker", None, add=False))
    else:
        found.append(Edit("status", "blocked"))
        reason = end.reason or f"gitpar: {end.outcome.value}"
        found.append(Edit("blocker", " ".join(reason.split())[:_BLOCKER_LIMIT]))
    if end.duration_s is not None:
        found.append(Edit("duration_minutes", round(end.duration_s / 60)))
    if end.attempts is not None:
        found.append(Edit("attempts", end.attempts))
    return tuple(found)


def writer(_root: Item) -> Writer:
    """Returns what writes the members that `edits` names."""
    return by_members(edits)
