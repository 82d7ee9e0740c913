"""Tasks that are headings (`### Task 1.1: title` with fields below, `### T001 [Setup]`) or paragraphs."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from typing import NamedTuple

from gitpar.core.graph import TaskStatus
from gitpar.plans.checklist import Box, boxes, ticked
from gitpar.plans.details import fields_of
from gitpar.plans.document import Node
from gitpar.plans.item import Item, once
from gitpar.plans.labels import Kind, Label, label
from gitpar.plans.markdown import Markdown
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.splices import Splice, Writer
from gitpar.plans.status_lines import status_in, word

_WORDED = re.compile(r"(?:\*\*)?(?:task|step)[ ]+#?(?=[\dV])", re.IGNORECASE)
_CALLED_TASK = re.compile(r"(?:\*\*)?task[ ]+#?(?=[\dTV])", re.IGNORECASE)
_FIELDS = frozenset({"do", "verify", "done when", "files"})
_DONE = "✅"
_TICKS = ("[x]", "[X]", "[✓]", "[✔]", "[✅]")
_BOLD = re.compile(r"\*\*T-?\d[\w.-]*(?::)?\*\*")
_SEVERAL = 3


@once
def headed(root: Item) -> list[Box]:
    """Returns what are tasks without check boxes of their own: headings, else paragraphs (`**T001** title`).

    Such a task is done where its heading has a tick, where a status below it says so, or
    where check boxes stand below it and all of them are ticked.
    """
    source = root.document.lines
    if source is None:
        return []
    found: list[Box] = []
    for which, heading in enumerate(source.headings):
        named = label(heading.text.replace(_DONE, ""), wordy=True)
        if named.id and _is_task(source, which, named):
            found.append(_box(root, source, _Place(heading.at, _end(source, which), which), named))
    return found or _paragraphs(root, source) or _alike(root, source)


def beside_boxes(root: Item, found: list[Box]) -> list[Box]:
    """Adds the headings without a box to tasks that are headings with one: `### [x] T01`, `### T02`."""
    source = root.document.lines
    if source is None:
        return found
    heads = {heading.at: heading for heading in source.headings}
    boxed = [box for box in found if box.at in heads]
    levels = {heads[box.at].level for box in boxed}
    kinds = {box.label.kind for box in boxed}
    taken = {box.at for box in boxed}
    added: list[Box] = []
    for which, heading in enumerate(source.headings if boxed else ()):
        named = label(heading.text.replace(_DONE, ""), wordy=True)
        if heading.level in levels and heading.at not in taken and named.sure and named.kind in kinds:
            added.append(_box(root, source, _Place(heading.at, _end(source, which), which), named))
    return sorted((*found, *added), key=lambda box: box.at) if added else found


def _alike(root: Item, source: Markdown) -> list[Box]:
    """Returns headings that have nothing but a label, `### T1 — title`, `## Task 2`, where several do."""
    labels = {
        which: named
        for which, heading in enumerate(source.headings)
        if (named := label(heading.text.replace(_DONE, ""), wordy=True)).id
        and (
            _CALLED_TASK.match(heading.text)
            or (named.kind is Kind.TASK and _is_set_off(heading.text, named.id))
        )
    }
    levels = Counter(source.headings[which].level for which in labels)
    level = max(levels, key=lambda one: levels[one], default=0)
    found = {which: named for which, named in labels.items() if source.headings[which].level == level}
    if len(found) < _SEVERAL or len({named.id for named in found.values()}) < len(found):
        return []
    return [
        _box(root, source, _Place(source.headings[which].at, _end(source, which), which), named)
        for which, named in found.items()
    ]


class _Place(NamedTuple):
    """The lines of a task, and the index of the heading it stands under."""

    at: int
    end: int
    heading: int


def _box(root: Item, source: Markdown, place: _Place, named: Label) -> Box:
    line = source.lines[place.at]
    item = Item(root.document, Node(line.text, line.start, line.start + len(line.text)), root.findings)
    said = status_in(source, place.at, place.end, plain=True)
    done = _has_tick(line.text) or _all_ticked(source, place.at + 1, place.end)
    status = TaskStatus.DONE if done else said.status.meaning if said is not None else TaskStatus.PENDING
    done = status is TaskStatus.DONE
    return Box(
        at=place.at,
        end=place.end,
        label=named,
        status=status,
        mark="x" if done else " ",
        indent=-1,
        starred=False,
        item=item,
        heading=place.heading,
    )


def _paragraphs(root: Item, source: Markdown) -> list[Box]:
    """Returns paragraphs that begin with an id in bold, where there are several such."""
    heads = {heading.at: which for which, heading in enumerate(source.headings)}
    starts: list[tuple[int, int, Label]] = []
    ends: list[int] = []
    heading = -1
    for at, line in enumerate(source.lines):
        heading = heads.get(at, heading)
        bold = not line.hidden and _BOLD.match(line.text)
        named = label(line.text.replace(_DONE, "")) if bold else None
        if named is not None and named.kind is Kind.TASK:
            starts.append((at, heading, named))
        if at in heads or (starts and starts[-1][0] == at):
            ends.append(at)
    ends.append(len(source.lines))
    if len(starts) < _SEVERAL:
        return []
    return [
        _box(root, source, _Place(at, ends[bisect.bisect_right(ends, at)], which), named)
        for at, which, named in starts
    ]


def status_writer(root: Item) -> Writer:
    """Returns what ticks a task's box; where it has none, its heading or the status below is changed."""
    places = {box.at: box for box in _without_box(root)}

    def write(item: Item, end: TaskEnd) -> list[Splice]:
        box, source = places.get(item.line - 1), root.document.lines
        if box is None or source is None:
            return ticked(item, end)
        if end.outcome is Outcome.BLOCKED:
            return []
        landed = end.outcome is Outcome.LANDED
        if (said := status_in(source, box.at, box.end, plain=True)) is not None:
            return word(said.start, said.raw, landed=landed)
        if not landed or box.status is TaskStatus.DONE:
            return []
        line = source.lines[box.at]
        behind = line.start + len(line.text.rstrip())
        return [Splice(behind, behind, f" {_DONE}")]

    return write


