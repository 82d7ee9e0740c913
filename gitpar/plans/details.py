"""What the lines below a task say: its fields (`**Do**:`, `**Files**:`, `**Verify**:` …) and paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gitpar.core.graph import Scope
from gitpar.plans.markdown import Line

_NAMES = (
    "do|files?|done when|verify|verification|commit|requirements?|design|depends(?: on)?|dependencies"
    "|acceptance criteria|acceptance|goal|notes?|modify|create|test"
)
_FIELD = re.compile(
    rf"[ \t>]*(?:[-*+][ \t]+)?(?P<open>\*\*|__|_)?(?P<name>{_NAMES})[ \t]*(?P<colon>:)?(?:\*\*|__|_)?"
    r"[ \t]*(?P<late>:)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w.@~+()\[\]{}*?$-]+(?:/[\w.@~+()\[\]{}*?$, -]*[\w.@~+()\[\]{}*?$-])*/?")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
_PROSE_PATH = re.compile(r"(?<![\w/.:@-])(?:[\w.@-]+/)+[\w.@*-]*[\w*](?![\w/])")
_CREATES = re.compile(r"\W{0,8}(?:(?:create|created|new)\b|新建|创建|新規)", re.IGNORECASE)
_NO_COMMIT = re.compile(r"[(`*_ ]*(?:none|n/?a|-+|no commit)\b", re.IGNORECASE)
_SUBJECT = re.compile(r"[a-z]+(?:\([^)\n]*\))?!?: \S")
_KNOWN_FILE = re.compile(
    r"[^/]+\.(?:c|cc|cfg|cjs|conf|cpp|cs|css|csv|dart|env|ex|exs|go|gradle|graphql|h|hpp|html|ini|ipynb|"
    r"java|js|json|jsonc|jsx|kt|kts|less|lock|lua|md|mdx|mjs|mts|nix|php|plist|proto|ps1|py|"
    r"pyi|rb|rs|rst|sass|scala|scss|sh|sql|svelte|svg|swift|tf|toml|ts|tsx|txt|vue|xml|yaml|"
    r"yml|zig)",
    re.IGNORECASE,
)
_LONGEST_PATH = 300
_ENDINGS = re.compile(
    r"\*?\.\w{1,5}(?:\.\w{1,5})?(?:[/,|]\*?\.\w{1,5}(?:\.\w{1,5})?)+|\.(?:d|test|spec|stories|module|min)\.\w+"
)
"""Endings of files (`.ts/.tsx`, `.d.ts`) and not a file."""


def fields_of(lines: Sequence[Line]) -> dict[str, str]:
    """Returns the fields below a task by their names in small letters, each with its whole text."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        field = None if line.hidden else _field(line.text)
        if field is not None:
            name = field[0]
            found.setdefault(name, []).append(field[1])
        elif name:
            found[name].append(line.text)
    return {name: "\n".join(texts).strip() for name, texts in found.items()}


def _field(text: str) -> tuple[str, str] | None:
    found = _FIELD.match(text)
    if found is None or not (found["colon"] or found["late"]):
        return None
    name = found["name"].lower()
    return ("files" if name == "file" else name, text[found.end() :].strip())


def command_of(text: str) -> str | None:
    """Returns the command of a `Verify` field, where it is a single one and nothing but that.

    Prose, and a command that goes on over several lines, stay in the prompt only.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) >= 3 and lines[0].strip().startswith("```") and lines[-1].strip() == "```":
        return "\n".join(line.strip() for line in lines[1:-1])
    found = _CODE.fullmatch(text.strip().rstrip("."))
    return found[1].strip() if found else None


def message_of(text: str) -> str | None:
    """Returns the message of a `Commit` field; None where it says that there is none."""
    if not text or _NO_COMMIT.match(text):
        return None
    first = text.splitlines()[0].strip()
    if code := _CODE.search(first):
        return code[1].strip() or None
    return first if _SUBJECT.match(first) else None


def files_of(text: str) -> Scope:
    """Returns the paths of a `Files` field: in backticks, in a list or divided by commas; prose is none.

    A path is new where `create` stands right behind it, or before the first of its line.
    """
    create: list[str] = []
    modify: list[str] = []
    for line in text.splitlines():
        for piece, told in _pieces(line):
            if path := usable(piece):
                (create if _CREATES.match(told) else modify).append(path)
    return Scope(tuple(dict.fromkeys(create)), tuple(dict.fromkeys(modify)))


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Yields what may be paths in a line, each with what is said of it."""
    quoted = list(_CODE.finditer(line))
    head = line[: quoted[0].start()] if quoted else ""
    for which, found in enumerate(quoted):
        end = quoted[which + 1].start() if which + 1 < len(quoted) else len(line)
        tail = line[found.end() : end]
        yield found[1].strip(), head if _CREATES.match(head) else tail
    for piece in [] if quoted else line.strip().lstrip("-*+ ").split(","):
        path, _, tail = piece.strip().partition(" ")
        yield path, tail


def usable(path: str) -> str:
    """Returns a path inside the repository as it is written there, or nothing where the text is none."""
    path = path.strip().removeprefix("./")
    # `src/a.py:12-20` names lines of the file
    head, colon, tail = path.partition(":")
    path = head if colon and tail[:1].isdigit() else path
    if len(path) > _LONGEST_PATH or path.startswith(("/", "~", "-", "@")) or "://" in path or ".." in path:
        return ""
    if "{{" in path or _FILE.fullmatch(path) is None or _ENDINGS.fullmatch(path):
        return ""
    if "/" in path:
        return path
    return path if _KNOWN_FILE.fullmatch(path) else ""


def paths_in(text: str) -> tuple[str, ...]:
    """Returns the paths that a sentence names: files with an ending, and folders in backticks."""
    found = [
        path
        for quoted in _CODE.findall(text)
        if " " not in quoted
        and not quoted.startswith("*.")
        and (path := usable(quoted))
        and (_SUFFIX.search(path) or path.endswith("/"))
    ]
    plain = _CODE.sub(" ", text)
    found += [path for path in _plain(plain) if _SUFFIX.search(path)]
    whole = {path.rpartition("/")[2] for path in found if "/" in path}
    return tuple(dict.fromkeys(path for path in found if "/" in path or path not in whole))


def _plain(text: str) -> Iterator[str]:
    for found in _PROSE_PATH.finditer(text):
        if path := usable(found.group()):
            yield path
