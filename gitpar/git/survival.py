"""Says which lines that had landed are gone. Reads blobs only; knows no merge and no diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitpar.git.trees import Entry, entry_at

if TYPE_CHECKING:
    from pygit2 import Repository

    from gitpar.git.certificate import Files

_FILES = (0o100644, 0o100755)


def lost_lines(
    repository: Repository, task: Files, level: Mapping[str, Entry], tree: str
) -> dict[str, list[bytes]]:
    """Returns by path the lines that the level added since the base and a landing's tree has no more.

    A line that the base did not have cannot have been removed by a task that was cut from
    there, so every merge without a conflict keeps it, whichever way its diff was made:
    there is no false answer. Looked at are files that both sides changed.
    """
    found = {}
    for path, tip in level.items():
        sides = (task[path][0], tip, entry_at(repository, tree, path))
        if sides[1] == sides[2] or any(mode not in _FILES for mode, _ in sides[1:]):
            continue
        base, before, after = (_lines(repository, entry) for entry in sides)
        added = set(before).difference(base)
        had, kept = (Counter(line for line in side if line in added) for side in (before, after))
        if gone := [line for line, count in had.items() if kept[line] < count]:
            found[path] = gone
    return found


def _lines(repository: Repository, entry: Entry) -> list[bytes]:
    if entry[0] not in _FILES:
        return []
    content = repository.read(entry[1])[1]
    lines = content.split(b"\n")
    # line endings may be made equal by a merge
    return [line.rstrip(b"\r") for line in lines] if b"\r" in content else lines
