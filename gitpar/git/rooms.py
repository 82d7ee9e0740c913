"""Worktrees in which gates are run: of the pool, or an attempt's own. Fulfils ports.Rooms.

What a gate changes is found by an index of gitpar's own, which no gate can reach, and
undone; it never gets into a result. A room that cannot be made clean is taken away.
"""

from __future__ import annotations

import os
from dataclasses import field

from gitpar.core.names import CommitId, TreeId
from gitpar.faults import Step, passage
from gitpar.git import admin as admin_files
from gitpar.git.admin import SAVED_INDEX
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.programs import open_up
from gitpar.git.slots import STAGED_INDEX, Slot
from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import Workplace
from gitpar.room_port import Room
from gitpar.values import dataclass

_INDEX = "gate-index"
_NAMED = 1_000
"""So many files that a gate left are named at most."""


@dataclass(slots=True)
class GitRooms:
    """Rooms of one run, taken from its worktrees."""

    worktrees: GitWorktrees
    _there: dict[int, frozenset[str]] = field(default_factory=dict)
    """By slot: files that were there before the gate and that git does not track."""

    def tree_of(self, commit: CommitId) -> TreeId:
        """Returns the tree of a commit."""
        return self.worktrees.tree_of(commit)

    def enter(self, commit: CommitId) -> Room:
        """Hands out a clean worktree at a commit, its HEAD on no branch."""
        passage(Step.GATE_ENTER)
        slot = self.worktrees.lend(commit)
        room = self._prepared(slot, commit, own=True)
        passage(Step.GATE_ENTERED)
        return room

    def stay(self, place: Workplace, commit: CommitId) -> Room:
        """Makes a room of an attempt's worktree that was captured as `commit`, ignored files and all.

        HEAD is taken off the attempt's branch: a gate that commits moves nothing.
        """
        slot = self.worktrees.held(place)
        slot.whole = False  # the gate may leave anything, so a reset looks at everything
        admin_files.detach(slot.admin, commit)
        return self._prepared(slot, commit, own=False)

    def _prepared(self, slot: Slot, commit: CommitId, *, own: bool) -> Room:
        staged = slot.own / STAGED_INDEX
        source = staged if not own and staged.exists() else slot.admin / SAVED_INDEX
        admin_files.save_index(source, slot.own / _INDEX)
        git = _at_index(slot)
        git.run("read-tree", "--reset", commit)
        self._there[slot.record.number] = frozenset(_others(git))
        return Room(slot.record.number, slot.path, slot.admin, commit, self.tree_of(commit), own)

    def put_back(self, room: Room) -> tuple[str, ...]:
        """Names what was changed, made or removed in a room, apart from ignored files, and undoes it."""
        slot = self.worktrees.lent(room.slot)
        if not slot.standing():
            return ("its whole worktree",)
        git = _at_index(slot)
        git.run("update-index", "-q", "--refresh", ok=(0, 1))
        changed = git.run("diff-files", "--name-only", "-z").fields
        made = [path for path in _others(git) if path not in self._there[room.slot]]
        if changed or made:
            _undo(slot, git, changed, made)
        return (*changed[:_NAMED], *made[:_NAMED])

    def leave(self, room: Room) -> None:
        """Gives a worktree back, clean for whoever comes next."""
        passage(Step.GATE_LEAVE)
        self._there.pop(room.slot, None)
        if room.own:
            self.worktrees.take_back(room.slot)
        passage(Step.GATE_LEFT)


def _at_index(slot: Slot) -> GitCommand:
    git = slot.git
    return git.at(git.environment.at(slot.path, GIT_INDEX_FILE=str(slot.own / _INDEX)))


def _others(git: GitCommand) -> list[str]:
    """Lists what git neither tracks nor ignores; a folder of such files is one."""
    found = git.run("ls-files", "-z", "--others", "--directory", "--exclude-standard").fields
    return [path.rstrip("/") for path in found]


def _undo(slot: Slot, git: GitCommand, changed: list[str], made: list[str]) -> None:
    """Gives files back and removes what is new. What cannot be is found when the worktree is reset."""
    try:
        # what was made may stand where a file is to come back
        for start in range(0, len(made), _NAMED):
            git.run(
                "clean", "-q", "-ffd", "--", *(f":(literal){path}" for path in made[start : start + _NAMED])
            )
        if changed:
            listed = b"".join(os.fsencode(path) + b"\0" for path in changed)
            git.run("checkout-index", "-f", "-u", "-z", "--stdin", stdin=listed)
    except GitFailed:
        open_up(slot.path)
        git.run("clean", "-q", "-ffd")
        git.run("checkout-index", "-f", "-u", "-a")
