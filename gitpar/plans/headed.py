"""Tasks that are headings: `### Task 1.1: title` with fields below, `### T001 [Setup] title`."""

from __future__ import annotations

import re

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


def headed(root: Item) -> list[Box]:
    """Returns the headings of a Markdown text that are tasks.

    Such a task is done where its heading has a tick, or where check boxes stand below it
    and all of them are ticked.
    """
    source = root.document.lines
    found: list[Box] = []
    for which, heading in enumerate(source.headings if source is not None else ()):
        named = label(heading.text.replace(_DONE, ""), wordy=True)
        if source is None or not named.id or not _is_task(source, which, named):
            continue
        end = _end(source, which)
        line = source.lines[heading.at]
        item = Item(root.document, Node(line.text, line.start, line.start + len(line.text)), root.findings)
        done = _DONE in heading.text or _all_ticked(source, heading.at + 1, end)
        status = TaskStatus.DONE if done else TaskStatus.PENDING
        mark = "x" if done else " "
        found.append(Box(heading.at, end, named, status, mark, -1, starred=False, item=item, heading=which))
    return found


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
