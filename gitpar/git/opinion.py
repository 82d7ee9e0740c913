"""The second opinion on a merge: computed without git, as narrowly as the case allows.

Where tip and result changed no path in common, what must come out is a matter of sets,
and the certificate's comparison of paths is the whole proof. Where both changed files
that exist on all sides, libgit2 merges those files; in all other cases everything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, TreeId
from gitpar.core.settlement import belongs
from gitpar.git.certificate import Files
from gitpar.git.commits import row
from gitpar.git.coordinator import Coordinator
from gitpar.git.scratch import write
from gitpar.git.trees import NO_ENTRY, Entry, compose, difference, entry_at
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Index, IndexEntry, Repository
    from pygit2.enums import MergeFlag

_FILES = (0o100644, 0o100755)


Put = Callable[["Repository", str, Mapping[str, Entry]], TreeId]
"""Returns a tree with some entries changed, NO_ENTRY for what goes; as trees.compose."""


class Extent(StrEnum):
    """What the second opinion was about; it stands in the certificate."""

    PATHS = "paths"
    FILES = "files"
    TREES = "trees"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What libgit2 makes of a merge: an index, or single files where it merged those one by one."""

    extent: Extent
    index: Index | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """For an index of files alone: the path that each of its names stands for."""
    files: Mapping[str, Entry] = field(default_factory=dict)
    """Without an index: what the files become. Where paths alone decide there are none."""

    def path_of(self, name: str) -> str:
        """The path that a name in the index stands for."""
        return self.names.get(name, name)

    def tree(self, repository: Repository, tip: TreeId, task: Files, put: Put) -> TreeId | None:
        """Puts together what the merge with a tip of that tree should give; None for a conflict."""
        changes = {path: new for path, (_, new) in task.items()}
        if self.index is None:
            return put(repository, tip, {**changes, **self.files})
        if self.index.conflicts is not None:
            return None
        if self.extent is Extent.TREES:
            return TreeId(str(self.index.write_tree(repository)))
        merged = {path: _entry(self.index, name) for name, path in self.names.items()}
        return put(repository, tip, {**changes, **merged})

    def objection(self, repository: Repository, tree: TreeId, apart: Collection[str] = ()) -> str:
        """Says how git's merged tree differs from this opinion, or nothing.

        `apart` are paths that a policy settled, about which there is nothing to say.
        """
        if self.index is None:
            differing = (
                path for path, entry in self.files.items() if entry_at(repository, tree, path) != entry
            )
            paths = sorted(path for path in differing if not belongs(path, apart))
            return f"the two merge engines disagree about {', '.join(paths)}" if paths else ""
        if apart:
            return self._objection_but(repository, tree, apart)
        if self.index.conflicts is not None:
            paths = sorted(
                {
                    self.path_of(os.fspath(side.path))
                    for sides in self.index.conflicts
                    for side in sides
                    if side is not None
                }
            )
            return f"the two merge engines disagree: git merges {', '.join(paths)}, libgit2 finds a conflict"
        if self.extent is Extent.TREES:
            found = self.index.diff_to_tree(repository[tree])  # type: ignore[arg-type]  # a Tree
            paths = sorted({delta.new_file.path for delta in found.deltas}) if len(found) else []
        else:
            merged = {name: entry_at(repository, tree, path) for name, path in self.names.items()}
            paths = [self.names[name] for name, entry in merged.items() if entry != _entry(self.index, name)]
        return f"the two merge engines disagree about {', '.join(paths)}" if paths else ""

    def _objection_but(self, repository: Repository, tree: TreeId, apart: Collection[str]) -> str:
        """The objection, leaving out what lies in conflict and was settled."""
        index = self.index
        if index is None:
            return ""
        refused = [{self.path_of(os.fspath(side.path)) for side in sides if side} for sides in _all(index)]
        for names in refused:  # one conflict, under the names of all sides
            if not any(belongs(name, apart) for name in names):
                said = f"libgit2 finds a conflict in {', '.join(sorted(names))}"
                return f"the two merge engines disagree: {said}"
        if self.extent is Extent.TREES:
            merged = {entry.path: (int(entry.mode), str(entry.id)) for entry in index}
            actual = difference(repository, "", tree).files
            differing = {path for path in {*merged, *actual} if merged.get(path) != _new(actual.get(path))}
        else:
            found = {path: entry_at(repository, tree, path) for path in self.names.values()}
            differing = {path for name, path in self.names.items() if found[path] != _entry(index, name)}
        differing = differing.difference(*refused)
        paths = sorted(path for path in differing if not belongs(path, apart))
        return f"the two merge engines disagree about {', '.join(paths)}" if paths else ""


def _all(index: Index) -> list[tuple[IndexEntry | None, ...]]:
    return list(index.conflicts) if index.conflicts is not None else []


