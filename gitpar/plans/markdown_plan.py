"""Markdown plans: tables with a Status column (`TASK:PENDING` and friends), a section for each task.

A plan without such a table may say a task's status in its section or in the section's
heading instead. Order in the tables is the dependency, unless a row says what it waits for
or is of another stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans import fields
from gitpar.plans.boxed import only_markdown
from gitpar.plans.checklist import boxes, note_beside, note_shown
from gitpar.plans.choices import Choices
from gitpar.plans.item import Findings, Item
from gitpar.plans.labels import ids_in, is_optional, waits_in
from gitpar.plans.markdown import Row
from gitpar.plans.model import Draft, DraftTask, Outcome, TaskEnd, Wait
from gitpar.plans.ordering import Ids, Order, by_dependency
from gitpar.plans.people import agent_of_row
from gitpar.plans.plan_rows import EMPTY, Found, all_rows, is_field, sections_with_status
from gitpar.plans.plan_sections import Sections
from gitpar.plans.prompt import prompt
from gitpar.plans.splices import NotEditable, Splice, Writer
from gitpar.plans.status_lines import Place, word
from gitpar.plans.status_words import TOKEN
from gitpar.plans.table_columns import Columns, cell_at, columns_of

NAME = "markdown-plan"
TAKES: Sequence[str] = ()


def read(root: Item, _choices: Choices) -> Draft:
    """Makes drafts of the rows, with the order that the tables mean."""
    only_markdown(root, NAME)
    draft = Draft()
    source = root.document.lines
    if source is None:
        return draft
    rows = all_rows(root) or sections_with_status(root)
    sections = Sections(source)
    ids = Ids()
    kept: list[Found] = []
    for row in rows:
        task_id = ids.take(row.id, row.title)
        if task_id is None:
            row.item.note(f"`{row.id}` is listed a second time and is one task")
            continue
        if task_id != row.id:
            row.item.warn(f"the id `{row.id}` is used a second time; this task is called `{task_id}`")
        draft.tasks.append(_drafted(row, task_id, sections))
        kept.append(row)
        if is_optional(row.title):
            draft.optional.add(task_id)
    _order(root, draft, kept)
    named = [(box.label.id, box.item.line) for box in boxes(root)]
    note_beside(root, named, "no tasks, but boxes beside the tables that list them")
    note_shown(root, source)
    return draft


def _drafted(row: Found, task_id: TaskId, sections: Sections) -> DraftTask:
    status, text = TaskStatus.PENDING, "pending"
    said = row.status
    if said is None and (place := sections.place_of_status(row.id, row.title)) is not None:
        said = place.status
    if said is not None:
        status, text = said.meaning, said.word
        if not said.known:
            row.item.warn(f"the status `{text}` of `{row.id}` is not known; the task counts as pending")
    rest = "\n".join(f"- {name}: {value}" for name, value in row.cells if value.casefold() not in EMPTY)
    body = sections.of(row.id, row.title)
    task = Task(
        id=task_id,
        title=row.title,
        source=fields.source(row.item),
        prompt=prompt(f"Task {task_id}: {row.title}", (("", body), ("In the plan's table", rest))),
        status=status,
        status_text=text,
        stream=row.stream,
        repo=row.repo or sections.repo_of(row.id, row.title),
        agent=agent_of_row(row.cells, row.title, row.tail),
    )
    return DraftTask(task, row.item)


# --- order -------------------------------------------------------------------------------


def _order(root: Item, draft: Draft, rows: Sequence[Found]) -> None:
    """Adds what rows say they wait for; a row that says nothing waits for the one before it in its stream."""
    own = {row.id: entry.task.id for row, entry in reversed(list(zip(rows, draft.tasks, strict=True)))}
    says: set[TaskId] = set()
    order = Order(root)
    for row, entry in zip(rows, draft.tasks, strict=True):
        if row.waits is not None:
            says.add(entry.task.id)
        names = dict.fromkeys(_waits(row, own))
        if not order.spend(len(names)):
            return
        for name in names:
            if name not in own:
                row.item.warn(f"`{row.id}` says that it depends on `{name}`, which is not in the plan")
            elif own[name] != entry.task.id:
                says.add(entry.task.id)
                entry.waits.append(Wait(own[name], row.item))
    last: dict[str | None, DraftTask] = {}
    for entry in by_dependency(draft.tasks):
        before = last.get(entry.task.stream)
        if before is not None and entry.task.id not in says:
            order.follow([entry], [before])
        last[entry.task.stream] = entry


def _waits(row: Found, known: dict[str, TaskId]) -> Iterator[str]:
    if row.waits and row.waits.casefold() not in EMPTY:
        yield from (name for name, _ in ids_in(row.waits, 0, known))
        yield from (name for name, _ in waits_in(row.waits, known))
    yield from (name for name, _ in waits_in(row.tail, known))


# --- writing back ------------------------------------------------------------------------


def writer(root: Item) -> Writer:
    """Returns what changes a task's status word, tail kept, and fills an empty date once it has landed.

    What a task's own section says of its status is changed with its row.
    """
    source = root.document.lines
    rows: dict[int, tuple[Row, Columns]] = {}
    for table in source.tables if source is not None else ():
        columns = columns_of(table)
        if columns.status is not None and not table.hidden:
            rows.update({row.at: (row, columns) for row in table.rows if not is_field(row)})
    sections = _section_statuses(root)

    def write(item: Item, end: TaskEnd) -> list[Splice]:
        if end.outcome is Outcome.BLOCKED:
            return []
        at = item.line - 1
        landed = end.outcome is Outcome.LANDED
        place = sections.get(at)
        found = word(place.start, place.raw, landed=landed) if place is not None else []
        if at in rows:
            return found + _in_table(*rows[at], end)
        token = TOKEN.search(item.document.text, item.node.start, item.node.end)
        if token is not None:
            raw = item.document.text[token.start() : item.node.end]
            return found + word(token.start(), raw, landed=landed)
        if place is None:
            raise NotEditable("its row has no status")
        return found

    return write


def _section_statuses(root: Item) -> dict[int, Place]:
    """Returns, by the line of a task's row, where the task's own section says how far it is."""
    source = root.document.lines
    found: dict[int, Place] = {}
    if source is None:
        return found
    sections = Sections(source)
    seen: set[str] = set()
    for row in all_rows(replace(root, findings=Findings())):
        place = sections.place_of_status(row.id, row.title) if row.id not in seen else None
        seen.add(row.id)
        at = row.item.line - 1
        if place is not None and place.at != at:
            found[at] = place
    return found


def _in_table(row: Row, columns: Columns, end: TaskEnd) -> list[Splice]:
    status = cell_at(row, columns.status)
    if status is None:
        raise NotEditable("its row has no status")
    landed = end.outcome is Outcome.LANDED
    found = word(status.start, status.raw, landed=landed)
    date = cell_at(row, columns.date)
    if landed and date is not None and date.text.casefold() in EMPTY and end.ended_at is not None:
        stamp = datetime.fromtimestamp(end.ended_at, UTC).strftime("%Y-%m-%d")
        width = len(date.raw)
        found.append(Splice(date.start, date.start + width, f" {stamp} ".ljust(width)))
    return found
