"""Gives a worktree back the files its attempt changed, and only those.

A capture has just compared every file with the index, so what differs from the base is
known. Reading all files again costs as much as the capture did. Most files are copied from
another worktree, or written as they were read once: unpacking one from git's store can cost
as much as starting git does.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import field
from io import FileIO
from pathlib import Path

from gitpar.core.changes import ChangeKind, FileChange
from gitpar.core.names import CommitId
from gitpar.git.admin import read_bytes, save_index, write_atomically
from gitpar.git.command import GitCommand
from gitpar.git.index_file import Differences, Layout, Layouts, changed_ns, entry_at, put_facts, sealed
from gitpar.git.objects import object_id
from gitpar.git.trees import NO_ENTRY, Entry
from gitpar.git.writing import write_all
from gitpar.values import dataclass

_MADE = (ChangeKind.ADDED, ChangeKind.COPIED, ChangeKind.RENAMED)
_NEW = (ChangeKind.ADDED, ChangeKind.COPIED)
_RIGHTS = {0o100644: 0o666, 0o100755: 0o777}
"""What a file of each mode is made with, less the umask: as git makes them."""

_MOST_BYTES = 4_000_000
"""So large a file is copied at most: its content is held in memory."""

_MOST_KEPT_BYTES = 16_000_000
"""So much is kept in memory for the next time."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What gives a worktree back its commit: paths that are to go, and paths that are to come back.

    `touched` are files that hold what they held, and have other times than the index says.
    """

    made: list[str]
    back: list[str]
    touched: list[str]


@dataclass(slots=True)
class Original:
    """Another worktree of the same commit, and the index it was handed out with.

    A file there that was not changed since gitpar wrote that index is as git checked it
    out. The time of its last change tells, which nobody can set.
    """

    folder: Path
    index: Path
    rights: int = 0
    """The mode that git gives folders there; 0 where that is not known."""
    _data: bytes = field(default=b"")

    @property
    def data(self) -> bytes:
        """The index, read once."""
        self._data = self._data or read_bytes(self.index)
        return self._data


@dataclass(slots=True)
class Contents:
    """What files hold where git checks them out just as it stores them. Tasks come back to the same ones."""

    _known: dict[tuple[CommitId, str, Entry], bytes] = field(default_factory=dict)
    _bytes: int = 0

    def of(self, base: CommitId, path: str, entry: Entry) -> bytes | None:
        """Returns what a path's file holds at a commit; None where that was not seen, or is forgotten."""
        return self._known.get((base, path, entry))

    def keep(self, base: CommitId, path: str, entry: Entry, content: bytes) -> bool:
        """Keeps what a file holds as git has checked it out; False where git does not store it so."""
        if object_id("blob", content) != entry[1]:
            return False  # attributes, which go by commit and path, have git write it otherwise
        self._bytes += len(content)
        if self._bytes > _MOST_KEPT_BYTES:
            self._known.clear()
            self._bytes = len(content)
        self._known[base, path, entry] = content
        return True


@dataclass(frozen=True, slots=True)
class Originals:
    """What a worktree at a commit is given back from: other ones of that commit, and memory."""

    base: CommitId
    layouts: Layouts
    contents: Contents
    there: Sequence[Original]


def undoing_of(found: Differences) -> Undoing:
    """Returns what undoes the changes of an index."""
    made = [path for path, (before, _) in found.changed.items() if before == NO_ENTRY]
    back = [path for path, (before, _) in found.changed.items() if before != NO_ENTRY]
    return Undoing(made, back, found.touched)


def undoing_of_changes(changes: Sequence[FileChange]) -> Undoing:
    """Returns what undoes the changes between two commits."""
    made = [change.path for change in changes if change.kind in _MADE]
    return Undoing(made, [change.base_path for change in changes if change.kind not in _NEW], [])


def give_back(git: GitCommand, own: Original, undoing: Undoing, others: Originals) -> None:
    """Makes a worktree and its index as they were handed out.

    `git` works with the index beside that of `own`. Raises OSError or GitFailed where a
    file cannot be given back.
    """
    _remove(own.folder, undoing.made)
    index = bytearray(own.data)
    like = others.layouts.of(others.base, own.data)
    left = undoing.back
    if like is not None:
        kept = [path for path in undoing.touched if _has_its_rights(own, path, (index, like))]
        left = [*left, *set(undoing.touched).difference(kept)]
        left = [path for path in left if not _copied_back(own, path, (index, like), others)]
        for path in kept:
            _note(own.folder, path, (index, like))
    if index != own.data:
        write_atomically(own.index.with_name("index"), sealed(index))
    else:
        save_index(own.index, own.index.with_name("index"))
    if left:
        listed = b"".join(os.fsencode(path) + b"\0" for path in left)
        git.run("checkout-index", "-f", "-u", "-z", "--stdin", stdin=listed)
        if like is not None:
            for path in left:
                _keep(own.folder, path, (index, like), others)


