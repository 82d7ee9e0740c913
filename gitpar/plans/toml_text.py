"""TOML as Nodes: tomllib reads the values, a small scanner finds where they stand.

tomllib keeps no positions. The scanner runs only over text that tomllib has accepted,
so it looks for the ends of things and never judges them.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from gitpar.plans.document import DEEPEST, Node, SyntaxFault, Tree

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[^\s.=\]\"']+")
_BARE_VALUE = re.compile(r"[^,\]}#\n\r]+")
_WHERE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_DOTTED = re.compile(rf"(?<![\w.\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{DEEPEST}}}")
_BRACKETS = re.compile(rf"(?:[\[{{]\s*){{{DEEPEST}}}")


def parse_toml(text: str) -> Tree:
    """Returns the tree of a TOML text; raises SyntaxFault."""
    if deep := _BRACKETS.search(text) or _DOTTED.search(text):
        raise SyntaxFault(deep.start(), f"nested deeper than {DEEPEST} levels")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _fault(text, str(error)) from None
    except RecursionError:
        raise SyntaxFault(0, f"nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        raise SyntaxFault(0, str(error)) from None
    spans = _Spans(text)
    spans.scan()
    return Tree(_node(values, (), spans))


def _fault(text: str, message: str) -> SyntaxFault:
    where = _WHERE.search(message)
    words = _WHERE.sub("", message).strip()
    words = words[:1].lower() + words[1:]
    if where is None or where.group(1) is None:
        return SyntaxFault(len(text), f"{words} at the end of the file")
    line, column = int(where.group(1)), int(where.group(2))
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return SyntaxFault(starts[line - 1] + column - 1, words)


def _node(value: Any, path: Path, spans: _Spans) -> Node:
    start, end, key_start, flow = spans.found.get(path, (0, 0, -1, False))
    if isinstance(value, dict):
        members = {name: _node(member, (*path, name), spans) for name, member in value.items()}
        return Node(members, start, end, key_start, flow=flow)
    if isinstance(value, list):
        elements = [_node(element, (*path, at), spans) for at, element in enumerate(value)]
        return Node(elements, start, end, key_start, flow=flow)
    kept = value if isinstance(value, str | int | float | bool) else str(value)
    return Node(kept, start, end, key_start)


class _Spans:
    """Where every value stands: path to (start, end, start of its key, written in brackets)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: dict[Path, tuple[int, int, int, bool]] = {}
        self.lengths: dict[Path, int] = {}

    def scan(self) -> None:
        """Walks the statements of the whole text."""
        table: Path = ()
        at = self.blank(0)
        while at < len(self.text):
            if self.text.startswith("[", at):
                table, at = self.header(at)
            else:
                at = self.pair(at, table)
            at = self.blank(at)

    def blank(self, at: int) -> int:
        """Returns the offset of what follows white space, ends of lines and comments."""
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def space(self, at: int) -> int:
        """Returns the offset of what follows on the line."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def header(self, at: int) -> tuple[Path, int]:
        """Reads `[a.b]` or `[[a.b]]`; the last name of the latter opens a new element."""
        many = self.text.startswith("[[", at)
        names, end = self.key(at + (2 if many else 1))
        end += 2 if many else 1
        path: Path = ()
        for name in names[:-1]:
            path = self.latest((*path, name))
        path = (*path, names[-1])
        if many:
            number = self.lengths.get(path, -1) + 1
            self.lengths[path] = number
            self.found.setdefault(path, (at, end, at, False))
            path = (*path, number)
        else:
            path = self.latest(path)
        self.found.setdefault(path, (at, end, at, False))
        return path, end

    def latest(self, path: Path) -> Path:
        """Returns the path of the newest element, where a path is one of tables that stand in a list."""
        return (*path, self.lengths[path]) if path in self.lengths else path

    def key(self, at: int) -> tuple[list[str], int]:
        """Reads a dotted key; returns its names and the offset of what ends it."""
        names: list[str] = []
        while True:
            at = self.space(at)
            if quoted := _STRING.match(self.text, at):
                names.append(str(tomllib.loads(f"v = {quoted.group()}")["v"]))
                at = quoted.end()
            elif bare := _BARE_KEY.match(self.text, at):
                names.append(bare.group())
                at = bare.end()
            at = self.space(at)
            if not self.text.startswith(".", at):
                return names, at
            at += 1

    def pair(self, at: int, table: Path) -> int:
        """Reads `key = value` and returns the offset behind it."""
        names, equals = self.key(at)
        path = (*table, *names)
        for depth in range(len(table) + 1, len(path)):
            self.found.setdefault(path[:depth], (at, at, at, True))
        return self.value(self.space(equals + 1), path, at)

    def value(self, at: int, path: Path, key_start: int) -> int:
        """Notes where a value stands, with everything in it, and returns the offset behind it."""
        flow = False
        if self.text.startswith("[", at):
            end, flow = self.array(at, path), True
        elif self.text.startswith("{", at):
            end, flow = self.inline(at, path), True
        elif quoted := _STRING.match(self.text, at):
            end = quoted.end()
        else:
            bare = _BARE_VALUE.match(self.text, at)
            end = at + len(bare.group().rstrip()) if bare else at + 1
        self.found[path] = (at, end, key_start, flow)
        return end

    def array(self, at: int, path: Path) -> int:
        """Notes the elements of `[…]` and returns the offset behind it."""
        spot, number = self.blank(at + 1), 0
        while not self.text.startswith("]", spot) and spot < len(self.text):
            spot = self.blank(self.value(spot, (*path, number), spot))
            number += 1
            if self.text.startswith(",", spot):
                spot = self.blank(spot + 1)
        return spot + 1

    def inline(self, at: int, path: Path) -> int:
        """Notes the pairs of `{…}` and returns the offset behind it."""
        spot = self.blank(at + 1)
        while not self.text.startswith("}", spot) and spot < len(self.text):
            spot = self.blank(self.pair(spot, path))
            if self.text.startswith(",", spot):
                spot = self.blank(spot + 1)
        return spot + 1
