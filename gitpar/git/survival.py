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
        gone = [line for line, count in before.items() if line not in base and after[line] < count]
        if gone:
            found[path] = gone
    return found


def _lines(repository: Repository, entry: Entry) -> Counter[bytes]:
    if entry[0] not in _FILES:
        return Counter()
    # line endings may be made equal by a merge
    return Counter(line.rstrip(b"\r") for line in repository.read(entry[1])[1].split(b"\n"))
