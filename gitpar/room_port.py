"""What gates need of worktrees, as a Protocol. Fulfilled by gitpar.git.rooms."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from gitpar.core.names import CommitId, TreeId
from gitpar.ports import Workplace
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """A worktree in which a gate is run. Its files are those of `commit`; what is done in it is not kept."""

    slot: int
    path: Path
    admin: Path
    """What git keeps of it, as gitpar knows it: its own `.git` may say anything after a worker."""
    commit: CommitId
    tree: TreeId
    own: bool = True
    """False for an attempt's worktree, which goes back to the attempt."""


class Rooms(Protocol):
    """Worktrees for gates. Calls may come from several threads at once."""

    def tree_of(self, commit: CommitId) -> TreeId:
        """Returns the tree of a commit."""
        ...

    def enter(self, commit: CommitId) -> Room:
        """Hands out a clean worktree at a commit, its HEAD on no branch."""
        ...

    def stay(self, place: Workplace, commit: CommitId) -> Room:
        """Makes a room of an attempt's worktree that was captured as `commit`, ignored files and all."""
        ...

    def put_back(self, room: Room) -> tuple[str, ...]:
        """Names what was changed, made or removed in a room, apart from ignored files, and undoes it."""
        ...

    def leave(self, room: Room) -> None:
        """Gives a worktree back, clean for whoever comes next."""
        ...
