"""Tasks from check boxes: what the formats that have them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace

from gitpar.core.graph import Scope, Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans import fields
from gitpar.plans.checklist import Box, boxes, note_beside, note_the_rest, warn_of_mark
from gitpar.plans.details import command_of, fields_of, files_of, message_of, paths_in
from gitpar.plans.document import Syntax
from gitpar.plans.headed import beside_boxes, headed
from gitpar.plans.item import Item
from gitpar.plans.labels import is_id, is_optional, waits_in
from gitpar.plans.markdown import Heading, Markdown
from gitpar.plans.model import Draft, DraftTask, Wait
from gitpar.plans.named_repos import ReposOfSections, repo_in
from gitpar.plans.ordering import Ids, Order
from gitpar.plans.people import agent_of_tags
from gitpar.plans.plan_rows import live_rows
from gitpar.plans.prompt import prompt
from gitpar.values import dataclass

_LONGEST_TITLE = 160


@dataclass(slots=True)
class Boxed:
    """A task and the box that it comes from."""

    entry: DraftTask
    box: Box


@dataclass(slots=True)
class Boxes:
    """What was read of a file: its tasks in order, by id, and the text they stand in."""

    source: Markdown
    draft: Draft
    rows: list[Boxed] = field(default_factory=list)

    def heading(self, box: Box) -> Heading | None:
        """Returns the nearest heading above a box."""
        return self.source.headings[box.heading] if box.heading >= 0 else None


def only_markdown(root: Item, name: str) -> None:
    """Complains of a file that is no Markdown."""
    if root.document.lines is None:
        root.complain(
            f"is {root.document.syntax}, and a {name} plan is {Syntax.MARKDOWN}", "Leave --format out"
        )


def read_boxes(root: Item, *, scope_from_title: bool = False) -> Boxes:
    """Makes drafts of all check boxes with an id; where there are none, of headings that are tasks.

    With `scope_from_title` the paths in a title are what the task says it will touch.
    """
    if root.document.lines is None:
        return Boxes(Markdown((), ()), Draft())
    found = beside_boxes(root, boxes(root)) or headed(root)
    made = Boxes(root.document.lines, Draft())
    ids = Ids()
    repos = ReposOfSections(made.source, [box.at for box in found])
    for box in found:
        title = _title(box)
        task_id = ids.take(box.label.id, title)
        warn_of_mark(box)
        if task_id is None:
            box.item.note(f"`{box.label.id}` is listed a second time and is one task")
            continue
        if task_id != box.label.id:
            box.item.warn(f"the id `{box.label.id}` is used a second time; this task is called `{task_id}`")
        task = _task(box, task_id, made, from_title=scope_from_title)
        repo = repo_in(made.source.lines[box.at + 1 : box.end]) or repos.of(box.heading)
        entry = DraftTask(replace(task, repo=repo), box.item)
        made.rows.append(Boxed(entry, box))
        made.draft.tasks.append(entry)
        if box.starred or box.label.has("OPTIONAL") or is_optional(title):
            made.draft.optional.add(task_id)
    note_the_rest(root, found)
    rows = [(row.id, row.item.line) for row in live_rows(root) if is_id(row.id)]
    note_beside(root, rows, "no tasks, but rows of tables beside the boxes that are")
    _wait_for_children(made)
    _declared_waits(made, Order(root))
    return made


def _title(box: Box) -> str:
    title = " ".join(box.label.title.split()) or box.label.id
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"


def _task(box: Box, task_id: TaskId, made: Boxes, *, from_title: bool) -> Task:
    below = made.source.lines[box.at + 1 : box.end]
    said = fields_of(below)
    scope = Scope()
    for name in ("files", "create", "modify"):
        if name in said:
            found = files_of(said[name])
            scope = fields.joined(scope, Scope(found.written) if name == "create" else found)
    if from_title and not scope.written:
        scope = Scope(modify=paths_in(box.label.title))
    status, text = box.status, box.status_text
    if box.label.struck and status is TaskStatus.PENDING:
        status, text = TaskStatus.LEFT_OUT, "struck through"
    title = _title(box)
    return Task(
        id=task_id,
        title=title,
        source=fields.source(box.item),
        prompt=_prompt(box, task_id, made),
        scope=scope,
        status=status,
        status_text=text,
        verify=command_of(said["verify"]) if "verify" in said else None,
        agent=agent_of_tags(box.label.tags, title),
        commit_message=message_of(said["commit"]) if "commit" in said else None,
    )


def _prompt(box: Box, task_id: TaskId, made: Boxes) -> str:
    heading = made.heading(box)
    tags = " ".join(f"[{tag}]" for tag in box.label.tags)
    parts = "\n".join(f"- {child.label.id} {child.label.title}" for child in box.children)
    sections = [
        ("", made.source.text(box.at + 1, box.end)),
        ("Its parts, worked on before it", parts),
        ("Where it stands", "\n".join(filter(None, (heading.text if heading else "", tags)))),
    ]
    return prompt(f"Task {task_id}: {box.label.title or task_id}", sections)


def _wait_for_children(made: Boxes) -> None:
    """Makes a task wait for the tasks that stand inside it."""
    by_line = {row.box.at: row.entry for row in made.rows}
    for row in made.rows:
        for child in row.box.children:
            if (inner := by_line.get(child.at)) is not None:
                row.entry.waits.append(Wait(inner.task.id, inner.item, order=True))


def _declared_waits(made: Boxes, budget: Order) -> None:
    """Reads `(depends on T012, T013)` and the like; what stands later in the file cannot be waited for."""
    position = {row.box.label.id: at for at, row in reversed(list(enumerate(made.rows)))}
    for at, row in enumerate(made.rows):
        lines = [line.text for line in made.source.lines[row.box.at + 1 : row.box.end] if not line.hidden]
        text = "\n".join((row.box.label.title, *_speaking(lines)))
        names = dict.fromkeys(name for name, _ in waits_in(text, position))
        if not budget.spend(len(names)):
            return
        for name in names:
            where = position.get(name)
            if where is None:
                row.box.item.warn(
                    f"`{row.entry.task.id}` says that it depends on `{name}`, which is not in the plan"
                )
            elif where > at:
                row.box.item.warn(
                    f"`{row.entry.task.id}` says that it depends on `{name}`, which comes later; order counts"
                )
            elif where < at:
                row.entry.waits.append(Wait(made.rows[where].entry.task.id, row.box.item))


def _speaking(lines: Sequence[str]) -> list[str]:
    """Returns the lines that speak of dependencies as such: `Depends on: T001`."""
    return [
        line for line in lines if "depend" in line.casefold()[:40] or line.lstrip(" -*>").startswith("依")
    ]


def without_children(rows: Sequence[Boxed]) -> list[Boxed]:
    """Returns the tasks that stand in no other: order is among these."""
    inside = {child.at for row in rows for child in row.box.children}
    return [row for row in rows if row.box.at not in inside]


def children_first(made: Boxes, order: Order) -> None:
    """Orders the tasks that stand in others: one after another, behind what their owner comes behind."""
    by_line = {row.box.at: row.entry for row in made.rows}
    for row in made.rows:
        inner = [by_line[child.at] for child in row.box.children if child.at in by_line]
        if inner:
            names = {entry.task.id for entry in inner}
            before = [wait for wait in row.entry.waits if wait.on not in names]
            order.wait(inner[0], [wait.on for wait in before])
            order.sequence([entry] for entry in inner)


def set_status(entry: DraftTask, status: TaskStatus, text: str) -> None:
    """Puts another status into a draft."""
    entry.task = replace(entry.task, status=status, status_text=text)
