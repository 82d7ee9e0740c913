"""Finds what a re-run takes back of what landed before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitpar.core.changes import FileChange, Hunk
from gitpar.core.names import CommitId
from gitpar.git.changes import has_lines, read_change_sets, read_hunks
from gitpar.git.coordinator import Coordinator
from gitpar.git.trees import NO_ENTRY, entry_at, tree_of
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository


@dataclass(frozen=True, slots=True)
class Versions:
    """The commits that say what landed, what the re-run found and what it had seen before."""

    level_base: CommitId
    tip: CommitId
    first: CommitId
    result: CommitId


def undone(coordinator: Coordinator, versions: Versions) -> tuple[str, ...]:
    """Lists as `path:line` what landed between level_base and tip and `result` takes away again.

    Lines are the tip's. A line counts where what replaces it is nothing or stood in the
    first attempt or at the level's base; one that merely moved within its file, and an
    empty one, do not. A file that is gone, is back, or is again as it was, counts as line 1.
    """
    landed, again = read_change_sets(
        coordinator.scratch, [(versions.level_base, versions.tip), (versions.tip, versions.result)]
    )
    by_path = {path: change for change in landed.files for path in change.paths}
    repository = coordinator.pygit()
    found: list[str] = []
    for change in again.files:
        for path in change.paths:
            if path in by_path:
                lines = _lines(repository, versions, by_path[path], change)
                found += [f"{path}:{line}" for line in lines]
                break
    return tuple(found)


def _lines(
    repository: Repository, versions: Versions, landed: FileChange, again: FileChange
) -> Iterator[int]:
    if has_lines(landed) and has_lines(again):
        added = read_hunks(repository, landed.old_id, landed.new_id)
    elif landed.old_mode == 0 and has_lines(again):
        added = (Hunk(1, 0, 1, len(_text(repository, landed.new_id))),)
    else:
        added = None
    taken = read_hunks(repository, again.old_id, again.new_id) if has_lines(again) else None
    if added is None or taken is None or landed.new_id != again.old_id:
        if _put_back(repository, versions, landed, again):
            yield 1
        return
    seen = set(_text(repository, landed.old_id)) | _seen(repository, versions, landed, again)
    tip, result = _text(repository, again.old_id), _text(repository, again.new_id)
    fewer = Counter(tip) - Counter(result)
    new_lines = {line for hunk in added for line in range(hunk.new_start, hunk.new_start + hunk.new_count)}
    for hunk in taken:
        replaced_by = result[hunk.new_start - 1 : hunk.new_start - 1 + hunk.new_count]
        if all(line in seen for line in replaced_by):
            for number in range(hunk.old_start, hunk.old_start + hunk.old_count):
                line = tip[number - 1]
                if number in new_lines and line.strip() and fewer[line]:
                    yield number


def _put_back(repository: Repository, versions: Versions, landed: FileChange, again: FileChange) -> bool:
    """Whether a whole file is gone, back, or as it was before the landing."""
    if again.new_mode == 0:
        return landed.new_mode != 0
    entry = (again.new_mode, again.new_id)
    if entry == (landed.old_mode, landed.old_id):
        return True
    first = entry_at(repository, tree_of(repository, versions.first), again.path)
    return first not in (NO_ENTRY, (landed.new_mode, landed.new_id)) and entry == first


def _seen(repository: Repository, versions: Versions, landed: FileChange, again: FileChange) -> set[bytes]:
    """The lines of the file as the first attempt had it, under any of its names."""
    tree = tree_of(repository, versions.first)
    names = dict.fromkeys((*again.paths, *landed.paths))
    return {line for name in names for line in _text(repository, entry_at(repository, tree, name)[1])}


def _text(repository: Repository, blob: str) -> Sequence[bytes]:
    """A blob's lines without their ends; none of no blob."""
    if not blob:
        return ()
    lines = repository.read(blob)[1].split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines
