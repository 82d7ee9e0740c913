"""Reads, compares and puts together trees as bytes. Writes into scratch only.

Trees are parsed here and not by libgit2, because its tree builder takes no names
that are not UTF-8, and because an own reading of a tree is one more opinion.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Self

from gitpar.core.names import CommitId, TreeId
from gitpar.git.commits import read_commit
from gitpar.git.objects import object_id
from gitpar.git.scratch import write
from gitpar.patterns import pattern
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository

FOLDER_MODE = 0o040000
EMPTY_TREE = TreeId("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

Entry = tuple[int, str]
"""Mode and object id."""

NO_ENTRY: Entry = (0, "")
"""What stands for "no such path"."""

_ENTRY = pattern(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_MOST_PARSED = 10_000
_parsed: dict[str, dict[bytes, Entry]] = {}
"""Trees read before, by id: an id always means the same tree. Nobody changes them."""

_outlined: dict[str, dict[bytes, Entry]] = {}
"""Trees that nobody may have written yet: see Outlines."""

_MOST_OUTLINED = 100_000
"""So many entries of theirs are kept in memory."""

_MOST_COMPARED = 100


@dataclass(frozen=True, slots=True)
class TreeDifference:
    """What differs between two trees.

    `files` has old and new entry of every path; `objects` are the ids of trees and
    blobs that the second tree has where the first has another or none, folders last.
    """

    files: dict[str, tuple[Entry, Entry]] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)


_compared: dict[tuple[str, str], TreeDifference] = {}
"""Trees compared before: proof and attributes ask for the same. Nobody changes them."""


def tree_of(repository: Repository, commit: CommitId) -> TreeId:
    """Returns a commit's tree."""
    return read_commit(repository, commit)[0]


def entries(repository: Repository, tree: str) -> Mapping[bytes, Entry]:
    """Returns a tree's own entries by name; an empty id is the empty tree.

    Source: gitformat-loose and `git mktree`: `mode SP name NUL id`, ids as 20 bytes.
    """
    if tree in ("", EMPTY_TREE):
        return {}
    if (known := _parsed.get(tree) or _outlined.get(tree)) is not None:
        return known
    data = repository.read(tree)[1]
    parts = _ENTRY.findall(data)
    if sum(len(mode) + len(name) for mode, name, _ in parts) + 22 * len(parts) != len(data):
        raise ValueError(f"{tree} is no tree")
    found: dict[bytes, Entry] = {name: (int(mode, 8), id_.hex()) for mode, name, id_ in parts}
    _remember(tree, found)
    return found


def _remember(tree: str, content: dict[bytes, Entry]) -> None:
    if len(_parsed) >= _MOST_PARSED:
        _parsed.clear()
    _parsed[tree] = content


def entry_at(repository: Repository, tree: str, path: str, *, folders: bool = False) -> Entry:
    """Returns the entry of a path, or NO_ENTRY; a folder is one only with `folders`."""
    found: Entry = (FOLDER_MODE, tree)
    for name in os.fsencode(path).split(b"/"):
        if found[0] != FOLDER_MODE:
            # a file where a folder is asked for
            return found if folders and found != NO_ENTRY else NO_ENTRY
        found = entries(repository, found[1]).get(name, NO_ENTRY)
    return NO_ENTRY if found[0] == FOLDER_MODE and not folders else found


def difference(repository: Repository, old: str, new: str) -> TreeDifference:
    """Compares two trees by id, opening only the folders that differ.

    A rename is a deletion and an addition here.
    """
    if (known := _compared.get((old, new))) is not None:
        return known
    found = TreeDifference()
    if old != new:
        _compare(repository, (b"", old, new), found)
    if len(_compared) >= _MOST_COMPARED:
        _compared.clear()
    _compared[old, new] = found
    return found


def _compare(repository: Repository, at: tuple[bytes, str, str], found: TreeDifference) -> None:
    """Adds what differs in one folder, given as its path, old tree and new tree."""
    folder, old, new = at
    before, after = entries(repository, old), entries(repository, new)
    differing = [name for name, entry in after.items() if before.get(name) != entry]
    differing += [name for name in before if name not in after]
    for name in sorted(differing):
        ours, theirs = before.get(name, NO_ENTRY), after.get(name, NO_ENTRY)
        folders = [entry[1] if entry[0] == FOLDER_MODE else "" for entry in (ours, theirs)]
        if any(folders):
            _compare(repository, (folder + name + b"/", folders[0], folders[1]), found)
        files = [NO_ENTRY if entry[0] == FOLDER_MODE else entry for entry in (ours, theirs)]
        if files[0] != files[1]:
            found.files[os.fsdecode(folder + name)] = (files[0], files[1])
            if files[1] != NO_ENTRY:
                found.objects.append(files[1][1])
    if new:
        found.objects.append(new)