def _new(change: tuple[Entry, Entry] | None) -> Entry | None:
    return change[1] if change is not None else None


@dataclass(frozen=True, slots=True)
class Sides:
    """What is merged: `result` into `tip`, which part at `base`."""

    base: CommitId
    tip: CommitId
    result: CommitId


def form(
    coordinator: Coordinator, sides: Sides, task: Files, level: Mapping[str, Entry], *, singly: bool = True
) -> Opinion:
    """Returns the opinion on a merge.

    `task` is what the task changed since the merge base; `level` has the tip's entry of
    each of these paths that the level changed as well. With `singly` files that attributes
    say nothing about are merged one by one where that goes: a third of the time, and good
    for a yes. It reads them as text, so a no is to be asked again without.
    """
    repository = coordinator.pygit()
    both = tuple(level)
    if not goes_by_path(repository, sides, task, level):
        return Opinion(Extent.TREES, _merge_all(coordinator, sides))
    if not both:
        return Opinion(Extent.PATHS)
    if singly and not coordinator.has_attributes:
        files = {path: _merged(repository, task[path][0], level[path], task[path][1]) for path in both}
        if NO_ENTRY not in files.values():
            return Opinion(Extent.FILES, files=files)
    # attributes go by path; without any, a flat folder is quicker to write
    names = {path if coordinator.has_attributes else str(at): path for at, path in enumerate(both)}
    versions = (
        {name: task[path][0] for name, path in names.items()},
        {name: level[path] for name, path in names.items()},
        {name: task[path][1] for name, path in names.items()},
    )
    base, tip, result = (repository[compose(repository, "", version)] for version in versions)
    index = repository.merge_trees(base, tip, result, flags=_flags(follow=False))  # type: ignore[arg-type]  # Trees
    return Opinion(Extent.FILES, index, names)


def goes_by_path(repository: Repository, sides: Sides, task: Files, level: Mapping[str, Entry]) -> bool:
    """Says whether an opinion need not look at all paths: else it reads the trees of both sides."""
    same = all(entry[0] in _FILES for path, entry in level.items() for entry in (*task[path], entry))
    return same and row(repository, sides.base, sides.result) is not None


def _merged(repository: Repository, base: Entry, ours: Entry, theirs: Entry) -> Entry:
    """What a file becomes, written into scratch; NO_ENTRY for a conflict, and for what is no UTF-8."""
    from pygit2 import IndexEntry, Oid  # noqa: PLC0415 - loaded with the repository
    from pygit2.enums import FileMode  # noqa: PLC0415 - likewise

    if ours == theirs:
        return ours
    a, b, c = (IndexEntry("file", Oid(hex=name), FileMode(mode)) for mode, name in (base, ours, theirs))
    try:
        found = repository.merge_file_from_index(a, b, c)
    except (RuntimeError, UnicodeDecodeError):  # pygit2 has no text for binary files
        return NO_ENTRY
    if not found.automergeable:
        return NO_ENTRY
    return int(found.mode), write(repository, "blob", found.contents.encode())


def whole(coordinator: Coordinator, sides: Sides) -> Opinion:
    """Returns the opinion on all paths, renames followed."""
    return Opinion(Extent.TREES, _merge_all(coordinator, sides))


def level_entries(repository: Repository, tip: str, task: Files) -> dict[str, Entry]:
    """Returns the tip's entry of each path that the level changed as well as the task.

    A folder where the task has a file counts, with the folder's mode; so does a file where
    the task has a folder, unless it is the one that the task has put the folder in place of.
    """
    found = {path: entry_at(repository, tip, path, folders=True) for path in task}
    return {
        path: entry
        for path, entry in found.items()
        if entry != task[path][0] and not _gives_way(repository, tip, task, path)
    }


def _gives_way(repository: Repository, tip: str, task: Files, path: str) -> bool:
    """Says whether a path's folder was a file which the task removed and the level left as it was."""
    at = path.rfind("/")
    while at > 0:
        was = task.get(path[:at], (NO_ENTRY,))[0]
        if was != NO_ENTRY:
            return entry_at(repository, tip, path[:at]) == was
        at = path.rfind("/", 0, at)
    return False


def _merge_all(coordinator: Coordinator, sides: Sides) -> Index:
    flags = _flags(follow=coordinator.follows_renames)
    return coordinator.pygit().merge_commits(sides.tip, sides.result, flags=flags)


def _flags(*, follow: bool) -> MergeFlag:
    from pygit2.enums import MergeFlag  # noqa: PLC0415 - loaded with the repository

    return MergeFlag.FIND_RENAMES if follow else MergeFlag(0)


def _entry(index: Index, path: str) -> Entry:
    try:
        found = index[path]
    except KeyError:
        return NO_ENTRY
    return int(found.mode), str(found.id)