def _without_box(root: Item) -> list[Box]:
    """Returns the tasks that have no box to tick."""
    found = boxes(root)
    if not found:
        return headed(root)
    taken = {box.at for box in found}
    return [box for box in beside_boxes(root, found) if box.at not in taken]


def _has_tick(text: str) -> bool:
    return _DONE in text or text.rstrip().endswith(_TICKS)


def _end(source: Markdown, which: int) -> int:
    return source.headings[which + 1].at if which + 1 < len(source.headings) else len(source.lines)


def _is_task(source: Markdown, which: int, named: Label) -> bool:
    heading = source.headings[which]
    if named.kind is Kind.TASK and named.sure and (named.tags or _is_marked(heading.text, named.id)):
        return True
    if not _WORDED.match(heading.text):
        return False
    return bool(_FIELDS & fields_of(source.lines[heading.at + 1 : _end(source, which)]).keys())


def _is_marked(text: str, task_id: str) -> bool:
    """Says whether the id is set off as one: in bold, or with a colon behind it."""
    return text.startswith("**") or text.partition(task_id)[2].lstrip("*_` ")[:1] in (":", "：")


def _is_set_off(text: str, task_id: str) -> bool:
    """Says whether a dash stands behind the id."""
    return text.partition(task_id)[2].lstrip("*_` ")[:1] in ("-", "–", "—")


def _all_ticked(source: Markdown, first: int, end: int) -> bool:
    heads = (line.text.lstrip() for line in source.lines[first:end] if not line.hidden)
    marks = [text[3:4] for text in heads if text[:3] in ("- [", "* [")]
    return bool(marks) and all(mark in ("x", "X") for mark in marks)
