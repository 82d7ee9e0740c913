"""Gives a worktree back the files its attempt changed, and only those.

A capture has just compared every file with the index, so what differs from the base is
known from the two commits. Reading all files again costs as much as the capture did.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitpar.core.changes import ChangeKind, FileChange
from gitpar.git.command import GitCommand

_MADE = (ChangeKind.ADDED, ChangeKind.COPIED, ChangeKind.RENAMED)


def restore(git: GitCommand, worktree: Path, changes: Sequence[FileChange]) -> bool:
    """Removes what was added and checks out what was changed or deleted; says whether the index was written.

    The index that `git` works with holds the base. Raises OSError or GitFailed where a
    file cannot be given back.
    """
    _remove(worktree, (change.path for change in changes if change.kind in _MADE))
    back = [
        change.base_path for change in changes if change.kind not in (ChangeKind.ADDED, ChangeKind.COPIED)
    ]
    if not back:
        return False
    listed = b"".join(os.fsencode(path) + b"\0" for path in back)
    git.run("checkout-index", "-f", "-u", "-z", "--stdin", stdin=listed)
    return True


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
