"""Turns what SQLite and the system say into errors with a way on. Decides nothing else."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitpar.errors import EnvironmentFault

BUSY_S = 10.0
"""How long another process's write is waited for."""

SAFE = "What was recorded before is safe and nothing is half-written"


@contextmanager
def refuse_foreign_errors(path: Path | str) -> Iterator[None]:
    """Raises EnvironmentFault for every error of SQLite or the system met inside."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of ours
    except sqlite3.Error as error:
        raise _explained(Path(path), _meaning(error), error) from error
    except OSError as error:
        raise _explained(Path(path), error.errno or errno.EIO, error) from error


def primary_code(error: sqlite3.Error) -> int:
    """Returns SQLite's result code without its extension; 0 where the error has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_MEANINGS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_AUTH: errno.EACCES,
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_LOCKED: errno.EBUSY,
    sqlite3.SQLITE_PROTOCOL: errno.EBUSY,
    sqlite3.SQLITE_CORRUPT: errno.EILSEQ,
    sqlite3.SQLITE_NOTADB: errno.EILSEQ,
}


def _meaning(error: sqlite3.Error) -> int:
    return _MEANINGS.get(primary_code(error), errno.EIO)


def _explained(path: Path, meaning: int, error: Exception) -> EnvironmentFault:
    if isinstance(error, sqlite3.Error | IsADirectoryError) and path.is_dir():
        meaning = errno.EISDIR
    what, *hints = _SENTENCES.get(meaning, _OTHERWISE)
    names = {"path": path, "folder": path.parent, "error": error}
    return EnvironmentFault(what.format_map(names), *(hint.format_map(names) for hint in hints))


_FULL = (
    "the journal `{path}` cannot be written: the disk is full ({error})",
    SAFE,
    "Make room, then go on with: gitpar resume",
)
_REFUSED = (
    "the journal `{path}` cannot be written here ({error})",
    "Make sure that you may write in `{folder}`",
)
_BLOCKED = (
    "the journal `{path}` cannot be made: `{folder}` is not a folder",
    "Move it away: mv {folder} {folder}.away",
)
_SENTENCES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.EROFS: _REFUSED,
    errno.EEXIST: _BLOCKED,
    errno.ENOTDIR: _BLOCKED,
    errno.EISDIR: (
        "the journal `{path}` cannot be opened: it is a folder",
        "Move it away: mv {path} {path}.away",
    ),
    errno.EBUSY: (
        f"the journal `{{path}}` was locked by another program for {BUSY_S:.0f} s ({{error}})",
        "See who has it open with: fuser {path}",
    ),
    errno.EILSEQ: (
        "the journal `{path}` is damaged ({error})",
        "No branch was changed. What workers did is kept under refs/gitpar/keep",
        "To start a new journal, keep this one aside: mv {path} {path}.damaged",
    ),
}
_OTHERWISE = (
    "the journal `{path}` cannot be used ({error})",
    SAFE,
    "Once the disk is well again: gitpar resume",
)
