"""Which tasks a plan in Markdown marks as a person's: `(Interactive)`, `[HUMAN]`, a column `Kind`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitpar.core.agents import HUMAN

_TAGS = ("HUMAN", "INTERACTIVE")
_COLUMNS = ("kind", "type", "mode", "agent", "who", "owner", "executor")
_WORD = re.compile(r"[*_`(\[ ]*(?:interactive|human)\b", re.IGNORECASE)
_TITLE = re.compile(r"(?:[(\[](?:interactive|human)\b[^()\[\]\n]*[)\]][*_. ]*$)", re.IGNORECASE)


def agent_of_tags(tags: Sequence[str], title: str) -> str | None:
    """Returns the agent of a task by its tags and the end of its title: a person, or nobody in particular."""
    return HUMAN if any(tag.upper() in _TAGS for tag in tags) or _TITLE.search(title[-200:]) else None


def agent_of_row(cells: Sequence[tuple[str, str]], title: str, tail: str) -> str | None:
    """Returns the agent of a table's row: by a column such as `Kind`, by its title, or behind its status."""
    marked = any(name in _COLUMNS and _WORD.match(value) for name, value in cells)
    return HUMAN if marked or _WORD.match(tail) else agent_of_tags((), title)
