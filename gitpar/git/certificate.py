"""The proof that a landing is right, checked before any ref moves.

A level built on the wrong base takes others' work back without a conflict; these checks
are what finds it. They share no code with `git merge-tree`, which computes the landing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitpar.core.changes import ChangeKind, ChangeSet
from gitpar.core.conflicts import folders_above
from gitpar.core.names import CommitId, TreeId
from gitpar.core.settings import Strategy
from gitpar.git.commits import read_commit
from gitpar.git.trees import Entry
from gitpar.ports import Landing

if TYPE_CHECKING:
    from pygit2 import Index, Repository

VERSION = 1

Files = Mapping[str, tuple[Entry, Entry]]
"""Old and new entry of each path that differs between two trees."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a landing is judged by: what the task did, what the level did, what landing does."""

    task: Files
    """From the merge base to the result."""
    landing: Files
    """From the tip to the landing's tree."""
    level: ChangeSet | None = None
    """From the merge base to the tip, with renames; read only where a path needs it."""


def ancestry_problem(repository: Repository, landing: Landing) -> str:
    """Says what is wrong with the declared base, or nothing.

    The base must be where tip and result part; a worker that merged something of the
    level's own past may have moved that point up, never down or aside.
    """
    for name, commit in (("tip", landing.tip), ("result", landing.result)):
        if commit != landing.base and not repository.descendant_of(commit, landing.base):
            return f"the {name} {commit[:12]} does not descend from the declared base {landing.base[:12]}"
    return ""


def second_opinion(index: Index, repository: Repository, tree: TreeId) -> str:
    """Compares libgit2's merge with git's tree; says how they differ, or nothing."""
    if index.conflicts is not None:
        paths = sorted({entry.path for sides in index.conflicts for entry in sides if entry is not None})
        return f"the two merge engines disagree: git merges {', '.join(paths)}, libgit2 finds a conflict"
    different = index.diff_to_tree(repository[tree])  # type: ignore[arg-type]  # a Tree
    if len(different):
        paths = sorted({delta.new_file.path for delta in different.deltas})
        return f"the two merge engines disagree about {', '.join(paths)}"
    return ""


def strangers(evidence: Evidence) -> tuple[str, ...]:
    """Returns paths that the landing changes and the task did not, or that it lands differently.

    A path whose tip still is as the base was must come out exactly as the task left it.
    Paths that the level's own renames explain are no strangers.
    """
    moved = _moved(evidence)
    found = [path for path in evidence.landing if path not in evidence.task and path not in moved]
    for path, (base, result) in evidence.task.items():
        tip, landed = evidence.landing.get(path, (result, result))
        if tip == base and landed != result and path not in moved:
            found.append(path)
    return tuple(sorted(found))


def _moved(evidence: Evidence) -> set[str]:
    """The paths to which the level's renames carry the task's changes."""
    if evidence.level is None:
        return set()
    renames = [change for change in evidence.level.files if change.kind is ChangeKind.RENAMED]
    explained = {change.path for change in renames if change.old_path in evidence.task}
    folders = {folder for change in renames for folder in folders_above(change.old_path or "")}
    if any(folder in folders for path in evidence.task for folder in folders_above(path)):
        # the level moved a folder that the task made files in: they may have followed it
        targets = {folder for change in renames for folder in folders_above(change.path)}
        inside = {path for path in evidence.landing if targets & set(folders_above(path))}
        explained |= inside | {path for path in evidence.task if folders & set(folders_above(path))}
    return explained


def chain_problem(repository: Repository, landing: Landing, chain: Sequence[CommitId], tree: TreeId) -> str:
    """Reads the landing's commits back and says what is wrong with parents or tree, or nothing."""
    parent = landing.tip
    for commit in chain:
        wanted = (parent, landing.result) if landing.strategy is Strategy.MERGE else (parent,)
        if read_commit(repository, commit)[1] != wanted:
            return f"the parents of {commit[:12]} are not the declared ones"
        parent = commit
    if parent == landing.tip or read_commit(repository, parent)[0] != tree:
        return "the landing commit does not hold the proved tree"
    return ""


def write(landing: Landing, chain: Sequence[CommitId], tree: TreeId, facts: Mapping[str, object]) -> str:
    """Returns the certificate as one line of JSON."""
    named = {
        "version": VERSION,
        "strategy": landing.strategy.value,
        "base": landing.base,
        "tip": landing.tip,
        "result": landing.result,
        "commit": chain[-1],
        "commits": len(chain),
        "tree": tree,
    }
    return json.dumps({**named, **facts}, separators=(",", ":"))
