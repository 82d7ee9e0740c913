"""Which column of a plan's table says what, and what the words of a status mean."""

from __future__ import annotations

from enum import Enum

from gitpar.plans.labels import is_id, label
from gitpar.plans.markdown import Cell, Row, Table
from gitpar.plans.status_words import TOKEN
from gitpar.values import dataclass


class Role(Enum):
    """What a column says."""

    ID = "id"
    TITLE = "title"
    STATUS = "status"
    DATE = "date"
    STREAM = "stream"
    REPO = "repo"
    WAITS = "waits"
    OTHER = "other"


_ROLES: dict[Role, frozenset[str]] = {
    Role.ID: frozenset(
        {"id", "#", "no", "no.", "nr", "task id", "task #", "task no", "task no.", "key", "ticket"}
    ),
    Role.STATUS: frozenset(
        {"status", "state", "task status", "current status", "progress", "状态", "狀態", "ステータス"}
    ),
    Role.DATE: frozenset(
        {"date", "completed", "completed on", "done on", "updated", "date completed", "completion date"}
    ),
    Role.STREAM: frozenset({"stream", "track", "lane", "workstream"}),
    Role.REPO: frozenset({"repo", "repository"}),
    Role.WAITS: frozenset(
        {
            "depends",
            "depends on",
            "dependencies",
            "dependency",
            "deps",
            "dep",
            "blocked by",
            "after",
            "requires",
        }
    ),
}
_TITLES = (
    "name",
    "task name",
    "title",
    "task",
    "description",
    "summary",
    "deliverable",
    "area",
    "package",
    "item",
)
_FIRSTS = frozenset(
    {"task", "step", "phase", "sub-task", "subtask", "milestone", "item", "work item", "stage"}
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by what they say; `first_is_task` says that its header calls its rows tasks."""

    names: tuple[str, ...]
    status: int | None
    id: int | None
    title: int | None
    date: int | None
    stream: int | None
    repo: int | None
    waits: int | None
    first_is_task: bool


def columns_of(table: Table) -> Columns:
    """Reads the header, and the cells where the header leaves it open."""
    names = tuple(cell.text.strip("*_` ").casefold() for cell in table.header.cells)
    roles: dict[Role, int] = {}
    for role, words in _ROLES.items():
        for at, name in enumerate(names):
            if name in words:
                roles.setdefault(role, at)
    if Role.STATUS not in roles and (spoken := _spoken_status(table)) is not None:
        roles[Role.STATUS] = spoken
    first = roles.get(Role.ID)
    if first is None:
        first = _column_of_ids(table, roles)
    taken = {first, *roles.values()}
    free = [at for at in range(len(names)) if at not in taken]
    title = next((at for word in _TITLES for at in free if names[at] == word), free[0] if free else None)
    is_task = bool(names) and (
        names[0] in _FIRSTS or names[0] in _ROLES[Role.ID] or names[0].startswith("task")
    )
    return Columns(
        names=names,
        status=roles.get(Role.STATUS),
        id=first,
        title=title,
        date=roles.get(Role.DATE),
        stream=roles.get(Role.STREAM),
        repo=roles.get(Role.REPO),
        waits=roles.get(Role.WAITS),
        first_is_task=is_task,
    )


def _spoken_status(table: Table) -> int | None:
    """Returns the column that holds `TASK:` words where the header names none."""
    for row in table.rows:
        for at, cell in enumerate(row.cells):
            if TOKEN.search(cell.raw):
                return at
    return None


def _column_of_ids(table: Table, roles: dict[Role, int]) -> int | None:
    """Returns the column whose cells are mostly ids: one of the two first, or one that is called a task's."""
    called = [at for at, cell in enumerate(table.header.cells) if bare(cell).casefold() in _FIRSTS]
    for at in dict.fromkeys((*called, 0, 1)):
        if at in roles.values():
            continue
        texts = [bare(row.cells[at]) for row in table.rows if len(row.cells) > at]
        texts = [text for text in texts if text]
        if texts and sum(map(_is_only_id, texts)) * 2 > len(texts):
            return at
    return None


def _is_only_id(text: str) -> bool:
    """Says whether a cell is an id and nothing more, `T4` or `Task 4`."""
    named = label(text, wordy=True)
    return is_id(text) or (named.id != "" and not named.title)


def bare(cell: Cell) -> str:
    """Returns what a cell says without emphasis."""
    return cell.text.strip("*_`~ ")


def cell_at(row: Row, at: int | None) -> Cell | None:
    """Returns a cell of a row, None where the row is shorter."""
    return row.cells[at] if at is not None and at < len(row.cells) else None
