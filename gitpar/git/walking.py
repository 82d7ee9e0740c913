"""A walk over a worktree's folders: finds what git does not show, and how much there is.

Reads names and kinds only, and in a worktree that was walked before only the folders in
which a name has come or gone since; starts no process.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import field
from pathlib import Path

from gitpar.values import dataclass

_STEP_NS = 50_000_000
"""Longer than the steps of the clocks that local file systems go by (1 to 16 ms)."""

_SECOND_NS = 10**9
_COARSE_STEP_NS = 3 * _SECOND_NS
"""Likewise, of those that know whole seconds only; FAT goes by two."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What lies in a worktree."""

    odd: tuple[Path, ...]
    """Everything named `.git`, and what is no file, link or folder: pipes, sockets, devices."""
    files: int
    """How many files and links there are beside those, as far as was looked."""
    plain: bool
    """Whether all was looked into, and no folder is empty or holds a repository."""
    readable: bool
    """Whether every folder could be read."""
    otherwise: tuple[str, ...] = ()
    """Folders with other rights than was asked for, those above before those below."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of files, links and folders only, as it was when it last changed."""

    inode: int
    changed_ns: int
    files: int
    folders: tuple[str, ...]


@dataclass(slots=True)
class Folders:
    """What earlier walks found, by folder: valid as long as that was not changed.

    The time of a folder's last change tells it, which nobody can set back. An entry is kept for
    an attempt only if that time lies a step of the file system's clock before the attempt, and
    before the attempt in which it was found: a reset may have changed the folder after the walk.
    """

    known: dict[str, _Folder] = field(default_factory=dict)
    _began_ns: int = 0
    """When the attempt began whose walk found what is known."""

    def begin(self, link: Path) -> None:
        """Forgets what could change unseen in an attempt that begins now.

        `link` was made just now in the file system of the worktree. Everything is forgotten
        where making it did not change its folder's time, or the clock stands still.
        """
        now_ns = os.lstat(link).st_ctime_ns
        step_ns = _STEP_NS if now_ns % _SECOND_NS else _COARSE_STEP_NS
        if os.lstat(link.parent).st_ctime_ns < now_ns - step_ns:
            self.known.clear()
            self._began_ns = 0
            return
        known_at_ns = min(self._began_ns, now_ns) - step_ns
        late = [path for path, one in self.known.items() if one.changed_ns > known_at_ns]
        self._began_ns = now_ns
        for path in late:
            del self.known[path]


def walk(
    worktree: Path, pruned: Collection[str] = (), folders: Folders | None = None, rights: int = 0
) -> Walk:
    """Looks through a worktree; folders with a name among `pruned` are not looked into.

    What is `.git` is never looked into. What is in `folders` must have been found with
    the same `pruned`; what is found is added to it. `rights` is the mode that folders
    should have, 0 for any; those that did not change since they were found are passed over.
    """
    known = folders.known if folders is not None else {}
    odd: list[str] = []
    otherwise: list[str] = []
    files = 0
    plain = readable = True
    root = str(worktree)
    todo = [root]
    for path in todo:
        try:
            found = os.lstat(path)
            before = known.get(path)
            if before is not None and (before.changed_ns, before.inode) == (found.st_ctime_ns, found.st_ino):
                files += before.files
                todo += before.folders
                continue
            otherwise += [path] if rights and found.st_mode != rights else []
            with os.scandir(path) as scanned:
                entries = list(scanned)
        except OSError:
            readable = False
            continue
        # most are plain files, and there are thousands: one look at each of those
        others = [one for one in entries if not one.is_file(follow_symlinks=False) or one.name == ".git"]
        count = len(entries) - len(others)
        inside: list[str] = []
        simple = bool(entries) and stat.S_ISDIR(found.st_mode)
        for entry in others:
            if entry.name == ".git":
                odd.append(entry.path)
                simple = simple and path is root
            elif entry.is_symlink():
                count += 1
            elif not entry.is_dir(follow_symlinks=False):
                odd.append(entry.path)
                simple = False
            elif entry.name in pruned:
                simple = False
            else:
                inside.append(entry.path)
        plain = plain and simple
        files += count
        todo += inside
        if simple and path is not root:
            known[path] = _Folder(found.st_ino, found.st_ctime_ns, count, tuple(inside))
        else:
            known.pop(path, None)
    return Walk(tuple(map(Path, sorted(odd))), files, plain and readable, readable, tuple(otherwise))
