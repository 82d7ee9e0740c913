"""Asks `git merge-tree` whether commits merge, and reads its answers. Moves nothing."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from subprocess import Popen, TimeoutExpired
from typing import Self

from gitpar.core.conflicts import ConflictKind, PathConflict
from gitpar.core.names import CommitId, TreeId
from gitpar.git.command import FedGit, GitCommand, GitFailed, RunningGit
from gitpar.git.trees import NO_ENTRY, Entry
from gitpar.values import dataclass

Stages = tuple[Entry, Entry, Entry]
_SINGLE = ("merge-tree", "--write-tree", "-z", "--messages")
_KINDS = (
    ("submodule", ConflictKind.SUBMODULE),
    ("binary", ConflictKind.BINARY),
    ("add/add", ConflictKind.ADD_ADD),
    ("modify/delete", ConflictKind.MODIFY_DELETE),
    ("rename/rename", ConflictKind.RENAME_RENAME),
    ("rename/delete", ConflictKind.RENAME_DELETE),
    ("rename/add", ConflictKind.RENAME_ADD),
    ("rename involved in collision", ConflictKind.RENAME_ADD),
    ("directory rename", ConflictKind.DIRECTORY_RENAME),
    ("implicit dir rename", ConflictKind.DIRECTORY_RENAME),
    ("file location", ConflictKind.DIRECTORY_RENAME),
    ("file/directory", ConflictKind.DIRECTORY_FILE),
    ("directory/file", ConflictKind.DIRECTORY_FILE),
    ("distinct modes", ConflictKind.MODE),
    ("distinct types", ConflictKind.MODE),
    ("content", ConflictKind.CONTENT),
)
"""What stands in git's conflict types or messages, the telling ones first."""


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What git says of one merge. `tree` holds conflict markers where there are conflicts.

    `touched` are all paths that its conflicts are about, under every name git gives them.
    """

    tree: TreeId
    clean: bool
    conflicts: tuple[PathConflict, ...] = ()
    touched: frozenset[str] = frozenset()
    stages: Mapping[str, Stages] = field(default_factory=dict)
    """Of each path in conflict what base, ours and theirs have; NO_ENTRY where one has none."""


_MERELY_MERGED = "Auto-merging"
"""The type of the one message that is about no conflict."""


def _line(ours: CommitId, theirs: CommitId) -> bytes:
    return f"{ours} {theirs}\n".encode()


class SingleMerge:
    """One merge, begun at once and waited for later, so that other work fits in between."""

    def __init__(self, git: GitCommand, ours: CommitId, theirs: CommitId) -> None:
        self._arguments = (*_SINGLE, ours, theirs)
        self._process: Popen[bytes] = git.start(*self._arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends git, also where nobody wants its answer any more."""
        with self._process:
            return

    def outcome(self, timeout_s: float | None = None) -> MergeOutcome:
        """Waits for git's answer; raises GitFailed where it could not merge at all, or not in time."""
        try:
            stdout, stderr = self._process.communicate(timeout=timeout_s)
        except TimeoutExpired as late:
            os.killpg(self._process.pid, signal.SIGKILL)  # with whatever merges files for it
            self._process.communicate()
            raise GitFailed(self._arguments, -1, f"no end within {timeout_s:g} s") from late
        status = self._process.returncode
        if status not in (0, 1):
            raise GitFailed(self._arguments, status, stderr.decode(errors="replace"))
        return _read(iter(stdout.split(b"\0")), clean=status == 0)


class MergeBatch:
    """Merges of many pairs by as few processes as possible, begun at once and waited for later.

    A pair that git cannot merge at all (an object is missing) ends its process; it is
    reported as a conflict of kind OTHER in git's words and the rest is sent again.
    """

    def __init__(self, git: GitCommand, pairs: Sequence[tuple[CommitId, CommitId]]) -> None:
        self._git = git
        self._pairs = pairs
        self._found: list[MergeOutcome] = []
        self._running = self._begin() if pairs else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Ends git, also where nobody wants its answers any more."""
        if self._running is not None:
            self._running.__exit__()

    def outcomes(self) -> list[MergeOutcome]:
        """Waits for git's answers, which come in order."""
        while self._running is not None:
            with self._running as running:
                result = running.result()
            self._running = None
            # 1 and 128: no such commit, no such object, after the answers to the lines before
            if result.status not in (0, 1, 128):
                raise GitFailed((*_SINGLE, "--stdin"), result.status, result.stderr)
            self._found += parse_batch(result.stdout)
            if result.status != 0:
                if len(self._found) == len(self._pairs):
                    raise GitFailed((*_SINGLE, "--stdin"), result.status, result.stderr)
                reason = PathConflict("", ConflictKind.OTHER, result.stderr.strip())
                self._found.append(MergeOutcome(TreeId(""), clean=False, conflicts=(reason,)))
            if len(self._found) < len(self._pairs):
                self._running = self._begin()
        return self._found

    def _begin(self) -> RunningGit:
        lines = b"".join(_line(*pair) for pair in self._pairs[len(self._found) :])
        return self._git.begin(*_SINGLE, "--stdin", stdin=lines)


