"""Markdown as lines that know where they stand and whether they only show something.

What stands in a code block, a comment, the front matter, a here-document or a quoted
text of several lines is an example or data, and never a task. Lines are read one at a
time, so that any file takes time in proportion to its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitpar.patterns import pattern
from gitpar.plans.hidden_lines import hidden_lines
from gitpar.values import dataclass

_MARKS = pattern(r"\\.|\||`+")
_TICKS = pattern("`+")
_MOST_CELLS = 1_000
"""What stands behind so many is one cell more; no table of people's is as wide."""


class Line(NamedTuple):
    """One line. `text` has no line break; `hidden` says what it stands in, if not in plain text."""

    start: int
    text: str
    hidden: str = ""

    @property
    def indent(self) -> int:
        """How far it is set in; a tab counts four."""
        lead = self.text[: len(self.text) - len(self.text.lstrip())]
        return len(lead) + 3 * lead.count("\t")


class Heading(NamedTuple):
    """A heading: the index of its line, its level from 1 and its text."""

    at: int
    level: int
    text: str


class Cell(NamedTuple):
    """One cell of a table row: the offset of its first character and the text between the bars."""

    start: int
    raw: str

    @property
    def text(self) -> str:
        """What it says."""
        return self.raw.strip()


class Row(NamedTuple):
    """One row of a table and the index of its line."""

    at: int
    cells: tuple[Cell, ...]


class Table(NamedTuple):
    """A table: its header, and the rows below the line of dashes. `hidden` as in its lines."""

    header: Row
    rows: tuple[Row, ...]
    hidden: str


@dataclass(frozen=True, slots=True)
class Markdown:
    """A text as lines, with the headings and tables among them; tables that are only shown are there too."""

    lines: Sequence[Line]
    headings: Sequence[Heading]
    tables: Sequence[Table] = ()

    def shown(self) -> Iterator[tuple[int, Line]]:
        """Yields the lines that are plain text, with their indices."""
        return ((at, line) for at, line in enumerate(self.lines) if not line.hidden)

    def text(self, first: int, end: int) -> str:
        """Returns the text of lines `first` up to but not `end`."""
        return "\n".join(line.text for line in self.lines[first:end])

    def section_end(self, which: int) -> int:
        """Returns the line at which the section of a heading ends: the next as high or higher."""
        level = self.headings[which].level
        for later in self.headings[which + 1 :]:
            if later.level <= level:
                return later.at
        return len(self.lines)


def scan(text: str) -> Markdown:
    """Returns the lines of a text with what they stand in."""
    rows = text.split("\n")
    hidden = hidden_lines([row.rstrip("\r") for row in rows])
    lines: list[Line] = []
    start = 0
    for at, row in enumerate(rows):
        lines.append(Line(start, row.removesuffix("\r"), hidden.get(at, "")))
        start += len(row) + 1
    headings = [
        found for at, line in enumerate(lines) if not line.hidden and (found := _heading(at, line.text))
    ]
    return Markdown(lines, headings, tuple(_tables(lines)) if "|" in text else ())


def _heading(at: int, text: str) -> Heading | None:
    body = text.lstrip(" ")
    if not body.startswith("#") or len(text) - len(body) > 3:
        return None
    title = body.lstrip("#")
    level = len(body) - len(title)
    if level > 6 or (title and title[0] not in " \t"):
        return None
    return Heading(at, level, title.strip().rstrip("#").strip())


# --- tables ------------------------------------------------------------------------------


def _tables(lines: Sequence[Line]) -> Iterator[Table]:
    """Finds the lines of dashes; the header is above, the rows go on below as long as there are bars."""
    at = 1
    while at < len(lines):
        if not _is_rule(lines[at].text) or "|" not in lines[at - 1].text:
            at += 1
            continue
        first = at + 1
        at = first
        while at < len(lines) and "|" in lines[at].text and lines[at].hidden == lines[first - 1].hidden:
            at += 1
        header = Row(first - 2, cells(lines[first - 2]))
        width = len(header.cells)
        rows = tuple(Row(row, cells(lines[row], width)) for row in range(first, at))
        yield Table(header, rows, lines[first - 1].hidden)


def _is_rule(text: str) -> bool:
    body = text.strip()
    return "-" in body and "|" in body and not body.strip("|-: \t")


def cells(line: Line, width: int = 0) -> tuple[Cell, ...]:
    """Cuts a table row at its bars; a bar behind a backslash is none.

    Where that gives more than `width` cells, bars inside code spans are left alone as well:
    Markdown wants a backslash there, and people forget it.
    """
    found = _cut(line, {})
    if width and len(found) > width and "`" in line.text:
        spanned = _cut(line, _spans(line.text))
        return spanned if len(spanned) >= width else found
    return found


def _cut(line: Line, spans: dict[int, int]) -> tuple[Cell, ...]:
    text = line.text
    body = text.lstrip()
    begin = len(text) - len(body) + int(body.startswith("|"))
    found: list[Cell] = []
    until = begin
    for mark in _MARKS.finditer(text, begin):
        if mark.start() < until:
            continue
        until = spans.get(mark.start(), until)
        if mark.group() == "|":
            if len(found) == _MOST_CELLS:
                break
            found.append(Cell(line.start + begin, text[begin : mark.start()]))
            begin = mark.end()
    if text[begin:].strip():
        found.append(Cell(line.start + begin, text[begin:]))
    return tuple(found)


def _spans(text: str) -> dict[int, int]:
    """Returns where the code spans of a line start and where they end."""
    found: dict[int, int] = {}
    opened: tuple[int, int] | None = None
    for run in _TICKS.finditer(text):
        length = run.end() - run.start()
        if opened is None:
            opened = (run.start(), length)
        elif length == opened[1]:
            found[opened[0]] = run.end()
            opened = None
    return found
