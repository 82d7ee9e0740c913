"""Which formats a Markdown text may be, with what speaks for each."""

from __future__ import annotations

import re
from collections import Counter

from gitpar.plans import markdown_plan, ralph, spec_kit
from gitpar.plans.checklist import Box, boxes
from gitpar.plans.details import fields_of
from gitpar.plans.headed import headed
from gitpar.plans.item import Item
from gitpar.plans.labels import Kind
from gitpar.plans.plan_rows import Found, live_rows, rows_without_status, sections_with_status
from gitpar.values import dataclass

_STORY = re.compile(r"US-?\d|Story|Setup|Foundation|Polish", re.IGNORECASE)
_RALPH_TAGS = ("VERIFY", "RED", "GREEN", "YELLOW", "REFACTOR", "SEQUENTIAL")
_RALPH_FIELDS = frozenset({"do", "done when", "verify", "commit"})
_CLEAR = 4
"""So many times more of one than of the other is clear."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A format and what speaks for it, in words."""

    format: str
    why: str


def likely(root: Item) -> list[Likely]:  # noqa: PLR0911 - an answer a sign
    """Returns the formats that a text may be: one where that is clear, several where it is not."""
    found = boxes(root)
    rows = live_rows(root) or sections_with_status(root)
    marked = sum(row.status is not None and row.status.token for row in rows)
    table = Likely(markdown_plan.NAME, _count(len(rows), "row with a status", "rows with a status"))
    lists = _lists(root, found)
    if marked and found:
        # a plan's sections may tick off ids, and a list of tasks may end in a table about them
        if marked >= _CLEAR * len(found):
            return [table]
        return lists if len(found) >= _CLEAR * marked else [table, *lists]
    if marked:
        return [table]
    if lists and not (rows and not found and _are_of(rows, headed(root))):
        return lists
    if rows:
        return [table]
    if open_rows := rows_without_status(root):
        return [Likely(markdown_plan.NAME, _count(len(open_rows), "row", "rows"))]
    return []


def _lists(root: Item, found: list[Box]) -> list[Likely]:
    """Tells ralph from spec-kit: by the fields below the boxes, by tags, then by the ids."""
    found = found or headed(root)
    if not found:
        return []
    source = root.document.lines
    kinds = Counter(box.label.kind for box in found)
    tasks = kinds[Kind.TASK]
    others = len(found) - tasks
    fields = sum(
        bool(_RALPH_FIELDS & fields_of(source.lines[box.at + 1 : box.end]).keys())
        for box in found
        if source is not None
    )
    ralphs = Likely(ralph.NAME, _count(others, "id such as 1.2", "ids such as 1.2"))
    specs = Likely(spec_kit.NAME, _count(tasks, "id such as T001", "ids such as T001"))
    stories = any(_STORY.match(tag) for box in found for tag in box.label.tags)
    if stories and tasks > others:
        return [specs]
    if fields * 2 > len(found) or sum(box.label.has(*_RALPH_TAGS) for box in found) > tasks:
        return [ralphs]
    if stories:
        return [specs]
    if tasks >= _CLEAR * others:
        return [specs]
    return [ralphs] if others >= _CLEAR * tasks else [specs, ralphs]


def _are_of(rows: list[Found], tasks: list[Box]) -> bool:
    """Says whether rows of tables are the tasks that have headings of their own: their sections."""
    listed = {row.id for row in rows}
    return sum(box.label.id in listed for box in tasks) * 2 >= len(tasks)


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
