"""Refuses files with more rows than any plan has, before they are read one by one."""

from __future__ import annotations

from collections.abc import Iterator

from gitpar.errors import PlanError
from gitpar.patterns import pattern
from gitpar.plans.item import Item

MOST_ROWS = 10_000
_ROW = pattern(r"[ \t>]*(?:(?:[-*+]|\d{1,4}[.)])[ \t]+\[|\||#)|\*\*T-?\d")


def refuse_crowds(root: Item) -> None:
    """Raises PlanError where a file has more than 10,000 rows that could be tasks.

    Reading takes a fifth of a millisecond a task, and a plan of so many is a mistake.
    """
    source = root.document.lines
    if source is not None:
        what = "check boxes, table rows and headings"
        count = sum(1 for line in source.lines if _ROW.match(line.text))
    else:
        what, count = "tasks and subtasks", max(map(_rows, _lists(root)), default=0)
    if count > MOST_ROWS:
        raise PlanError(
            (root.problem(f"has more than {MOST_ROWS:,} {what}"),), "Divide the plan into several files"
        )


def _lists(root: Item) -> Iterator[Item]:
    """Yields the lists that may be tasks: the file itself, its `tasks`, those of its tags."""
    yield root
    for name, item in root.members():
        tasks = item if name == "tasks" else item.get("tasks")
        if tasks is not None:
            yield tasks


def _rows(tasks: Item) -> int:
    count = 0
    for row in tasks.elements():
        below = row.get("subtasks")
        count += 1 + (len(list(below.elements())) if below is not None else 0)
        if count > MOST_ROWS:
            break
    return count
