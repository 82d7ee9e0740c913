"""Compares commits for somebody who only asks: everything is computed in a temporary folder.

The user's repository is read and not written, so it works on a read-only one as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gitpar.core.names import CommitId
from gitpar.errors import UsageError
from gitpar.git.attributes import Attributes
from gitpar.git.coordinator import Coordinator
from gitpar.git.merges import Comparison
from gitpar.git.repository import RepositoryPlace


@contextmanager
def workbench(place: RepositoryPlace) -> Iterator[Coordinator]:
    """Makes a coordinator repository that goes away again."""
    with tempfile.TemporaryDirectory(prefix="gitpar-", ignore_cleanup_errors=True) as name:
        coordinator = Coordinator(place, Path(name) / "git")
        try:
            with coordinator.reading():
                yield coordinator
        finally:
            coordinator.close()


def comparison(coordinator: Coordinator) -> Comparison:
    """Returns a comparison that works in a coordinator repository."""
    users = coordinator.place.common / "info" / "attributes"
    return Comparison(coordinator, Attributes(coordinator.attributes, users))


def common_base(coordinator: Coordinator, commits: Sequence[CommitId]) -> CommitId:
    """Returns the best common ancestor of all commits; raises UsageError where there is none."""
    found = coordinator.scratch.run("merge-base", "--octopus", *dict.fromkeys(commits), ok=(0, 1))
    if found.status != 0:
        raise UsageError(
            "the revisions have no common ancestor, so there is nothing to compare them with",
            "Compare revisions of one history",
        )
    return CommitId(found.text)
