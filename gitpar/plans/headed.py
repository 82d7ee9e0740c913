"""Tasks that are headings (`### Task 1.1: title` with fields below, `### T001 [Setup]`) or paragraphs."""

from __future__ import annotations

import bisect
import re
from typing import NamedTuple

from gitpar.core.graph import TaskStatus
from gitpar.plans.checklist import Box
from gitpar.plans.details import fields_of
from gitpar.plans.document import Node
from gitpar.plans.item import Item
from gitpar.plans.labels import Kind, Label, label
from gitpar.plans.markdown import Markdown

_WORDED = re.compile(r"(?:\*\*)?(?:task|step)[ ]+#?(?=[\dV])", re.IGNORECASE)
_FIELDS = frozenset({"do", "verify", "done when", "files"})
_DONE = "✅"
_BOLD = re.compile(r"\*\*T-?\d[\w.-]*(?::)?\*\*")
_SEVERAL = 3


def headed(root: Item) -> list[Box]:
    """Returns what are tasks without check boxes of their own: headings, else paragraphs (`**T001** title`).

    Such a task is done where its heading has a tick, or where check boxes stand below it
    and all of them are ticked.
    """
    source = root.document.lines
    if source is None:
        return []
    found: list[Box] = []
    for which, heading in enumerate(source.headings):
        named = label(heading.text.replace(_DONE, ""), wordy=True)
        if named.id and _is_task(source, which, named):
            found.append(_box(root, source, _Place(heading.at, _end(source, which), which), named))
    return found or _paragraphs(root, source)


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


class _Place(NamedTuple):
    """The lines of a task, and the index of the heading it stands under."""

    at: int
    end: int
    heading: int


def _box(root: Item, source: Markdown, place: _Place, named: Label) -> Box:
    line = source.lines[place.at]
    item = Item(root.document, Node(line.text, line.start, line.start + len(line.text)), root.findings)
    done = _DONE in line.text or _all_ticked(source, place.at + 1, place.end)
    status = TaskStatus.DONE if done else TaskStatus.PENDING
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


def _all_ticked(source: Markdown, first: int, end: int) -> bool:
    heads = (line.text.lstrip() for line in source.lines[first:end] if not line.hidden)
    marks = [text[3:4] for text in heads if text[:3] in ("- [", "* [")]
    return bool(marks) and all(mark in ("x", "X") for mark in marks)
