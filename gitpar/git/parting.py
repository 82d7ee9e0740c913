"""Says where a level and a result part, reading each commit once.

libgit2 would walk over the whole level for every landing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitpar.core.names import NO_COMMIT, CommitId
from gitpar.git.commits import read_commit, row
from gitpar.ports import Landing

if TYPE_CHECKING:
    from pygit2 import Repository

_MOST_NEW = 1_000
"""So many commits a tip may have more than those before it."""


class Parting:
    """The merge bases of tips that grow on each other with results; not for several threads."""

    def __init__(self) -> None:
        self._base = NO_COMMIT
        self._above: set[CommitId] = set()
        """What tips so far contain above the base, all of which stands on it."""

    def of(self, repository: Repository, landing: Landing) -> CommitId:
        """Returns the merge base of a landing's tip and result, NO_COMMIT where they have none.

        Where everything that the tip has above the declared base stands on that, and the
        result is a row of commits on it none of which the tip contains, they have the base
        in common and what lies below it.
        """
        base, tip, result = landing.base, landing.tip, landing.result
        line = row(repository, base, result)
        if line is not None and self._stands_on(repository, base, tip) and self._above.isdisjoint(line):
            return base
        return CommitId(str(repository.merge_base(tip, result) or NO_COMMIT))

    def _stands_on(self, repository: Repository, base: CommitId, tip: CommitId) -> bool:
        """Says whether every way down from a tip leads to the base, and takes in what lies between."""
        if base != self._base:
            self._base, self._above = base, set()
        new: set[CommitId] = set()
        left = [tip]
        while left:
            at = left.pop()
            if at == base or at in self._above or at in new:
                continue
            parents = read_commit(repository, at)[1]
            if not parents or len(new) == _MOST_NEW:
                return False
            new.add(at)
            left += parents
        self._above |= new
        return True
