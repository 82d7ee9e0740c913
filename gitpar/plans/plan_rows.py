"""Which rows of a Markdown text's tables are tasks, and what each says."""

from __future__ import annotations

import re
from dataclasses import replace

from gitpar.plans.checklist import note_examples
from gitpar.plans.document import Node
from gitpar.plans.item import Item, once
from gitpar.plans.labels import is_id, label
from gitpar.plans.markdown import Markdown, Row, cells
from gitpar.plans.status_lines import status_in
from gitpar.plans.status_words import TOKEN, Status, status_of
from gitpar.plans.table_columns import Columns, bare, cell_at, columns_of
from gitpar.values import dataclass

EMPTY = frozenset(("", "-", "—", "–", "none", "n/a", "tbd", "_"))
"""What a cell holds that says nothing, in small letters."""
_LONGEST_SLUG = 40
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """A row (or a section) that is a task, as it stands."""

    item: Item
    id: str
    title: str
    status: Status | None
    stream: str | None = None
    repo: str | None = None
    waits: str | None = None
    """What the column of dependencies says; None where there is no such column."""
    tail: str = ""
    cells: tuple[tuple[str, str], ...] = ()


def live_rows(root: Item, *, note: bool = False) -> list[Found]:
    """Returns the rows of the plan's tables that are tasks; with `note` says which rows are none and why.

    Where a file has `TASK:` words anywhere, only tables that have them are the plan.
    """
    source = root.document.lines
    if source is None:
        return []
    known = [(table, columns_of(table)) for table in source.tables if not table.hidden]
    known = [(table, columns) for table, columns in known if columns.status is not None]
    marked = [one for one in known if any(_speaks(row, one[1]) for row in one[0].rows)]
    found: list[Found] = []
    for table, columns in marked or known:
        for row in table.rows:
            item = _item(root, source, row.at)
            made = _row(item, row, columns, marked=bool(marked))
            if made is not None:
                found.append(made)
            elif note and (cell := cell_at(row, columns.id)) is not None and is_id(bare(cell)):
                item.note(f"`{bare(cell)}` is no task: its status is none that is known")
    found += _loose(root, source, note=note)
    if note:
        _note_shown(root, source)
    return sorted(found, key=lambda row: row.item.node.start)


def _loose(root: Item, source: Markdown, *, note: bool) -> list[Found]:
    """Returns rows with a `TASK:` word that stand in no table: behind a blank line, or without a header."""
    inside = {
        at for table in source.tables for at in range(table.header.at, table.header.at + len(table.rows) + 2)
    }
    found: list[Found] = []
    columns: Columns | None = None
    by_line = {table.header.at: table for table in source.tables if not table.hidden}
    for at, line in enumerate(source.lines):
        if at in by_line:
            columns = columns_of(by_line[at])
        if at in inside or line.hidden or "TASK:" not in line.text:
            continue
        text = line.text.lstrip()
        if text.startswith("|") and TOKEN.search(text):
            row = Row(at, cells(line, len(columns.names) if columns else 0))
            made = _row(_item(root, source, at), row, _guessed(row, columns), marked=True)
            found += [made] if made is not None else []
        elif note and text.startswith(">") and "|" in text and TOKEN.search(text):
            _item(root, source, at).note("a row in a quotation is no task")
    return found


def _guessed(row: Row, above: Columns | None) -> Columns:
    """Returns the columns of a row without a header: those of the table above where they fit."""
    status = next((at for at, cell in enumerate(row.cells) if TOKEN.search(cell.raw)), None)
    if above is not None and len(above.names) == len(row.cells) and above.status == status:
        return above
    free = [at for at in range(len(row.cells)) if at != status]
    names = tuple("" for _ in row.cells)
    return Columns(
        names=names,
        status=status,
        id=free[0] if free else None,
        title=free[1] if len(free) > 1 else None,
        date=None,
        stream=None,
        repo=None,
        waits=None,
        first_is_task=True,
    )


def all_rows(root: Item) -> list[Found]:
    """Returns all rows that are tasks, in the text's order.

    A plan without `TASK:` words may list its tasks in tables without a status and tell in
    another how far they are: then the first says what a task is and the second its status.
    """
    told = live_rows(root, note=True)
    if any(row.status is not None and row.status.token for row in told):
        return told
    by_id = {row.id: row for row in reversed(told)}
    listed = rows_without_status(root)
    known = {row.id for row in listed}
    merged = [
        replace(row, item=by_id[row.id].item, status=by_id[row.id].status) if row.id in by_id else row
        for row in listed
    ]
    rest = [row for row in told if row.id not in known]
    return sorted((*merged, *rest), key=lambda row: row.item.node.start) if rest else merged


def _speaks(row: Row, columns: Columns) -> bool:
    cell = cell_at(row, columns.status)
    return cell is not None and TOKEN.search(cell.raw) is not None and not is_field(row)


def is_field(row: Row) -> bool:
    """Says whether a row is `| Status | TASK:… |` of a section's own little table."""
    return bool(row.cells) and row.cells[0].text.strip("*_` ").casefold() == "status"


