"""Lines of a Markdown text that only show something: code, comments, front matter, quoted texts.

A check box or a table row in them is an example or data, and never a task.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence

from gitpar.patterns import pattern

CODE = "a code block"
COMMENT = "a comment"
FRONT = "the front matter"
HERE = "a here-document"
QUOTED = "a quoted text"

_FENCE = pattern(r"[ \t>]*(`{3,}|~{3,})(.*)")
_HERE = pattern(r"<<-?[ \t]*(?:'([A-Za-z_]\w*)'|\"([A-Za-z_]\w*)\"|\\?([A-Za-z_]\w*))")
_WORD = pattern(r"[A-Za-z_]\w*")
_FRONT_LINES = 200
_HERE_LINES = 400
_QUOTED_LINES = 60
_BOX_OR_PHASE = pattern(r"[-*+] \[.?\] \**(?:\d+\.\d|T-?\d|V[EF]?\d)|##[ ]*Phase", re.IGNORECASE)


def hidden_lines(rows: Sequence[str]) -> dict[int, str]:
    """Returns the lines that only show something, by their index, with what they stand in."""
    found = _front_matter(rows)
    code, closed = _code(rows, found, nested=True)
    if not closed:
        code, _ = _code(rows, found, nested=False)
    found |= code
    _comments(rows, found)
    _here_documents(rows, found)
    _quoted(rows, found)
    return found


def _front_matter(rows: Sequence[str]) -> dict[int, str]:
    if rows[0].rstrip() != "---":
        return {}
    for at, row in enumerate(rows[1:_FRONT_LINES], start=1):
        if row.rstrip() in ("---", "..."):
            return dict.fromkeys(range(at + 1), FRONT)
    return {}


def _code(rows: Sequence[str], known: dict[int, str], *, nested: bool) -> tuple[dict[int, str], bool]:
    """Finds code blocks, and says whether the last one is closed.

    A block that nothing closes later is none. With `nested`, a block of Markdown may hold
    blocks that name their language: people write that, although Markdown ends the outer
    one at the first bare fence.
    """
    fences = [(at, found) for at, row in enumerate(rows) if at not in known and (found := _FENCE.match(row))]
    last = _last_closers(fences)
    hidden: dict[int, str] = {}
    opened: tuple[int, str, bool] | None = None
    depth = 0
    for at, found in fences:
        mark, rest = found[1], found[2].strip()
        if opened is None:
            # an inline code span of three backticks is no fence
            if not (mark[0] == "`" and "`" in rest) and at < last[mark[0]].get(min(len(mark), 9), -1):
                opened, depth = (at, mark, rest.casefold() in ("markdown", "md")), 0
            continue
        start, fence, is_markdown = opened
        if mark[0] != fence[0] or len(mark) < len(fence):
            continue
        if rest:
            depth += int(nested and is_markdown and "`" not in rest)
        elif depth:
            depth -= 1
        else:
            hidden.update(dict.fromkeys(range(start, at + 1), CODE))
            opened = None
    if opened is not None:
        hidden.update(dict.fromkeys(range(opened[0], len(rows)), CODE))
    return hidden, opened is None


def _last_closers(fences: Sequence[tuple[int, re.Match[str]]]) -> dict[str, dict[int, int]]:
    """Returns for each mark and length (nine stands for more) the last line that can close it."""
    last: dict[str, dict[int, int]] = {"`": {}, "~": {}}
    for at, found in fences:
        if not found[2].strip():
            for length in range(3, min(len(found[1]), 9) + 1):
                last[found[1][0]][length] = at
    return last


def _comments(rows: Sequence[str], hidden: dict[int, str]) -> None:
    last = max((at for at, row in enumerate(rows) if "-->" in row), default=-1)
    opened: int | None = None
    for at, row in enumerate(rows):
        if opened is not None:
            if "-->" in row:
                hidden.update(dict.fromkeys(range(opened, at + 1), COMMENT))
                opened = None
        elif at < last and at not in hidden and "<!--" in row and "-->" not in row.rpartition("<!--")[2]:
            opened = at


def _here_documents(rows: Sequence[str], hidden: dict[int, str]) -> None:
    ends: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        if len(row) < 40 and _WORD.fullmatch(word := row.strip()):
            ends.setdefault(word, []).append(at)
    until = -1
    for at, row in enumerate(rows):
        if at <= until or at in hidden or "<<" not in row or not (found := _HERE.search(row)):
            continue
        closers = ends.get(found[1] or found[2] or found[3], [])
        which = bisect.bisect_right(closers, at)
        if which < len(closers) and closers[which] - at <= _HERE_LINES:
            until = closers[which]
            for inside in range(at + 1, until + 1):
                hidden.setdefault(inside, HERE)


def _quoted(rows: Sequence[str], hidden: dict[int, str]) -> None:
    """Hides the rest of a command in backticks whose quoted argument goes on over several lines."""
    at = 0
    while at < len(rows):
        row = rows[at]
        if at in hidden or not _open_quote(row):
            at += 1
            continue
        for later in range(at + 1, min(at + _QUOTED_LINES, len(rows))):
            if later in hidden or _BOX_OR_PHASE.match(rows[later]):
                break
            if _open_quote(rows[later]):
                hidden.update(dict.fromkeys(range(at + 1, later + 1), QUOTED))
                at = later
                break
        at += 1


def _open_quote(row: str) -> bool:
    return row.count("`") % 2 == 1 and row.count('"') % 2 == 1
