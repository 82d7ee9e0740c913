"""Says whose work a commit takes back. Reads only; asked of the few commits that are suspected."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId
from gitpar.core.verification import TakenBack
from gitpar.git.command import GitCommand
from gitpar.git.trees import NO_ENTRY, Entry

if TYPE_CHECKING:
    from pygit2 import Repository

_FILES = (0o100644, 0o100755)
_MOST_PATHS = 500
"""So many paths are asked for at most: a command line has an end."""


def lines_of(repository: Repository, entry: Entry) -> Counter[bytes]:
    """Returns the lines of a file, without line ends; none where there is no file."""
    if entry[0] not in _FILES:
        return Counter()
    return Counter(line.rstrip(b"\r") for line in repository.read(entry[1])[1].split(b"\n"))


def takes_back(repository: Repository, base: Entry, side: Entry, now: Entry) -> bool:
    """Says whether what a side did to a file since the base is gone, wholly or in lines."""
    if side in (base, now):
        return False
    if now == base or NO_ENTRY in (side, now):
        return True
    was, did, left = (lines_of(repository, entry) for entry in (base, side, now))
    return any(left[line] < count for line, count in did.items() if line.strip() and line not in was)


def wholly_gone(repository: Repository, was: Entry, did: Entry, now: Entry) -> bool:
    """Says whether nothing is left of what was done to a file, which went from `was` to `did`."""
    if now in (was, did):
        return now == was
    before, after, left = (lines_of(repository, entry) for entry in (was, did, now))
    added = [line for line in after if line.strip() and line not in before]
    return bool(added) and not any(left[line] for line in added)


def left_out(repository: Repository, change: tuple[Entry, Entry], tip: Entry, now: Entry) -> bool:
    """Says whether something that a commit did to a file stands at its side's tip and is gone now.

    `change` is the file before and after the commit.
    """
    was, did = change
    if now == was or NO_ENTRY in (did, now):
        return True
    before, after, side, left = (lines_of(repository, entry) for entry in (was, did, tip, now))
    return any(
        line.strip() and line not in before and line in side and left[line] < side[line] for line in after
    )


def whose(
    git: GitCommand, bases: Iterable[CommitId], side: CommitId, paths: Collection[str]
) -> Sequence[TakenBack]:
    """Returns the commits of a side that changed the paths, newest first, merges left out."""
    if not paths:
        return ()
    asked = ("log", "-z", "--no-merges", "--no-renames", "--name-only", "--format=%x01%H%x02%s%x02%an")
    limits = [f"^{base}" for base in bases]
    literal = git.at(git.environment.at(git.environment.cwd, GIT_LITERAL_PATHSPECS="1"))
    said = literal.run(*asked, side, *limits, "--", *sorted(paths)[:_MOST_PATHS]).stdout
    found = []
    for block in said.split(b"\1")[1:]:
        head, _, names = block.partition(b"\0")
        commit, subject, author = (part.decode(errors="replace") for part in head.split(b"\2", 2))
        changed = tuple(os.fsdecode(name.strip(b"\n")) for name in names.split(b"\0") if name.strip(b"\n"))
        found.append(TakenBack(CommitId(commit), subject, author, changed))
    return found
