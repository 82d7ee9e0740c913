"""JSON as Nodes. The standard parser keeps no positions, and positions are what errors and edits need.

Accepts exactly what RFC 8259 does (tests compare it with the json module), and says in
words what was expected where it does not.
"""

from __future__ import annotations

import json
import re

from gitpar.patterns import pattern
from gitpar.plans.document import DEEPEST, Node, SyntaxFault, Tree

_SPACE = pattern(r"[ \t\r\n]*")
_STRING = pattern(r'"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)"')
_BODY = pattern(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*')
_NUMBER = pattern(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 4000
_MOST_VALUES = 150_000
"""Reading takes ten microseconds a value, and 10,000 tasks have about 100,000."""
_SURROGATE = pattern("[\ud800-\udfff]")


def parse_json(text: str) -> Tree:
    """Returns the tree of a JSON text; raises SyntaxFault."""
    scanner = _Scanner(text)
    start = scanner.skip(0)
    root = scanner.value(start, 0)
    end = scanner.skip(root.end)
    if end < len(text):
        raise SyntaxFault(end, f"expected the end of the file, found {_found(text, end)}")
    return Tree(root, scanner.doubles)


def _found(text: str, at: int) -> str:
    return (
        f"`{text[at]}`"
        if at < len(text) and text[at].isprintable()
        else ("the end of the file" if at >= len(text) else f"character {ord(text[at]):#x}")
    )


class _Scanner:
    """Walks the text; every method takes an offset and gives a Node or an offset back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubles: list[tuple[int, str]] = []
        self.left = _MOST_VALUES

    def skip(self, at: int) -> int:
        """Returns the offset of what follows the white space at an offset."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> Node:
        """Reads the value that begins at an offset, `depth` levels below the root; raises SyntaxFault."""
        char = self.text[at : at + 1]
        if depth > DEEPEST:
            raise SyntaxFault(at, f"nested deeper than {DEEPEST} levels")
        self.left -= 1
        if self.left < 0:
            raise SyntaxFault(at, f"more than {_MOST_VALUES:,} values; divide the plan into several")
        if char == "{":
            return self.mapping(at, depth)
        if char == "[":
            return self.sequence(at, depth)
        if char == '"':
            text, end = self.string(at)
            return Node(text, at, end)
        if number := _NUMBER.match(self.text, at):
            return self.number(number)
        return self.word(at)

    def number(self, number: re.Match[str]) -> Node:
        """Returns a whole number as int and any other as float; raises SyntaxFault where it is too long."""
        if number.end() - number.start() > _LONGEST_NUMBER:
            raise SyntaxFault(number.start(), f"a number of more than {_LONGEST_NUMBER} digits")
        whole = number.group(2) is None and number.group(3) is None
        return Node(int(number.group()) if whole else float(number.group()), number.start(), number.end())

    def word(self, at: int) -> Node:
        """Reads `true`, `false` or `null`; raises SyntaxFault at anything else."""
        word = _WORD.match(self.text, at)
        if word is None:
            raise SyntaxFault(at, f"expected a value, found {_found(self.text, at)}")
        if word.group() not in _WORDS:
            raise SyntaxFault(at, f"expected a value, found `{word.group()[:40]}`")
        return Node(_WORDS[word.group()], at, word.end())

    def string(self, at: int) -> tuple[str, int]:
        """Returns a string decoded, and the offset behind its closing quote; raises SyntaxFault."""
        found = _STRING.match(self.text, at)
        if found is None:
            raise self.broken_string(at)
        raw = found.group(1)
        if "\\" not in raw:
            return raw, found.end()
        try:
            decoded: str = json.loads(found.group())
        except json.JSONDecodeError as error:
            raise SyntaxFault(at + error.pos, "expected one of the escapes that JSON knows") from None
        if broken := _SURROGATE.search(decoded):
            code = f"\\u{ord(broken.group()):04x}"
            raise SyntaxFault(at, f"the escape `{code}` in this string is half of a character")
        return decoded, found.end()

    def broken_string(self, at: int) -> SyntaxFault:
        """Returns the fault of a string that has no end."""
        body = _BODY.match(self.text, at)
        end = body.end() if body else at
        if end >= len(self.text):
            return SyntaxFault(at, 'expected `"` to close this string, found the end of the file')
        if self.text[end] in "\r\n":
            return SyntaxFault(at, 'expected `"` to close this string, found the end of the line')
        return SyntaxFault(end, f"{_found(self.text, end)} must be written as an escape in a string")

    def mapping(self, at: int, depth: int) -> Node:
        """Reads from `{` to `}`. Of a key that stands twice the last value counts, and `doubles` names it."""
        found: dict[str, Node] = {}
        spot = self.skip(at + 1)
        if self.text.startswith("}", spot):
            return Node(found, at, spot + 1)
        while True:
            if not self.text.startswith('"', spot):
                wanted = "a key in double quotes" + ("" if found else " or `}`")
                raise SyntaxFault(spot, f"expected {wanted}, found {_found(self.text, spot)}")
            key_start = spot
            key, spot = self.string(spot)
            spot = self.skip(spot)
            if not self.text.startswith(":", spot):
                raise SyntaxFault(spot, f"expected `:` after the key, found {_found(self.text, spot)}")
            node = self.value(self.skip(spot + 1), depth + 1)
            node.key_start = key_start
            if key in found:
                self.doubles.append((key_start, key))
            found[key] = node
            spot = self.skip(node.end)
            if self.text.startswith("}", spot):
                return Node(found, at, spot + 1)
            spot = self.comma(spot, "}")

    def sequence(self, at: int, depth: int) -> Node:
        """Reads from `[` to `]`."""
        found: list[Node] = []
        spot = self.skip(at + 1)
        if self.text.startswith("]", spot):
            return Node(found, at, spot + 1)
        while True:
            node = self.value(spot, depth + 1)
            found.append(node)
            spot = self.skip(node.end)
            if self.text.startswith("]", spot):
                return Node(found, at, spot + 1)
            spot = self.comma(spot, "]")

    def comma(self, spot: int, close: str) -> int:
        """Returns the offset of what follows the comma; raises SyntaxFault where none is, or one too many."""
        if not self.text.startswith(",", spot):
            raise SyntaxFault(spot, f"expected `,` or `{close}`, found {_found(self.text, spot)}")
        after = self.skip(spot + 1)
        if self.text.startswith(close, after):
            raise SyntaxFault(spot, f"a comma before `{close}` is one too many")
        return after
