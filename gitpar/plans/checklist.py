"""Check boxes of a Markdown text: which are tasks, how far each goes, and how one is ticked.

What they mean for each other (order, phases, groups) is the formats' business.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field

from gitpar.core.graph import TaskStatus
from gitpar.plans.document import Node
from gitpar.plans.item import Item, once
from gitpar.plans.labels import Kind, Label, label
from gitpar.plans.markdown import Line, Markdown
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.splices import NotEditable, Splice
from gitpar.values import dataclass

_BOX = re.compile(r"[ \t>]*(?:[-*+]|\d{1,4}[.)]|#{1,6})[ \t]{1,4}\[([^\[\]\n]{0,2})\](\*?)(?![(\[:])[ \t]*")
_DONE = frozenset("xX✓✔☑✅√")
_OPEN = frozenset(("", " ", "~", "/", "⏳", "🚧"))
_UNKNOWN = frozenset("-!?>.o*✗✘☒❌⚠")
_FIELDS = re.compile(
    r"[ \t]*[-*+][ \t]+(?:\*\*|__|_)(?:do|files?|done when|verify|commit|requirements?|design)\b",
    re.IGNORECASE,
)
_FAMILY = 3
"""So many ids that begin alike, before letters such as `FE-1` are believed to be ids."""
_NAMED = 8


@dataclass(slots=True)
class Box:
    """A check box that is a task: lines `at` up to but not `end` are its own."""

    at: int
    end: int
    label: Label
    status: TaskStatus
    mark: str
    indent: int
    starred: bool
    item: Item
    heading: int = -1
    """The index of the nearest heading above it."""
    children: list[Box] = field(default_factory=list)

    @property
    def status_text(self) -> str:
        """The status as people see it."""
        return f"[{self.mark}]"


@once
def boxes(root: Item) -> list[Box]:
    """Returns the check boxes of a Markdown text that have an id, in the text's order."""
    source = root.document.lines
    if source is None:
        return []
    seen = [(at, line, box) for at, line in enumerate(source.lines) if (box := _box(line))]
    labels = {at: label(line.text[box.end() :], wordy=True) for at, line, box in seen}
    families = Counter(_letters(one) for one in labels.values() if one.kind is Kind.OTHER and not one.sure)
    found: list[Box] = []
    for at, line, match in seen:
        named = labels[at]
        if not line.hidden and named.id and (named.sure or families[_letters(named)] >= _FAMILY):
            item = Item(
                root.document, Node(line.text, line.start, line.start + len(line.text)), root.findings
            )
            status = (
                TaskStatus.DONE if match[1].strip()[:1] in _DONE and match[1].strip() else TaskStatus.PENDING
            )
            found.append(Box(at, at + 1, named, status, match[1], line.indent, bool(match[2]), item))
    _bound(found, source)
    return found


def _box(line: Line) -> re.Match[str] | None:
    if "[" not in line.text:
        return None
    found = _BOX.match(line.text)
    if found is None:
        return None
    mark = found[1].strip()[:1]
    return found if mark in _DONE or mark in _OPEN or mark in _UNKNOWN else None


def _letters(one: Label) -> str:
    return one.id.rstrip("0123456789.-abcdefghijklmnopqrstuvwxyz")


def _bound(found: Sequence[Box], source: Markdown) -> None:
    """Finds where each box ends, which heading it stands under and which box it stands in."""
    starts = {box.at for box in found}
    heads = {heading.at: which for which, heading in enumerate(source.headings)}
    open_boxes: list[Box] = []
    heading = -1
    at_line = iter(found)
    box: Box | None = None
    blank = False
    for at, line in enumerate(source.lines):
        if at in starts:
            box = next(at_line)
            box.heading = heading
            while open_boxes and open_boxes[-1].indent >= box.indent:
                open_boxes.pop()
            if open_boxes:
                open_boxes[-1].children.append(box)
            open_boxes.append(box)
            blank = False
        if at in heads:
            heading = heads[at]
            if at not in starts:
                box = None
                open_boxes.clear()
            else:
                # a heading with a box owns its section, however it is set in
                open_boxes[-1].indent = -1
                open_boxes[-1].heading = heading
        elif box is not None and at != box.at:
            box = _still(box, line, blank=blank)
            if box is not None and (line.text.strip() or line.hidden):
                box.end = at + 1
        blank = not line.hidden and not line.text.strip()


