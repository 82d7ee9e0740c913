"""What has landed below a tip, read from the trailers of its commits. Reads only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.git.commits import read_commit
from gitpar.git.trees import difference
from gitpar.patterns import pattern

if TYPE_CHECKING:
    from pygit2 import Repository

_TRAILER = pattern(rb"^Gitpar-(Run|Task|Attempt): (.*)$", re.MULTILINE)

_SETTLED = pattern(rb"^Gitpar-Settled: (.*)$", re.MULTILINE)


def named_in(message: bytes) -> tuple[str, str, str]:
    """Returns run, task and attempt that a message's last paragraph names, empty where it names none."""
    found = dict(_TRAILER.findall(message.rstrip().rpartition(b"\n\n")[2]))
    values = (found.get(key, b"").decode(errors="surrogateescape") for key in (b"Run", b"Task", b"Attempt"))
    run, task, attempt = values
    return run, task, attempt


def settled_in(message: bytes) -> list[str]:
    """Returns what a message's last paragraph says of paths that policies settled, in its order."""
    found = _SETTLED.findall(message.rstrip().rpartition(b"\n\n")[2])
    return [value.decode(errors="surrogateescape") for value in found]


class Earlier:
    """The landings of one run below a tip. Commits are read once, as tips grow on each other."""

    def __init__(self, repository: Repository, run: RunId) -> None:
        self._repository = repository
        self._run = run
        self._tip: CommitId | None = None
        self._landed: dict[TaskId, CommitId] = {}

    def below(self, tip: CommitId) -> dict[TaskId, CommitId]:
        """Returns the run's landings that a tip contains, each with its last commit, oldest first."""
        if tip == self._tip:
            return self._landed
        new: dict[TaskId, CommitId] = {}
        known: dict[TaskId, CommitId] = {}
        for commit, _, task in self._chain(tip):
            if commit == self._tip:
                known = self._landed
                break
            new.setdefault(task, commit)
        self._tip = tip
        self._landed = {**known, **dict(reversed(new.items()))}
        return self._landed

    def authors_of(self, tip: CommitId, paths: Collection[str]) -> list[TaskId]:
        """Returns the tasks that changed one of the paths, newest first."""
        wanted = set(paths)
        chain = self._chain(tip, compared=True)
        return list(dict.fromkeys(task for _, changed, task in chain if not wanted.isdisjoint(changed)))

    def _chain(
        self, tip: CommitId, *, compared: bool = False
    ) -> Iterator[tuple[CommitId, Collection[str], TaskId]]:
        """Yields the run's own commits from the tip down: commit, paths where asked for, task."""
        at = tip
        while True:
            tree, parents, text = read_commit(self._repository, at)
            run, task, _ = named_in(text.message)
            if run != self._run or not parents:
                return
            changed: Collection[str] = ()
            if compared:
                before = read_commit(self._repository, parents[0])[0]
                changed = difference(self._repository, before, tree).files.keys()
            yield at, changed, TaskId(task)
            at = parents[0]
