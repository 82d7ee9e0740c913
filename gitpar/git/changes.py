"""Reads what changed: change sets by one git process for all, hunks by libgit2 in bulk."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Sequence
from subprocess import Popen
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeKind, ChangeSet, FileChange, Hunk
from gitpar.core.names import CommitId
from gitpar.git.command import GitCommand, GitFailed

if TYPE_CHECKING:
    from pygit2 import Repository

_KINDS = {
    "A": ChangeKind.ADDED,
    "M": ChangeKind.MODIFIED,
    "T": ChangeKind.MODIFIED,
    "D": ChangeKind.DELETED,
    "R": ChangeKind.RENAMED,
    "C": ChangeKind.COPIED,
}
_NO_ID = "0" * 40
FILE_MODES = (0o100644, 0o100755)
_LARGEST_BLOB_BYTES = 32_000_000
_LOOKED_AT_BYTES = 8_000


_PLAIN = ("diff-tree", "--stdin", "--always", "--raw", "--no-abbrev", "-r", "-z", "--no-renames")
_ARGUMENTS = (*_PLAIN[:-1], "-M")


class ChangeReader:
    """Reads change sets through one `git diff-tree` for a whole run. Safe to share between threads.

    git echoes a line that names no object and flushes; that line ends an answer.
    Source: builtin/diff-tree.c; gitk relies on it.
    """

    def __init__(self, git: GitCommand) -> None:
        self._git = git
        self._lock = threading.Lock()
        self._session: Popen[bytes] | None = None
        self._mark = f"end of answer {secrets.token_hex(8)}\n".encode()

    def change_sets(self, pairs: Sequence[tuple[CommitId, CommitId]]) -> list[ChangeSet]:
        """Returns the change set of each pair of (base, tip), in order; see read_change_sets."""
        with self._lock:
            found = [self._ask(base, tip) for base, tip in pairs]
        return [ChangeSet(base, tip, files) for (base, tip), files in zip(pairs, found, strict=True)]

    def prepare(self) -> None:
        """Starts the process, which is there then when something is asked."""
        with self._lock:
            self._session = self._session or self._git.start(*_ARGUMENTS)

    def close(self) -> None:
        """Ends the process."""
        session, self._session = self._session, None
        if session is not None:
            session.communicate()

    def _ask(self, base: CommitId, tip: CommitId) -> tuple[FileChange, ...]:
        if self._session is None:
            self._session = self._git.start(*_ARGUMENTS)
        stdin, stdout = self._session.stdin, self._session.stdout
        if stdin is None or stdout is None:
            raise GitFailed(_ARGUMENTS, -1, "the process has no pipes")
        answer = bytearray()
        with contextlib.suppress(BrokenPipeError):  # it has died; the answer is missed below
            # with two commits on a line, the second is taken for the parent of the first
            stdin.write(f"{tip} {base}\n".encode() + self._mark)
            stdin.flush()
        while not answer.endswith(self._mark):
            part = os.read(stdout.fileno(), 1 << 20)
            if not part:
                session, self._session = self._session, None
                said = session.communicate()[1].decode(errors="replace")
                raise GitFailed(_ARGUMENTS, session.returncode, said)
            answer += part
        found = parse_raw(bytes(answer[: -len(self._mark)]))
        if len(found) != 1:
            raise GitFailed(_ARGUMENTS, 0, f"{len(found)} answers for one pair of commits")
        return found[0]


def read_change_sets(
    git: GitCommand, pairs: Sequence[tuple[CommitId, CommitId]], *, renames: bool = True
) -> list[ChangeSet]:
    """Returns the change set of each pair of (base, tip), in order, by one `git diff-tree`.

    Always from commit to commit: `base...tip` would look for a merge base again. Without
    `renames` a moved file is one that went away and one that is new.
    Raises GitFailed where a commit is missing.
    """
    if not pairs:
        return []
    # with two commits on a line, the second is taken for the parent of the first
    lines = "".join(f"{tip} {base}\n" for base, tip in pairs)
    arguments = _ARGUMENTS if renames else _PLAIN
    result = git.run(*arguments, stdin=lines.encode())
    found = parse_raw(result.stdout)
    if len(found) != len(pairs):
        # git says nothing about a line it does not understand and goes on
        raise GitFailed(arguments, result.status, f"{len(found)} answers for {len(pairs)} pairs of commits")
    return [ChangeSet(base, tip, files) for (base, tip), files in zip(pairs, found, strict=True)]


def parse_raw(output: bytes) -> list[tuple[FileChange, ...]]:
    """Reads the output of `git diff-tree --stdin --always --raw -z`, one tuple a commit.

    Source: git-diff-tree(1), "Raw output format".
    """
    found: list[list[FileChange]] = []
    fields = iter(output.split(b"\0")[:-1])
    for part in fields:
        if not part.startswith(b":"):
            found.append([])
            continue
        old_mode, new_mode, old_id, new_id, status = part[1:].decode().split(" ")
        first = os.fsdecode(next(fields))
        twice = status[0] in "RC"
        found[-1].append(
            FileChange(
                path=os.fsdecode(next(fields)) if twice else first,
                kind=_KINDS[status[0]],
                old_mode=int(old_mode, 8),
                new_mode=int(new_mode, 8),
                old_id="" if old_id == _NO_ID else old_id,
                new_id="" if new_id == _NO_ID else new_id,
                old_path=first if twice else None,
            )
        )
    return [tuple(sorted(files, key=lambda change: change.path)) for files in found]


def has_lines(change: FileChange) -> bool:
    """Says whether hunks make sense: a regular file before and after."""
    return change.old_mode in FILE_MODES and change.new_mode in FILE_MODES


def read_hunks(repository: Repository, old_id: str, new_id: str) -> tuple[Hunk, ...] | None:
    """Returns the hunks between two blobs in order, or None where one is binary or over 32 MB."""
    from pygit2 import Patch  # noqa: PLC0415 - loaded with the repository

    # not as blobs: libgit2 keeps what it has read in one of the two forms, and merges read it so
    old, new = repository.read(old_id)[1], repository.read(new_id)[1]
    if max(len(old), len(new)) > _LARGEST_BLOB_BYTES or _is_binary(old) or _is_binary(new):
        return None
    patch = Patch.create_from(old, new, context_lines=0, interhunk_lines=0)
    return tuple(
        # a diff prints the line before an empty side
        Hunk(
            hunk.old_start + (hunk.old_lines == 0),
            hunk.old_lines,
            hunk.new_start + (hunk.new_lines == 0),
            hunk.new_lines,
        )
        for hunk in patch.hunks
    )


def _is_binary(content: bytes) -> bool:
    """Says whether git takes a file for a binary one. Source: xdiff-interface.c, buffer_is_binary."""
    return b"\0" in content[:_LOOKED_AT_BYTES]