def _still(box: Box, line: Line, *, blank: bool) -> Box | None:
    """Says whether a line still belongs to a box: a paragraph at the margin behind a blank line does not."""
    outside = blank and line.text.strip() and line.indent <= box.indent
    if outside and not line.hidden and not _FIELDS.match(line.text):
        return None
    return box


def note_the_rest(root: Item, found: Sequence[Box]) -> None:
    """Notes the check boxes that are no tasks: examples by id and line, those without an id in one."""
    source = root.document.lines
    if source is None:
        return
    taken = {box.at for box in found}
    bare: list[int] = []
    for at, line in enumerate(source.lines):
        if at not in taken and not line.hidden and _box(line) is not None:
            bare.append(at + 1)
    if bare:
        lines = ", ".join(map(str, bare[:_NAMED])) + (" …" if len(bare) > _NAMED else "")
        count = (
            "1 check box has no id and is"
            if len(bare) == 1
            else f"{len(bare)} check boxes have no id and are"
        )
        root.findings.notes.append(
            f"`{root.document.file}`: {count} no task (line{'' if len(bare) == 1 else 's'} {lines})"
        )
    note_shown(root, source)


def note_shown(root: Item, source: Markdown) -> None:
    """Notes the check boxes that stand in examples, by id and line."""
    for reason, names in _shown_only(source):
        note_examples(root, names, reason)


def note_beside(root: Item, names: Sequence[tuple[str, int]], what: str) -> None:
    """Notes what has an id and is no task, the file's tasks being written otherwise, each with its line."""
    if names:
        listed = ", ".join(f"`{name}` (line {line})" for name, line in names)
        root.findings.notes.append(f"`{root.document.file}`: {listed}: {what}")


def note_examples(root: Item, names: Sequence[tuple[str, int]], reason: str) -> None:
    """Notes the ids that stand in an example, each with its line."""
    listed = ", ".join(f"`{name}` (line {line})" for name, line in names)
    stands = "stands" if len(names) == 1 else "stand"
    root.findings.notes.append(f"`{root.document.file}`: {listed} {stands} in {reason}, so no task")


def _shown_only(source: Markdown) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Yields the blocks that only show something and hold boxes with ids: why, the ids and their lines."""
    names, last = list[tuple[str, int]](), ""
    for at, line in enumerate([*source.lines, Line(0, "")]):
        if line.hidden != last:
            if names:
                yield last, names
            names, last = [], line.hidden
        if (
            line.hidden
            and (found := _box(line))
            and (one := label(line.text[found.end() :], wordy=True)).sure
        ):
            names.append((one.id, at + 1))


def warn_of_mark(box: Box) -> None:
    """Warns of a box that is neither empty nor ticked."""
    if box.mark.strip()[:1] in _UNKNOWN and box.mark.strip():
        box.item.warn(
            f"the box `[{box.mark}]` of `{box.label.id}` is neither empty nor ticked; it counts as open"
        )


def ticked(item: Item, end: TaskEnd) -> list[Splice]:
    """Returns what ticks a task's box once it has landed; anything else leaves the box as it is."""
    if end.outcome is not Outcome.LANDED:
        return []
    text = item.document.text
    found = _BOX.match(text, item.node.start, item.node.end)
    if found is None:
        raise NotEditable("it has no check box")
    mark = found[1].strip()[:1]
    return [] if mark and mark in _DONE else [Splice(found.start(1), found.end(1), "x")]
