"""A plan file as a tree of values that know where they stand in the text.

JSON, YAML and TOML all become the same Nodes, so the formats above need not care which
it was. Nothing here knows what a task is.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitpar.errors import PlanError, PlanProblem
from gitpar.patterns import pattern
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.plans.markdown import Markdown

LARGEST_BYTES = 50_000_000
MOST_LINES = 200_000
DEEPEST = 100
"""Levels of nesting; plans need about six."""

_TABLE = pattern(r"\[{1,2}[^\[\]{},]+\]{1,2}\s*(?:#.*)?$")
_PAIR = pattern(r"[\w.\"' \t-]+=")
_TASKS_IN_YAML = pattern(
    r"""^(?:["']?tasks["']?[ \t]*:|-[ \t]+(?:\{[ \t]*)?["']?\w+["']?[ \t]*:)""", re.MULTILINE
)
_TASKS_IN_TOML = pattern(r"^[ \t]*(?:\[\[[ \t]*tasks[ \t]*\]\]|tasks[ \t]*=)", re.MULTILINE)
_MARKDOWN = pattern(
    r"^(?:[-*+] \[.?\]|\d{1,4}[.)] \[.?\]|\|[^\n]*\||\*\*\w[^\n]*\*\*:?|\*\*\w[^\n]*:\*\*)[ \t*\r\n]",
    re.MULTILINE,
)
_MAYBE_MARKDOWN = pattern(
    r"^[ \t>]*(?:[-*+][ \t]+\[.?\]|\|?[ \t]*:?-{2,}[ \t:]*\||#{1,6}[ \t].*TASK:"
    r"|#{1,6}[ \t]+(?:\*\*)?(?:\[.?\]|Task[ ]#?[\dTV]|T-?\d)|\*\*Status)",
    re.MULTILINE,
)

Scalar = str | int | float | bool | None


class Syntax(StrEnum):
    """How the file is written."""

    JSON = "JSON"
    YAML = "YAML"
    TOML = "TOML"
    MARKDOWN = "Markdown"


@dataclass(slots=True)
class Node:
    """One value. `start` and `end` are its offsets in the text, `key_start` that of its key.

    `shared` marks what a YAML alias or merge key brought in: it stands elsewhere and is
    not to be edited here. `flow` says that a mapping is written in braces.
    """

    value: Scalar | dict[str, Node] | list[Node]
    start: int
    end: int
    key_start: int = -1
    shared: bool = False
    flow: bool = True


@dataclass(slots=True)
class Tree:
    """What a syntax reader found: the root, and keys that stand twice as (offset, key)."""

    root: Node
    doubles: list[tuple[int, str]] = field(default_factory=list)


class SyntaxFault(Exception):
    """The text is not valid; `message` says what was expected at `offset`."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. `bom` is kept so that the bytes can be put back as they were."""

    file: str
    text: str
    bom: bool
    syntax: Syntax
    tree: Tree
    breaks: tuple[int, ...]
    lines: Markdown | None = None
    """The text as lines, where it is Markdown; its tree is then one text."""
    seen: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was found in it once and is asked for again (`once`)."""

    def line(self, offset: int) -> int:
        """Returns the line of an offset, from 1."""
        return bisect.bisect_left(self.breaks, offset) + 1

    def encoded(self, text: str) -> bytes:
        """Returns the bytes of an edited text of this file."""
        return (b"\xef\xbb\xbf" if self.bom else b"") + text.encode()


def read_document(file: str, content: bytes) -> Document:
    """Parses a plan file's bytes.

    Raises PlanError with line and column where the text is not valid, and where it is
    neither JSON nor YAML nor TOML nor Markdown.
    """
    bom, text = _decoded(file, content)
    breaks = tuple(found.start() for found in re.finditer("\n", text))
    if len(breaks) > MOST_LINES:
        raise PlanError((PlanProblem(file, f"has more than {MOST_LINES:,} lines"),), "Divide it into several")
    syntax = guess_syntax(text)
    if syntax is None:
        raise unrecognised(file)
    try:
        tree = _parsed(syntax, text)
    except SyntaxFault as fault:
        offset = min(fault.offset, len(text))
        line = bisect.bisect_left(breaks, offset) + 1
        column = offset - (breaks[line - 2] + 1 if line > 1 else 0) + 1
        message = f"column {column}: not valid {syntax}: {fault.message}"
        raise PlanError((PlanProblem(file, message, line),)) from None
    return Document(file, text, bom, syntax, tree, breaks, _lines(syntax, text))


def _lines(syntax: Syntax, text: str) -> Markdown | None:
    if syntax is not Syntax.MARKDOWN:
        return None
    from gitpar.plans.markdown import scan  # noqa: PLC0415 - every second plan is not of lines

    return scan(text)


def read_bytes(path: Path) -> bytes:
    """Reads a plan file; raises PlanError saying why it cannot be read."""
    try:
        if path.is_dir():
            raise PlanError(
                (PlanProblem(str(path), "is a folder, not a plan file"),),
                f"Name the file: gitpar plan {path}/tasks.json",
            )
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise PlanError((PlanProblem(str(path), f"cannot be read: {error.strerror}"),)) from None
    if len(content) > LARGEST_BYTES:
        raise PlanError((PlanProblem(str(path), f"is larger than {LARGEST_BYTES // 1_000_000} MB"),))
    return content


def unrecognised(file: str) -> PlanError:
    """Returns the error for a file that is no plan gitpar knows."""
    return PlanError(
        (PlanProblem(file, "is not a plan that gitpar can read"),),
        "Recognised are: task-master `tasks.json` (flat, a bare list or tagged), agent-os `tasks.json`, "
        "Markdown with a table that has a Status column or with check boxes that have ids (ralph, spec-kit), "
        "and gitpar's own plans as JSON, YAML or TOML (a list `tasks`, each with an `id`)",
    )


def guess_syntax(text: str) -> Syntax | None:  # noqa: PLR0911 - an answer a sign
    """Says how a text is written, by its first significant line; None where it is none of these.

    A line `[name]` opens a TOML table unless what follows the bracket is a JSON value. A check
    box, a bold word or a line of a table at the left margin can be neither YAML nor JSON.
    """
    start = re.search(r"\S", text)
    if start is None:
        return None
    if text[start.start()] == "{" or re.match(
        r'\[\s*(?:[\[{\]]\s*[\]{}"\[]|\])', text[start.start() :][:200]
    ):
        return Syntax.JSON
    if _MARKDOWN.search(text) and not _TASKS_IN_TOML.search(text):
        return Syntax.MARKDOWN
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            if _TABLE.match(line) or _PAIR.match(line):
                return Syntax.TOML
            break
    if _TASKS_IN_YAML.search(text):
        return Syntax.YAML
    if text[start.start()] == "[":
        return Syntax.JSON
    return Syntax.MARKDOWN if _MAYBE_MARKDOWN.search(text) else None


def _parsed(syntax: Syntax, text: str) -> Tree:
    # Imported when needed: YAML alone costs 60 ms at start-up.
    match syntax:
        case Syntax.JSON:
            from gitpar.plans.json_text import parse_json  # noqa: PLC0415 - lazy, see above

            return parse_json(text)
        case Syntax.YAML:
            from gitpar.plans.yaml_text import parse_yaml  # noqa: PLC0415 - lazy, see above

            return parse_yaml(text)
        case Syntax.TOML:
            from gitpar.plans.toml_text import parse_toml  # noqa: PLC0415 - lazy, see above

            return parse_toml(text)
        case Syntax.MARKDOWN:
            return Tree(Node(text, 0, len(text)))


def _decoded(file: str, content: bytes) -> tuple[bool, str]:
    if not content.strip():
        raise PlanError(
            (PlanProblem(file, "the file is empty"),), "A plan is a list of tasks: gitpar plan --help"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PlanError((PlanProblem(file, "is written in UTF-16"),), "Save it as UTF-8")
    bom = content.startswith(b"\xef\xbb\xbf")
    body = content[3:] if bom else content
    try:
        return bom, body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        column = error.start - body.rfind(b"\n", 0, error.start)
        message = f"column {column}: byte 0x{body[error.start]:02x} is not valid UTF-8"
        raise PlanError((PlanProblem(file, message, line),), "Save it as UTF-8") from None


def members(node: Node) -> Mapping[str, Node]:
    """Returns the members of a mapping, nothing for any other node."""
    return node.value if isinstance(node.value, dict) else {}


def elements(node: Node) -> Iterator[Node]:
    """Yields the elements of a list, nothing for any other node."""
    if isinstance(node.value, list):
        yield from node.value
