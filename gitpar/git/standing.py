"""Judges commits with one parent: whether one takes back what had landed just before it.

A squash or a replayed commit that was built on a stale base brings its own work and, with
it, the files as they stood before the latest landings. Nothing of that is a conflict.
Source: what a hosted merge queue did to 2,092 pull requests in April 2026.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitpar.core.names import CommitId
from gitpar.core.verification import Form, Judged, TakenBack, Verdict
from gitpar.git.commits import CommitText, read_commit
from gitpar.git.trees import EMPTY_TREE, difference, entry_at, tree_of
from gitpar.git.whose import wholly_gone

if TYPE_CHECKING:
    from pygit2 import Repository

_FARTHEST = 100
"""So many landings back a stale base is looked for."""

_SAID = re.compile(
    rb"revert|back(ed|s|ing)? ?out|undo|roll(ed|s|ing)? ?back|reinstate|restore", re.IGNORECASE
)
"""What a message says that means to take something back."""


def standing(repository: Repository, commit: CommitId) -> Judged:
    """Says whether a commit takes its latest predecessors back and brings something else along."""
    tree, parents, text = read_commit(repository, commit)
    # a shallow clone ends where a commit names a parent that is not there
    if not parents or parents[0] not in repository:
        return Judged(commit, Form.COMMIT, Verdict.PLAIN)
    mine = difference(repository, tree_of(repository, parents[0]), tree).files
    gone = _gone(repository, parents[0], tree) if mine else []
    if not gone:
        return Judged(commit, Form.COMMIT, Verdict.PLAIN)
    reverts = tuple(_named(repository, one) for one in gone)
    paths = tuple(dict.fromkeys(path for one in reverts for path in one.paths))
    if tree == _before(repository, gone[-1]):
        why = "puts back what was before, and does nothing else"
        return Judged(commit, Form.COMMIT, Verdict.PLAIN, why, paths, (), reverts)
    if _SAID.search(text.message):
        return Judged(commit, Form.COMMIT, Verdict.PLAIN, "takes work back and says so", paths, (), reverts)
    if len(reverts) == 1 and reverts[0].author == known_by(text)[1]:
        why = "takes its author's own last change back"
        return Judged(commit, Form.COMMIT, Verdict.PLAIN, why, paths, (), reverts)
    why = "takes back all of what had landed just before, and brings something else"
    return Judged(commit, Form.COMMIT, Verdict.ALARM, why, paths, (), reverts)


def _gone(repository: Repository, parent: CommitId, tree: str) -> Sequence[CommitId]:
    """Returns the latest predecessors, newest first, of which nothing is left in a tree.

    Every file they changed since an older commit must be as it was there, or have none of
    the lines they added; one file at least must be as it was.
    """
    tip = tree_of(repository, parent)
    found: list[CommitId] = []
    passed: list[CommitId] = []
    at = parent
    for _ in range(_FARTHEST):
        parents = read_commit(repository, at)[1]
        passed.append(at)
        if not parents or parents[0] not in repository:
            break
        base = tree_of(repository, parents[0])
        changed = difference(repository, base, tip).files
        if changed:
            now = {path: entry_at(repository, tree, path) for path in changed}
            if not all(wholly_gone(repository, was, did, now[path]) for path, (was, did) in changed.items()):
                break
            if any(now[path] == was for path, (was, _) in changed.items()):
                found = list(passed)
        at = parents[0]
    return found


def _before(repository: Repository, commit: CommitId) -> str:
    parents = read_commit(repository, commit)[1]
    return tree_of(repository, parents[0]) if parents else EMPTY_TREE


def _named(repository: Repository, commit: CommitId) -> TakenBack:
    tree, _, text = read_commit(repository, commit)
    changed = difference(repository, _before(repository, commit), tree).files
    subject, author = known_by(text)
    return TakenBack(commit, subject, author, tuple(changed))


def known_by(text: CommitText) -> tuple[str, str]:
    """Returns a commit's subject and its author's name."""
    subject = text.message.lstrip().split(b"\n", 1)[0]
    author = text.author.rpartition(b" <")[0]
    return subject.decode(errors="replace"), author.decode(errors="replace")
