"""ralph (smart-ralph, ralph-specum) `tasks.md`: check boxes in order, neighbours with [P] at once.

Consecutive [P] tasks of one phase are a group, and so are the tasks between
`[PARALLEL]` and `[/PARALLEL]`; everything else, [VERIFY] first of all, runs alone. Groups
follow one another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from gitpar.core.graph import TaskStatus
from gitpar.errors import PlanError
from gitpar.plans.boxed import (
    Boxed,
    Boxes,
    children_first,
    only_markdown,
    read_boxes,
    set_status,
    without_children,
)
from gitpar.plans.choices import Choices
from gitpar.plans.document import read_bytes
from gitpar.plans.headed import status_writer
from gitpar.plans.item import Item
from gitpar.plans.markdown import Markdown
from gitpar.plans.model import Draft
from gitpar.plans.ordering import Order
from gitpar.plans.splices import Writer

NAME = "ralph"
TAKES: Sequence[str] = ()
USUAL_JOBS = 3
_STATE = ".ralph-state.json"
_ALONE = ("VERIFY", "SEQUENTIAL")
_OPEN = re.compile(r"\[PARALLEL\b", re.IGNORECASE)
_CLOSE = re.compile(r"\[/[ ]*PARALLEL\]|\[SEQUENTIAL\b|\[END[ ]+PARALLEL\]", re.IGNORECASE)


def read(root: Item, _choices: Choices) -> Draft:
    """Makes drafts of the tasks with the order that the groups mean."""
    only_markdown(root, NAME)
    made = read_boxes(root)
    made.draft.usual_jobs = USUAL_JOBS
    order = Order(root)
    order.sequence([row.entry for row in group] for group in _groups(made))
    children_first(made, order)
    _started(root, made)
    return made.draft


def _groups(made: Boxes) -> Iterator[list[Boxed]]:
    """Yields the tasks that may run at once, in the order of the file."""
    group: list[Boxed] = []
    place: tuple[int, bool] | None = None
    blocks = _blocks(made.source)
    phases = _phases(made)
    for row in without_children(made.rows):
        block = blocks[row.box.at]
        marked = (block >= 0 or row.box.label.has("P", "PARALLEL")) and not row.box.label.has(*_ALONE)
        here = (block, True) if block >= 0 else (phases[row.box.at], False)
        if group and not (marked and here == place):
            yield group
            group = []
        group.append(row)
        place = here if marked else None
    yield group


def _blocks(source: Markdown) -> list[int]:
    """Returns for each line the heading that opened its [PARALLEL] block, -1 where it stands in none."""
    heads = {heading.at: which for which, heading in enumerate(source.headings)}
    found: list[int] = []
    block, level = -1, 0
    for at in range(len(source.lines)):
        if (which := heads.get(at)) is not None:
            heading = source.headings[which]
            if _OPEN.search(heading.text):
                block, level = which, heading.level
            elif heading.level <= level or _CLOSE.search(heading.text):
                block = -1
        found.append(block)
    return found


def _phases(made: Boxes) -> list[int]:
    """Returns for each line the phase it stands in: headings of the first two levels end one."""
    ends = {heading.at for heading in made.source.headings if heading.level <= 2}
    found: list[int] = []
    phase = 0
    for at in range(len(made.source.lines)):
        phase += at in ends
        found.append(phase)
    return found


def _started(root: Item, made: Boxes) -> None:
    """Takes the tasks before the index of `.ralph-state.json` as done, where that file fits this one."""
    path = root.folder / _STATE
    if not path.is_file():
        return
    try:
        state = json.loads(read_bytes(path))
    except (PlanError, ValueError, RecursionError):
        root.warn(f"`{_STATE}` beside it cannot be read and is ignored")
        return
    if not isinstance(state, dict):
        return
    index, total = state.get("taskIndex"), state.get("totalTasks")
    if type(index) is not int or type(total) is not int or not 0 < index <= total:
        return
    open_rows = [row for row in made.rows[:index] if row.entry.task.status is TaskStatus.PENDING]
    if open_rows and total != len(made.rows):
        root.warn(f"`{_STATE}` counts {total} tasks, this file has {len(made.rows)}; its index is ignored")
        return
    for row in open_rows:
        root.findings.notes.append(f"`{row.entry.task.id}` is done: `{_STATE}` starts at task {index + 1}")
        set_status(row.entry, TaskStatus.DONE, f"done in {_STATE}")


def writer(root: Item) -> Writer:
    """Returns what ticks a task's box, or says in its section that it is done."""
    return status_writer(root)
