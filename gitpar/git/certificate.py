"""What must hold of the paths and the base of a landing, said without any merge.

A level built on the wrong base takes others' work back without a conflict; these checks
are what finds it. They share no code with `git merge-tree`, which computes the landing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from gitpar.core.changes import FileChange
from gitpar.core.conflicts import folders_above
from gitpar.core.names import CommitId
from gitpar.git.trees import Entry
from gitpar.ports import Landing
from gitpar.values import dataclass

if TYPE_CHECKING:
    from pygit2 import Repository

Files = Mapping[str, tuple[Entry, Entry]]
"""Old and new entry of each path that differs between two trees."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a landing is judged by: what the task did, what the level did, what landing does."""

    task: Files
    """From the merge base to the result."""
    level: Collection[str]
    """Those of the task's paths that the tip has otherwise than the merge base."""
    landing: Files
    """From the tip to the landing's tree."""
    renames: tuple[FileChange, ...] = ()
    """The level's renames; read only where something needs explaining."""


def ancestry_problem(repository: Repository, landing: Landing, parting: CommitId) -> str:
    """Says what is wrong with the declared base, or nothing; `parting` is the merge base that was found.

    The base must be where tip and result part; a worker that merged something of the
    level's own past may have moved that point up, never down or aside.
    """
    if parting == landing.base:
        return ""
    for name, commit in (("tip", landing.tip), ("result", landing.result)):
        if commit != landing.base and not repository.descendant_of(commit, landing.base):
            return f"the {name} {commit[:12]} does not descend from the declared base {landing.base[:12]}"
    return ""


def strangers(evidence: Evidence) -> tuple[str, ...]:
    """Returns paths that the landing changes and the task did not, or that it lands differently.

    Where the tip still is as the base was, the landing must be exactly as the task left
    it. Paths to or from which the level's own renames carry a change are no strangers.
    """
    moved = _moved(evidence)
    found = {path for path in evidence.landing if path not in evidence.task}
    found |= {
        path
        for path, change in evidence.task.items()
        if path not in evidence.level and evidence.landing.get(path) != change
    }
    return tuple(sorted(found - moved))


def _moved(evidence: Evidence) -> set[str]:
    """The paths from and to which the level's renames carry the task's changes."""
    explained = {change.path for change in evidence.renames if change.old_path in evidence.task}
    left = {folder for change in evidence.renames for folder in folders_above(change.old_path or "")}
    entered = {folder for change in evidence.renames for folder in folders_above(change.path)}
    followed = {path for path in evidence.task if left & set(folders_above(path))}
    if followed:
        # the task changed files in a folder that the level moved: they may have followed it
        explained |= followed | {path for path in evidence.landing if entered & set(folders_above(path))}
    return explained
