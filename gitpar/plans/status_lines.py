"""Statuses that stand in a task's own section: `**Status**: TASK:PENDING`, `### T1 (TASK:PENDING)`."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitpar.plans.markdown import Markdown
from gitpar.plans.splices import Splice
from gitpar.plans.status_words import TOKEN, Status, replaced, status_of

_NAMED = re.compile(r"[ \t>|*_-]*(?:status|状态|狀態|ステータス)\b[*_ \t]*([:：|]?)[*_ \t]*", re.IGNORECASE)
_NEAR = 12
"""A status stands within so many lines below its heading."""


class Place(NamedTuple):
    """Where a section says a status: the line, the offset of `raw` in the text, and what it means."""

    at: int
    start: int
    raw: str
    status: Status


def status_in(source: Markdown, first: int, end: int, *, plain: bool) -> Place | None:
    """Returns the status of the section whose heading is line `first`; None where it says none.

    With `plain`, words such as `Done` count as well as those behind `TASK:`.
    """
    for at in range(first, min(end, first + _NEAR)):
        line = source.lines[at]
        if line.hidden:
            continue
        named = _NAMED.match(line.text) if at > first else None
        if at > first and named is None:
            continue
        begin = named.end() if named is not None else 0
        if token := TOKEN.search(line.text, begin):
            begin = token.start()
        elif not (plain and named is not None and named[1]):
            continue
        raw = line.text[begin:]
        status = status_of(raw)
        if status is not None:
            return Place(at, line.start + begin, raw, status)
    return None


def word(start: int, raw: str, *, landed: bool) -> list[Splice]:
    """Returns what puts the right status into a text that says one, nothing where it says so already."""
    status = status_of(raw)
    change = replaced(status, raw, landed=landed) if status is not None else None
    return [Splice(start + change[0], start + change[1], change[2])] if change is not None else []
