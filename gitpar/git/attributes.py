"""Carries the merge-relevant attributes of a tree into the coordinator's info/attributes.

A bare repository ignores in-tree `.gitattributes`; without this, `merge=union` and
`-merge` would be forgotten. Merge drivers of the user's own are programs, so they become
text merges, apart from those that a setting allows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.core.names import TreeId
from gitpar.git.trees import FOLDER_MODE, difference, entries
from gitpar.patterns import pattern

if TYPE_CHECKING:
    from pygit2 import Repository

_FILE = ".gitattributes"
_KEPT = ("merge", "text", "eol", "crlf", "binary")
_BUILT_IN = ("text", "binary", "union")
_QUOTED = pattern(r'"((?:[^"\\]|\\.)*)"')
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class Attributes:
    """Keeps the coordinator's `info/attributes` equal to those of one tree at a time."""

    def __init__(self, target: Path, users: Path, drivers: Collection[str] = ()) -> None:
        """`users` is the user's own info/attributes; `drivers` are the merge drivers that may run."""
        self._target = target
        self._users = users
        self._drivers = frozenset(drivers) | set(_BUILT_IN)
        self._tree: TreeId | None = None

    def follow(self, repository: Repository, tree: TreeId) -> None:
        """Rewrites the file where the tree's attributes differ from those of the tree before."""
        if self.differs(repository, tree):
            self.write(self.text(repository, tree))
        self._tree = tree

    def differs(self, repository: Repository, tree: TreeId) -> bool:
        """Says whether `follow` would rewrite the file for a tree."""
        return self._tree is None or self._changed(repository, tree)

    def text(self, repository: Repository, tree: TreeId) -> str:
        """Returns what the file must hold for a tree; empty where every file merges in the usual way."""
        files = sorted(_find(repository, tree, ""), key=lambda found: (found[0].count("/"), found[0]))
        lines = [line for folder, text in files for line in carried(folder, text, self._drivers)]
        if self._users.is_file():
            lines += carried("", os.fsdecode(self._users.read_bytes()), self._drivers)
        return "".join(line + "\n" for line in lines)

    def write(self, text: str) -> None:
        """Writes the file."""
        self._target.parent.mkdir(exist_ok=True)
        beside = self._target.with_suffix(".new")
        beside.write_bytes(os.fsencode(text))
        beside.replace(self._target)
        self._tree = None

    def _changed(self, repository: Repository, tree: TreeId) -> bool:
        return any(map(is_attributes, difference(repository, self._tree or "", tree).files))


def is_attributes(path: str) -> bool:
    """Says whether a path names a file of attributes."""
    return path.rpartition("/")[2] == _FILE


def _find(repository: Repository, tree: str, folder: str) -> list[tuple[str, str]]:
    """All attribute files below a tree, each with its folder; symbolic links are ignored, as git does."""
    found: list[tuple[str, str]] = []
    for name, (mode, object_id) in entries(repository, tree).items():
        if mode == FOLDER_MODE:
            found += _find(repository, object_id, f"{folder}{os.fsdecode(name)}/")
        elif name == _FILE.encode() and mode in (0o100644, 0o100755):
            found.append((folder, os.fsdecode(repository.read(object_id)[1])))
    return found


def carried(folder: str, text: str, drivers: Collection[str] = _BUILT_IN) -> list[str]:
    """Returns the lines of one attribute file as they must stand at the root.

    `folder` ends in a slash, empty for the root; `drivers` are the merge drivers that may
    be named. Lines that say nothing about merging
    are left out; macros may stand at the root only, and are kept by their names.
    Source: gitattributes(5).
    """
    lines: list[str] = []
    for raw in text.split("\n"):
        line = raw.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        pattern, words = _split(line)
        if pattern.startswith("[attr]"):
            if not folder:
                lines.append(" ".join([pattern, *_words(words, drivers, macro=True)]))
            continue
        if kept := _words(words, drivers, macro=False):
            lines.append(" ".join([_placed(folder, pattern), *kept]))
    return lines


def _split(line: str) -> tuple[str, list[str]]:
    quoted = _QUOTED.match(line)
    if quoted:
        return _unquoted(quoted[1]), line[quoted.end() :].split()
    words = line.split()
    return words[0], words[1:]


def _unquoted(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1]
        value = _ESCAPES.get(code, int(code, 8) if code.isdigit() else ord(code[0]))
        return os.fsdecode(bytes([value & 0xFF]))

    return re.sub(r"\\([0-7]{3}|.)", one, text)


def _words(words: list[str], drivers: Collection[str], *, macro: bool) -> list[str]:
    kept: list[str] = []
    for word in words:
        name, equals, value = word.lstrip("-!").partition("=")
        if name == "merge" and equals and value not in drivers:
            kept.append("merge=text")
        elif name in _KEPT or (not macro and not equals and name not in ("diff", "filter", "export-ignore")):
            # a bare word may be a macro of the root's
            kept.append(word)
    return kept


def _placed(folder: str, pattern: str) -> str:
    """The pattern as it must be written at the root to mean the same files."""
    if folder:
        inner = pattern.removeprefix("/")
        anywhere = "/" not in pattern
        prefix = re.sub(r"([*?\[\]\\])", r"\\\1", folder)
        pattern = f"{prefix}**/{inner}" if anywhere else f"{prefix}{inner}"
    if re.search(r'[\s"]|^[!#\[]', pattern):
        return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
    return pattern