def _copied_back(own: Original, path: str, index: tuple[bytearray, Layout], others: Originals) -> bool:
    """Gives a file back that is untouched in another worktree, and notes it in the index.

    False where git has to check it out. The index is laid out as said.
    """
    data, like = index
    at = like.at(data, os.fsencode(path))
    content = _original(path, entry_at(data, at), like, others) if at is not None else None
    target = f"{own.folder}/{path}"
    if at is None or content is None or not _folder(own.folder, target.rpartition("/")[0]):
        return False
    rights = _RIGHTS[entry_at(data, at)[0]]
    descriptor = _same_file(target, rights & own.rights) if own.rights else None
    if descriptor is None:
        with suppress(FileNotFoundError):
            os.unlink(target)  # noqa: PTH108 - a few each time
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, rights)
    try:
        write_all(descriptor, content)
        if os.fstat(descriptor).st_size > len(content):
            os.ftruncate(descriptor, len(content))
        put_facts(data, at, os.fstat(descriptor))
    finally:
        os.close(descriptor)
    return True


def _same_file(target: str, rights: int) -> int | None:
    """Opens a file to be written over; None where a new one differs from it in more than what it holds.

    To free and take room again can cost more than all else about a file.
    """
    try:
        before = os.lstat(target)
        if not stat.S_ISREG(before.st_mode) or before.st_nlink != 1:
            return None
        descriptor = os.open(target, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # closed, or a program that still runs
    found = os.fstat(descriptor)
    named = (before.st_dev, before.st_ino) == (found.st_dev, found.st_ino)
    owned = (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (os.geteuid(), os.getegid(), rights)
    if named and owned and not _has_attributes(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def _has_attributes(descriptor: int) -> bool:
    """Says whether a file may have extended attributes or access lists."""
    if sys.platform != "linux":
        return True
    try:
        return bool(os.listxattr(descriptor))
    except OSError as error:
        return error.errno != errno.ENOTSUP


def _has_its_rights(own: Original, path: str, index: tuple[bytearray, Layout]) -> bool:
    """Says whether a file has the rights that git makes it with."""
    data, like = index
    at = like.at(data, os.fsencode(path))
    wanted = _RIGHTS.get(entry_at(data, at)[0]) if at is not None and own.rights else None
    return wanted is None or stat.S_IMODE(os.lstat(own.folder / path).st_mode) == wanted & own.rights


def _note(worktree: Path, path: str, index: tuple[bytearray, Layout]) -> None:
    """Gives a file today's time and notes that in the index: git reads it as long as it may change unseen."""
    data, like = index
    at = like.at(data, os.fsencode(path))
    if at is not None:
        os.utime(f"{worktree}/{path}", follow_symlinks=False)
        put_facts(data, at, os.lstat(f"{worktree}/{path}"))


def _original(path: str, entry: Entry, like: Layout, others: Originals) -> bytes | None:
    """Returns what a path's file holds where no attempt has touched it, being what its entry says."""
    if entry[0] not in _RIGHTS:
        return None
    if (known := others.contents.of(others.base, path, entry)) is not None:
        return known
    for original in others.there:
        at = like.at(original.data, os.fsencode(path))
        if at is None or entry_at(original.data, at) != entry:
            continue
        content = _read(original.folder, path, changed_ns(original.data, at))
        if content is not None and others.contents.keep(others.base, path, entry, content):
            return content
    return None


def _keep(worktree: Path, path: str, index: tuple[bytearray, Layout], others: Originals) -> None:
    """Keeps what git has just checked out for the next time."""
    data, like = index
    at = like.at(data, os.fsencode(path))
    entry = entry_at(data, at) if at is not None else NO_ENTRY
    if entry[0] in _RIGHTS and (content := _read(worktree, path)) is not None:
        others.contents.keep(others.base, path, entry, content)


def _read(worktree: Path, path: str, changed_at_ns: int | None = None) -> bytes | None:
    """Returns what a file holds that last changed then; None where it is another one, or a large one."""
    try:
        descriptor = os.open(f"{worktree}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with FileIO(descriptor) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            return None
        return file.readall() if changed_at_ns in (None, found.st_ctime_ns) else None


def _folder(worktree: Path, path: str) -> bool:
    """Says whether a path is a folder reached through folders only, made here where it is missing."""
    if path == str(worktree):
        return True
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        if not _folder(worktree, path.rpartition("/")[0]):
            return False
        os.mkdir(path)  # noqa: PTH102 - a few each time
        return True
    # a worker may have put a file or a link in its place
    return stat.S_ISDIR(found.st_mode) and _folder(worktree, path.rpartition("/")[0])


def _remove(worktree: Path, paths: Iterable[str]) -> None:
    """Removes files, and the folders that become empty by it."""
    folders: set[str] = set()
    for path in paths:
        try:
            os.unlink(os.path.join(worktree, path))  # noqa: PTH108, PTH118 - thousands of them
        except FileNotFoundError:
            continue
        folders.add(os.path.dirname(path))  # noqa: PTH120 - likewise
    for folder in folders:
        _prune(worktree, folder)


def _prune(worktree: Path, folder: str) -> None:
    while folder:
        try:
            os.rmdir(os.path.join(worktree, folder))  # noqa: PTH106, PTH118 - see above
        except OSError:
            return  # something is left in it
        folder = os.path.dirname(folder)  # noqa: PTH120 - see above
