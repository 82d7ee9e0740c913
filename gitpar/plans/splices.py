"""Where and how to change one member of a task in the text of a plan, in the file's own style.

Pure: text and nodes in, splices out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from gitpar.patterns import pattern
from gitpar.plans.document import Document, Node, Syntax
from gitpar.plans.item import Item
from gitpar.plans.model import Edit, TaskEnd
from gitpar.values import dataclass

_KEY = pattern(r'"(?:[^"\\]|\\.)*"')
_PLAIN = pattern(r"[A-Za-z][A-Za-z0-9 _-]*")
_WORDLIKE = {"null", "true", "false", "yes", "no", "on", "off"}


@dataclass(frozen=True, slots=True)
class Splice:
    """Replaces the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class NotEditable(Exception):
    """The value is written in a way that cannot be changed in place; `why` says which."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Writer = Callable[[Item, TaskEnd], list[Splice]]
"""Says what to change about a task that ended, nothing where the file says so; may raise NotEditable."""


def by_members(edits: Callable[[TaskEnd], Sequence[Edit]]) -> Writer:
    """Returns the writer of a format that keeps statuses in members of a mapping."""
    return lambda item, end: splices(item.document, item.node, edits(end))


def applied(text: str, splices: Sequence[Splice]) -> str:
    """Returns the text with all splices done; they do not overlap."""
    parts: list[str] = []
    at = 0
    for splice in sorted(splices, key=lambda one: one.start):
        parts += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*parts, text[at:]])


def splices(document: Document, row: Node, edits: Sequence[Edit]) -> list[Splice]:
    """Returns what changes the members of one mapping; a member that is right already is left alone.

    Raises NotEditable where a value is an alias, an anchor or a block text.
    """
    members = row.value if isinstance(row.value, dict) else {}
    found: list[Splice] = []
    missing: list[Edit] = []
    for edit in edits:
        node = members.get(edit.key)
        if node is None or (node.shared and not row.start <= node.key_start < row.end):
            if edit.add:
                missing.append(edit)
        elif node.value != edit.value or isinstance(node.value, bool):
            found.append(_replaced(document, node, edit))
    if missing:
        found.append(_added(document, row, members, missing))
    return found


def _replaced(document: Document, node: Node, edit: Edit) -> Splice:
    raw = document.text[node.start : node.end]
    if node.shared or raw[:1] in ("&", "*") or isinstance(node.value, dict | list):
        raise NotEditable(f"`{edit.key}` is not a plain value")
    if document.syntax is Syntax.YAML and (raw[:1] in ("!", "|", ">") or "\n" in raw):
        raise NotEditable(f"`{edit.key}` is not a plain value")
    written = _written(document.syntax, edit.value, raw)
    if not raw:
        # YAML's empty value: its mark stands where the next token is, not behind its key
        colon = document.text.index(":", node.key_start) + 1
        return Splice(colon, colon, f" {written}")
    return Splice(node.start, node.end, written)


def _written(syntax: Syntax, value: str | int | None, old: str = "") -> str:
    """Writes a value, in the quotes of the old one where that is possible."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if syntax is Syntax.JSON:
        return json.dumps(value, ensure_ascii=False)
    simple = _PLAIN.fullmatch(value) is not None
    if simple and old.startswith("'"):
        return f"'{value}'"
    if syntax is Syntax.TOML or old.startswith('"') or not simple or value.casefold() in _WORDLIKE:
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return value


def _added(document: Document, row: Node, members: dict[str, Node], edits: Sequence[Edit]) -> Splice:
    """Adds members: after the last one in JSON, after the id elsewhere, where comments are not in the way."""
    text = document.text
    if document.syntax is Syntax.JSON:
        last = list(members.values())[-1]
        before = max(text.rfind(mark, row.start, last.key_start) for mark in ("{", ","))
        gap = text[before + 1 : last.key_start]
        key = _KEY.match(text, last.key_start)
        colon = text[key.end() : last.start] if key else ": "
        new = (f",{gap}{json.dumps(edit.key)}{colon}{_written(Syntax.JSON, edit.value)}" for edit in edits)
        return Splice(last.end, last.end, "".join(new))
    anchor = members["id"]
    if anchor.shared or row.shared:
        raise NotEditable("the task is written with an alias")
    equals = ": " if document.syntax is Syntax.YAML else " = "
    pairs = [f"{edit.key}{equals}{_written(document.syntax, edit.value)}" for edit in edits]
    if row.flow:
        return Splice(anchor.end, anchor.end, "".join(f", {pair}" for pair in pairs))
    end = text.find("\n", anchor.end)
    end = len(text) if end < 0 else end
    newline = "\n"
    if text[end - 1 : end] == "\r":
        end, newline = end - 1, "\r\n"
    column = anchor.key_start - (text.rfind("\n", 0, anchor.key_start) + 1)
    return Splice(end, end, "".join(f"{newline}{' ' * column}{pair}" for pair in pairs))