class MergeFeed:
    """Merges that git makes one after the other while the next ones are thought of."""

    def __init__(self, git: GitCommand) -> None:
        self._git = git
        self._fed: FedGit | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Ends git, also where nobody wants its answers any more."""
        if self._fed is not None:
            self._fed.__exit__(*error)

    def merge(self, ours: CommitId, theirs: CommitId) -> None:
        """Has git merge one more pair."""
        if self._fed is None:
            self._fed = self._git.fed(*_SINGLE, "--stdin")
        self._fed.feed(_line(ours, theirs))

    def outcomes(self) -> list[MergeOutcome]:
        """Waits for git's answers, which come in order, up to a pair that it cannot merge at all."""
        if self._fed is None:
            return []
        result = self._fed.result()
        if result.status not in (0, 1, 128):
            raise GitFailed((*_SINGLE, "--stdin"), result.status, result.stderr)
        return list(parse_batch(result.stdout))


def merge_all(git: GitCommand, pairs: Sequence[tuple[CommitId, CommitId]]) -> list[MergeOutcome]:
    """Merges every pair and returns the outcomes in order."""
    with MergeBatch(git, pairs) as batch:
        return batch.outcomes()


def parse_batch(output: bytes) -> Iterator[MergeOutcome]:
    """Reads the answers of `git merge-tree --stdin -z --messages`.

    Source: git-merge-tree(1), OUTPUT: status, tree, conflicted files, an empty field,
    messages, an empty field.
    """
    fields = iter(output.split(b"\0")[:-1])
    for status in fields:
        yield _read(fields, clean=status == b"1")


def _read(fields: Iterator[bytes], *, clean: bool) -> MergeOutcome:
    tree = TreeId(next(fields).decode())
    stages: dict[str, list[Entry]] = {}
    for row in fields:
        if not row:
            break
        facts, name = row.split(b"\t", 1)
        mode, object_id, stage = facts.decode().split(" ")
        versions = stages.setdefault(os.fsdecode(name), [NO_ENTRY] * 3)
        versions[int(stage) - 1] = (int(mode, 8), object_id)
    messages = list(_messages(fields))
    if clean:
        return MergeOutcome(tree, clean=True)
    found = [conflict for message in messages for conflict in _conflict(*message)]
    named = {path for paths, _, _ in messages for path in paths}
    found += [
        PathConflict(path, ConflictKind.OTHER, f"Merge conflict in {path}")
        for path in stages
        if path not in named
    ]
    about = {path for paths, kind, _ in messages if kind != _MERELY_MERGED for path in paths}
    entries = {path: (base, ours, theirs) for path, (base, ours, theirs) in stages.items()}
    touched = frozenset({*stages, *about})
    return MergeOutcome(tree, clean=False, conflicts=tuple(found), touched=touched, stages=entries)


def _messages(fields: Iterator[bytes]) -> Iterator[tuple[list[str], str, str]]:
    for count in fields:
        if not count.isdigit():
            # the empty end field; git's advice about submodules may stand in it
            return
        paths = [os.fsdecode(next(fields)) for _ in range(int(count))]
        yield paths, next(fields).decode(), os.fsdecode(next(fields)).strip()


def _conflict(paths: list[str], kind: str, message: str) -> Iterator[PathConflict]:
    """The conflict that a message is about; "Auto-merging" and its like are about none."""
    words = f"{kind} {message.split(':', 1)[0]}".casefold()
    if "conflict" not in words and not words.startswith("failed"):
        return
    text = re.match(r"conflict ?\(([^)]*)\)", message, re.IGNORECASE)
    # "CONFLICT (contents)" is the type of add/add as well: the sentence knows better
    said = f"{text[1] if text else ''} {kind}".casefold()
    found = next((value for word, value in _KINDS if word in said or word in words), ConflictKind.OTHER)
    # of a file that had to make room for a folder, git names the place it went to first
    path = paths[-1] if found is ConflictKind.DIRECTORY_FILE else (paths or [""])[0]
    yield PathConflict(path, found, message)
