"""Has the disk take what others' git wrote: by default that leaves loose objects to the system's cache.

A power cut would leave empty files of them, under refs and a journal that say all is there.
What gitpar writes itself is flushed as it is written.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from gitpar.core.names import CommitId
from gitpar.git.command import GitCommand
from gitpar.git.writing import flush_open

_AT_ONCE = 64
"""So many files are open at once."""

_NAME = 38
"""How long the name of a loose object's file is."""


def flush(git: GitCommand, store: Path, tips: Iterable[str], base: CommitId) -> int:
    """Flushes every loose object that commits or trees lead to and the base does not; returns how many.

    Packs are on the disk when git has made them. Raises OSError where the disk does not
    take one.
    """
    asked = "".join(f"{tip}\n" for tip in tips) + f"^{base}\n"
    # 128: broken history, which whoever needs it will tell of
    listed = git.run(
        *("rev-list", "--objects", "--no-object-names", "--missing=allow-any", "--stdin"),
        stdin=asked.encode(),
        ok=(0, 128),
    )
    return flush_objects(store, listed.text.split())


def drop_empty(store: Path) -> int:
    """Removes loose objects without content, which a power cut left; returns how many.

    git would take them for there already, and not write them when they are made again. None
    that is whole has no content, and git gives an object its name when it is written.
    """
    empty = [
        found.path
        for folder in store.glob("[0-9a-f][0-9a-f]")
        for found in os.scandir(folder)
        if len(found.name) == _NAME and not found.stat().st_size
    ]
    for path in empty:
        Path(path).unlink(missing_ok=True)
    return len(empty)


def flush_objects(store: Path, names: Sequence[str]) -> int:
    """Flushes those of the objects that are loose; returns how many. Raises as `flush` does."""
    found = 0
    for first in range(0, len(names), _AT_ONCE):
        files = (f"{store}/{name[:2]}/{name[2:]}" for name in names[first : first + _AT_ONCE])
        with contextlib.ExitStack() as opened:
            descriptors = [one for file in files if (one := _opened(file, opened)) is not None]
            flush_open(descriptors)
            found += len(descriptors)
    return found


def flush_file(file: str) -> bool:
    """Flushes a file; False where there is none."""
    with contextlib.ExitStack() as opened:
        descriptor = _opened(file, opened)
        if descriptor is not None:
            os.fsync(descriptor)
        return descriptor is not None


def _opened(file: str, opened: contextlib.ExitStack) -> int | None:
    """Opens a file; None where there is none: packed, or in another store."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    opened.callback(os.close, descriptor)
    return descriptor