def compose(repository: Repository, tree: str, changes: Mapping[str, Entry]) -> TreeId:
    """Writes into scratch the tree that has some entries changed; NO_ENTRY removes a path.

    A folder that becomes empty disappears, as git has none.
    """

    def written(content: dict[bytes, Entry]) -> str:
        tree = write(repository, "tree", _data(content))
        if tree not in _parsed:
            _remember(tree, content)
        return tree

    return TreeId(_composed(repository, tree, _by_parts(changes), written) or written({}))


def composed(
    repository: Repository, tree: str, changes: Mapping[str, Entry]
) -> tuple[TreeId, dict[str, bytes]]:
    """Returns the name of the tree that has some entries changed, as `compose` does, and all that is new.

    Writes nothing: the second are the contents of new trees by name, those below first.
    """
    made: dict[str, bytes] = {}

    def named(content: dict[bytes, Entry]) -> str:
        data = _data(content)
        name = object_id("tree", data)
        made[name] = data
        if name not in _parsed:
            _remember(name, content)
        return name

    return TreeId(_composed(repository, tree, _by_parts(changes), named) or named({})), made


class Outlines:
    """Trees that are named and known here before anybody has written them, until the block ends."""

    def __init__(self) -> None:
        self._own: dict[str, dict[bytes, Entry]] = {}
        self._entries = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Forgets them: the stores have them or not."""
        for tree in self._own:
            _outlined.pop(tree, None)
        self._own.clear()
        self._entries = 0

    def outline(self, repository: Repository, tree: str, changes: Mapping[str, Entry]) -> TreeId:
        """Returns the name of the tree that has some entries changed, as `compose` does; writes nothing."""
        if self._entries > _MOST_OUTLINED:
            self.write(repository)
        return TreeId(_composed(repository, tree, _by_parts(changes), self._named) or self._named({}))

    def write(self, repository: Repository) -> None:
        """Writes all that is only known here into scratch."""
        for content in self._own.values():
            write(repository, "tree", _data(content))
        self.__exit__()

    def _named(self, content: dict[bytes, Entry]) -> str:
        tree = object_id("tree", _data(content))
        if tree not in _parsed:
            _remember(tree, content)
        if tree not in self._own:
            self._own[tree] = _outlined[tree] = content
            self._entries += len(content)
        return tree


def _by_parts(changes: Mapping[str, Entry]) -> dict[tuple[bytes, ...], Entry]:
    return {tuple(os.fsencode(path).split(b"/")): entry for path, entry in changes.items()}


def _composed(
    repository: Repository,
    tree: str,
    changes: Mapping[tuple[bytes, ...], Entry],
    put: Callable[[dict[bytes, Entry]], str],
) -> str:
    content = dict(entries(repository, tree))
    below: dict[bytes, dict[tuple[bytes, ...], Entry]] = {}
    for path, entry in changes.items():
        if len(path) > 1:
            below.setdefault(path[0], {})[path[1:]] = entry
        elif entry != NO_ENTRY:
            content[path[0]] = entry
        elif content.get(path[0], NO_ENTRY)[0] != FOLDER_MODE:
            content.pop(path[0], None)
    for name, inner in below.items():
        mode, was = content.get(name, NO_ENTRY)
        made = _composed(repository, was if mode == FOLDER_MODE else "", inner, put)
        if made:
            content[name] = (FOLDER_MODE, made)
        elif mode == FOLDER_MODE:
            del content[name]
    return put(content) if content else ""


def _data(content: Mapping[bytes, Entry]) -> bytes:
    """Returns entries as git stores them."""
    # git sorts folders as if their names ended in a slash
    order = sorted(content, key=lambda name: name + b"/" if content[name][0] == FOLDER_MODE else name)
    return b"".join(
        b"%o %s\0%s" % (content[name][0], name, bytes.fromhex(content[name][1])) for name in order
    )
