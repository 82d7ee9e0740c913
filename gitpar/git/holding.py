"""Says whether a commit holds what landed, however it came there: merged, squashed or rebased."""

from __future__ import annotations

from gitpar.core.names import CommitId
from gitpar.git.comparing import workbench
from gitpar.git.mergetree import merge_all
from gitpar.git.repository import RepositoryPlace


def lacking(place: RepositoryPlace, newer: CommitId, landed: CommitId) -> tuple[str, ...]:
    """Returns the paths of which `newer` does not hold what `landed` has; nothing where it holds all.

    It holds all where `landed` is in its past, and where merging it would change nothing.
    """
    if place.command.run("merge-base", "--is-ancestor", landed, newer, ok=(0, 1)).status == 0:
        return ()
    with workbench(place) as coordinator:
        git = coordinator.scratch
        [outcome] = merge_all(git, [(newer, landed)])
        if not outcome.clean:
            return tuple(dict.fromkeys(conflict.path for conflict in outcome.conflicts)) or ("",)
        changed = git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", newer, outcome.tree)
        return tuple(changed.fields)
