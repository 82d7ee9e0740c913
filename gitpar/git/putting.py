"""Puts refs back to where they were, all that nobody has moved since in one transaction.

What a ref is taken away from is kept under `refs/gitpar/undone/`, so that no commit is
lost and an undo can be undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitpar.core.moves import RefMove
from gitpar.core.names import NO_COMMIT, RefName, undone_ref
from gitpar.git.command import GitCommand
from gitpar.git.into import IntoBranch
from gitpar.git.repository import RepositoryPlace
from gitpar.ports import Refs, RefUpdate
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Left:
    """A ref that was not put back, and why."""

    ref: RefName
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """What can be done about some moves: what is `ready`, what is done `already`, what is `left`."""

    ready: tuple[RefMove, ...]
    already: tuple[RefMove, ...]
    left: tuple[Left, ...]


class PuttingBack:
    """Moves refs of one repository back. `user` is the branch of the user's that may move, if any."""

    def __init__(self, place: RepositoryPlace, refs: Refs, user: RefName | None) -> None:
        self._place = place
        self._refs = refs
        self._user = user

    def look(self, moves: Sequence[RefMove]) -> Look:
        """Says what can be moved: what stands where it was left and is checked out nowhere."""
        ready, already, left = [], [], []
        used = _checked_out(self._place.command)
        for move in moves:
            there = self._refs.read(move.ref).get(move.ref, NO_COMMIT)
            if there == move.new:
                already.append(move)
            elif there != move.old:
                where = f"at {there[:12]}" if there else "gone"
                left.append(Left(move.ref, f"it is {where} now: somebody else moved it"))
            elif move.ref != self._user and move.ref in used:
                left.append(Left(move.ref, f"it is checked out in {used[move.ref]}"))
            else:
                ready.append(move)
        return Look(tuple(ready), tuple(already), tuple(left))

    def put(self, operation: str, of: str, moves: Sequence[RefMove]) -> list[Left]:
        """Makes moves that `look` found ready and returns those that could not be made.

        Raises RefMoved, and moves nothing, where somebody moved one meanwhile.
        """
        left = []
        updates: list[RefUpdate] = []
        for move in moves:
            updates += self._kept(operation, of, move)
            if move.ref != self._user:
                updates.append(RefUpdate(move.ref, move.new, move.old))
        self._refs.move(updates)
        for move in moves:
            if move.ref == self._user:
                why = IntoBranch(self._place.common, self._refs, move.ref).put_back(move)
                left += [Left(move.ref, why)] if why else []
        return left

    def _kept(self, operation: str, of: str, move: RefMove) -> list[RefUpdate]:
        """Keeps what the ref is taken away from, and lets go of what it is put back to."""
        kept, freed = undone_ref(operation, move.ref), undone_ref(of, move.ref)
        found = self._refs.read(freed).get(freed)
        updates = [RefUpdate(freed, NO_COMMIT, found)] if found is not None and found == move.new else []
        there = self._refs.read(kept).get(kept, NO_COMMIT)
        if move.old not in (NO_COMMIT, there):
            updates.append(RefUpdate(kept, move.old, there))
        return updates


def _checked_out(git: GitCommand) -> Mapping[RefName, str]:
    """The branches that worktrees stand on, each with its folder."""
    found: dict[RefName, str] = {}
    path = ""
    for field in git.run("worktree", "list", "--porcelain", "-z").fields:
        name, _, value = field.partition(" ")
        if name == "worktree":
            path = value
        elif name == "branch":
            found[RefName(value)] = path
    return found