def _item(root: Item, source: Markdown, at: int) -> Item:
    line = source.lines[at]
    return Item(root.document, Node(line.text, line.start, line.start + len(line.text)), root.findings, "")


def _row(item: Item, row: Row, columns: Columns, *, marked: bool) -> Found | None:
    """Makes a task of a row; None where its status says nothing or it is only a title between rows."""
    cell = cell_at(row, columns.status)
    status = status_of(cell.raw) if cell is not None else None
    if cell is None or status is None or is_field(row):
        return None
    task_id, title, sure = _names(row, columns)
    if not task_id or not (status.token or sure or (columns.first_is_task and not marked)):
        return None
    waits = cell_at(row, columns.waits)
    shown = {
        *(columns.id, columns.title, columns.status, columns.stream),
        *(columns.repo, columns.date, columns.waits),
    }
    return Found(
        item=item,
        id=task_id,
        title=title,
        status=status,
        stream=_said(row, columns.stream),
        repo=_said(row, columns.repo),
        waits=waits.text if waits is not None else ("" if columns.waits is not None else None),
        tail=cell.raw[status.end :].strip(" *_`"),
        cells=tuple(
            (columns.names[at], one.text)
            for at, one in enumerate(row.cells[: len(columns.names)])
            if at not in shown
        ),
    )


def _said(row: Row, at: int | None) -> str | None:
    """Returns what a cell says; None where there is none or it says nothing."""
    cell = cell_at(row, at)
    return bare(cell) if cell is not None and bare(cell).casefold() not in EMPTY else None


def _names(row: Row, columns: Columns) -> tuple[str, str, bool]:
    """Returns id and title of a row, and whether the id is one; a row without is called by its title."""
    title_cell = cell_at(row, columns.title)
    title = title_cell.text.strip("*_ ") if title_cell is not None else ""
    if (cell := cell_at(row, columns.id)) is not None and bare(cell):
        named = label(cell.text, wordy=True)
        if is_id(bare(cell)):
            return bare(cell), _plain(title) or bare(cell), True
        if named.id:
            return named.id, _plain(named.title or title) or named.id, named.sure
        return _slug(bare(cell)), _plain(title or bare(cell)), False
    for at, one in enumerate(row.cells[:2]):
        if at != columns.status and (named := label(one.text, wordy=True)).id:
            other = title if title_cell is not one else ""
            return named.id, _plain(named.title or other) or named.id, named.sure
    first = next((one for at, one in enumerate(row.cells) if at != columns.status and bare(one)), None)
    text = title or (bare(first) if first is not None else "")
    return _slug(text), _plain(text), False


def _plain(text: str) -> str:
    title = " ".join(text.split())
    for mark in ("**", "~~"):
        if title.startswith(mark) and title.endswith(mark) and title.count(mark) == 2:
            title = title[len(mark) : -len(mark)]
    return title


def _slug(text: str) -> str:
    """Returns a title as an id: its first words in small letters."""
    words: list[str] = []
    for found in _WORDS.finditer(text.casefold()):
        if sum(map(len, words)) + len(words) + len(found[0]) > _LONGEST_SLUG:
            break
        words.append(found[0])
    return "-".join(words) or (text[:_LONGEST_SLUG].strip("-. ") if text.isalnum() else "")


def _note_shown(root: Item, source: Markdown) -> None:
    """Notes the rows that stand in code blocks: they look alive and are examples."""
    for table in source.tables:
        if not table.hidden:
            continue
        columns = columns_of(table)
        names = [(_names(row, columns)[0], row.at + 1) for row in table.rows if _speaks(row, columns)]
        if names:
            note_examples(root, names, table.hidden)


@once
def sections_with_status(root: Item) -> list[Found]:
    """Returns the tasks of a plan without tables: sections that say `TASK:…` in or below their heading."""
    source = root.document.lines
    found: list[Found] = []
    if source is None:
        return found
    for which, heading in enumerate(source.headings):
        named = label(heading.text, wordy=True)
        end = source.headings[which + 1].at if which + 1 < len(source.headings) else len(source.lines)
        if not named.id or not (named.sure or named.kind is not None):
            continue
        place = status_in(source, heading.at, end, plain=False)
        if place is not None:
            title = named.title
            if place.at == heading.at:
                title = TOKEN.split(title)[0].rstrip(" `(*[:-—–")
            tail = place.raw[place.status.end :].strip(" *_`)]")
            found.append(
                Found(_item(root, source, place.at), named.id, title or named.id, place.status, tail=tail)
            )
    return found


@once
def rows_without_status(root: Item) -> list[Found]:
    """Returns the rows of tables that have an id column for tasks and no status: all of them are open."""
    source = root.document.lines
    found: list[Found] = []
    for table in source.tables if source is not None else ():
        columns = columns_of(table)
        if (
            source is None
            or table.hidden
            or columns.status is not None
            or columns.id is None
            or not columns.first_is_task
        ):
            continue
        if not any("task" in name for name in columns.names):
            continue
        for row in table.rows:
            cell = cell_at(row, columns.id)
            if cell is not None and is_id(bare(cell)):
                task_id, title, _ = _names(row, columns)
                found.append(Found(_item(root, source, row.at), task_id, title, None))
    return found
