"""What git hides of a worker's work: commits off its branch, ignored files, nested repositories.

Finds and names; capture.py decides what becomes of it. Changes nothing.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path

from gitpar.core.names import CommitId, RefName
from gitpar.git import admin as admin_files
from gitpar.git.command import GitCommand
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class History:
    """The commits above the base that an attempt's ids lead to."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)

    def reach(self, tips: Iterable[str]) -> set[str]:
        """Returns the commits above the base that are reachable from the tips."""
        found: set[str] = set()
        todo = [tip for tip in tips if tip in self.parents]
        while todo:
            commit = todo.pop()
            if commit not in found:
                found.add(commit)
                todo += [parent for parent in self.parents[commit] if parent in self.parents]
        return found

    def contains(self, tip: str, base: str) -> bool:
        """Says whether the base is the tip or an ancestor of it."""
        return tip == base or any(base in self.parents[commit] for commit in self.reach([tip]))

    def heads(self, commits: set[str]) -> list[str]:
        """Returns those of the commits that no other of them descends from, in a fixed order."""
        below = {parent for commit in commits for parent in self.parents[commit]}
        return sorted(commits - below)


def history(git: GitCommand, ids: Iterable[str], base: CommitId) -> History:
    """Reads the commits that the ids lead to and the base does not; ids of nothing are passed over."""
    asked = "".join(f"{name}\n" for name in sorted(ids)) + f"^{base}\n"
    listed = git.run(
        "rev-list",
        "--ignore-missing",  # read before standard input is
        "--stdin",
        "--no-commit-header",
        "--format=%H %T %P",
        stdin=asked.encode(),
    )
    found = History()
    for line in listed.text.splitlines():
        commit, tree, *parents = line.split(" ")
        found.parents[commit] = tuple(filter(None, parents))
        found.trees[commit] = tree
    return found


def is_connected(git: GitCommand, commit: str, base: CommitId) -> bool:
    """Says whether all is there that a commit brings to the base: a power cut may have taken some of it."""
    asked = ("rev-list", "--objects", "--quiet", "--missing=allow-promisor", commit, f"^{base}")
    return git.run(*asked, ok=(0, 1, 128)).status == 0


def only_fetched(git: GitCommand, admin: Path, known: set[str]) -> set[str]:
    """Returns ids of FETCH_HEAD that no ref and nothing known leads to: nothing else keeps them."""
    fetched = admin_files.fetched_objects(admin) - known
    if not fetched:
        return set()
    asked = "".join(f"{name}\n" for name in sorted(fetched))
    listed = git.run(
        *("rev-list", "--ignore-missing", "--stdin", "--not", "--branches", "--tags", "--remotes"),
        stdin=asked.encode(),
    )
    return fetched & set(listed.text.split())


def branch_log(common: Path, branch: RefName) -> dict[str, str]:
    """Returns the ids in the log of the attempt's own branch."""
    ids = {}
    for line in admin_files.read_bytes(f"{common}/logs/{branch}").splitlines():
        for name in line.split(b" ", 2)[:2]:
            if name.strip(b"0") and len(name) == 40:
                ids[name.decode()] = "the branch's log"
    return ids


def new_stashes(common: Path, before: Sequence[str], own: str, foreign: str) -> dict[str, str]:
    """Returns stash entries that came or went while the worker ran, each with what to call it.

    All worktrees share the stash; an entry made on another attempt's branch (`foreign`
    is what those begin with) is left to that attempt.
    """
    found: dict[str, str] = {}
    seen = set()
    for line in admin_files.read_bytes(f"{common}/logs/refs/stash").splitlines():
        head, _, message = line.partition(b"\t")
        name = head.split(b" ", 2)[1].decode()
        seen.add(name)
        text = os.fsdecode(message)
        others = f" {foreign}" in f" {text}" and f"{own}:" not in text
        if name not in before and not others:
            found[name] = "a stash entry"
    for name in before:
        if name not in seen:
            found[name] = "a stash entry of yours that is no longer in the list"
    return found


@dataclass(frozen=True, slots=True)
class Ignored:
    """The ignored files of a worktree, sorted into what is worth keeping and what is not."""

    files: tuple[str, ...]
    size_bytes: int
    dropped: tuple[str, ...]
    """Disposable files and folders."""


def disposable(path: str, patterns: Sequence[str]) -> bool:
    """Says whether a path or a folder above it has a disposable name."""
    return any(
        fnmatch.fnmatchcase(part, pattern) for part in path.rstrip("/").split("/") for pattern in patterns
    )


def sort_ignored(worktree: Path, listed: Sequence[str], patterns: Sequence[str]) -> Ignored:
    """Sorts ignored paths, of which folders end in a slash, into files to keep and what is dropped."""
    files: list[str] = []
    dropped: list[str] = []
    size = 0
    for entry in listed:
        for path in _expanded(worktree, entry, patterns, dropped):
            found = (worktree / path).lstat()
            if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
                files.append(path)
                size += found.st_size
    return Ignored(tuple(files), size, tuple(dropped))


def _expanded(worktree: Path, entry: str, patterns: Sequence[str], dropped: list[str]) -> Iterator[str]:
    """Yields the files at or below an ignored path, without what is disposable."""
    if disposable(entry, patterns):
        dropped.append(entry)
        return
    if not entry.endswith("/"):
        yield entry
        return
    for found in os.scandir(worktree / entry):
        below = f"{entry}{found.name}"
        if found.is_dir(follow_symlinks=False) and found.name != ".git":
            yield from _expanded(worktree, f"{below}/", patterns, dropped)
        elif found.name != ".git":
            yield from _expanded(worktree, below, patterns, dropped)


def stash_entries(common: Path) -> Sequence[str]:
    """Lists the commits of the stash, which all worktrees share, oldest first."""
    lines = admin_files.read_bytes(f"{common}/logs/refs/stash").splitlines()
    return [fields[1].decode() for line in lines if len(fields := line.split(b" ", 2)) > 1]
