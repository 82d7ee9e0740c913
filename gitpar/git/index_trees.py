"""Writes indexes as trees without starting a process: by libgit2, in scratch.

What git made of the files stands in the index; a tree is the same facts in another form,
so there is one right answer, and its id says whether it was found. An index that libgit2
does not read (split, sparse, with conflicts) is left to git.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.core.names import TreeId
from gitpar.git.commits import publish
from gitpar.git.coordinator import Coordinator
from gitpar.git.index_file import Changed
from gitpar.git.objects import ObjectWriter
from gitpar.git.trees import composed, difference

if TYPE_CHECKING:
    from pygit2 import Index, Repository


_CHECKSUM_BYTES = 20


class IndexTrees:
    """Safe to share between threads: each has a libgit2 repository of its own."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator

    def look(self, index: Path) -> TreeId | None:
        """Returns the tree that an index stands for, written to scratch; None where only git can say."""
        return _written(self._coordinator.pygit(), index)

    def store(self, index: Path, base: TreeId, store: ObjectWriter) -> TreeId | None:
        """Writes an index as a tree into the user's store, durably, and returns it; None as for `look`.

        `base` is a tree which that store has.
        """
        tree = _written(self._coordinator.pygit(), index)
        if tree is not None:
            self._publish(base, tree, store)
        return tree

    def store_changed(self, base: TreeId, changed: Changed, store: ObjectWriter) -> TreeId | None:
        """Likewise, of an index that has this changed against a tree; None where it cannot be made so."""
        repository = self._coordinator.pygit()
        if not changed:
            return base
        tree, made = composed(repository, base, {path: new for path, (_, new) in changed.items()})
        try:
            found = difference(repository, base, tree)
        except KeyError:
            return None  # what was just composed is forgotten, as there is so much else
        new = {name: made[name] for name in found.objects if name in made}
        if found.files != changed or not store.put("tree", new):
            return None
        return tree

    def new_objects(self, base: TreeId, tree: TreeId) -> list[str]:
        """Lists the trees and blobs that a tree has where another has others or none."""
        return difference(self._coordinator.pygit(), base, tree).objects

    def _publish(self, base: TreeId, tree: TreeId, store: ObjectWriter) -> None:
        if tree != base:
            new = self._coordinator.in_scratch(self.new_objects(base, tree))
            publish(self._coordinator.pygit(), store, new)


def same_entries(one: bytes, other: bytes) -> bool:
    """Says whether two indexes are known to hold the same; only "yes" is certain.

    What git remembers behind the entries, of trees mostly, need not be the same.
    Source: gitformat-index(5).
    """
    end = _entries_end(one)
    return one == other or (end > 0 and end == _entries_end(other) and one[:end] == other[:end])


def _entries_end(index: bytes) -> int:
    """Returns where the entries end and the trees that git remembers begin, 0 where it has none."""
    begin = index.rfind(b"TREE", 0, len(index) - _CHECKSUM_BYTES)
    at = begin
    while 0 < at < len(index) - _CHECKSUM_BYTES:
        at += 8 + int.from_bytes(index[at + 4 : at + 8], "big")
    return begin if at == len(index) - _CHECKSUM_BYTES else 0


def _written(repository: Repository, index: Path) -> TreeId | None:
    from pygit2 import GitError  # noqa: PLC0415 - loaded with the repository

    try:
        return TreeId(str(_reader()(str(index)).write_tree(repository)))
    except (GitError, KeyError, ValueError, OSError):
        return None


@functools.cache
def _reader() -> type[Index]:
    """Returns pygit2's Index, which would complain on standard error when one could not be read."""
    from pygit2 import Index  # noqa: PLC0415 - loaded with the repository

    class Quiet(Index):
        def __del__(self) -> None:
            if hasattr(self, "_index"):
                super().__del__()

    return Quiet
