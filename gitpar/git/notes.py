"""Keeps certificates as git notes: a level moves together with the note on its landing, or not at all.

Notes of other runs, other people and other tools below the same ref stay: a note is laid
over the notes as they stand at the moment of the move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitpar.core.certificate import read
from gitpar.core.names import NO_COMMIT, CommitId, RefName
from gitpar.errors import EnvironmentFault, GitparError, RefMoved
from gitpar.git.commits import CommitText, identity, publish, read_commit, stamp, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.objects import ObjectWriter
from gitpar.git.scratch import write
from gitpar.git.trees import FOLDER_MODE, NO_ENTRY, Entry, compose, difference, entries, entry_at, tree_of
from gitpar.ports import Refs, RefUpdate

if TYPE_CHECKING:
    from pygit2 import Repository

NOTES = RefName("refs/notes/gitpar")
_FILE_MODE = 0o100644
_FLAT = 256
"""So many notes lie in one folder before they are spread by the first two digits, as git does."""


class Notes:
    """Fulfils ports.Ledger. Belongs to the thread that moves levels."""

    def __init__(self, coordinator: Coordinator, store: ObjectWriter, refs: Refs) -> None:
        self._coordinator = coordinator
        self._store = store
        self._refs = refs
        self._at: CommitId | None = None
        self._kept: dict[CommitId, Sequence[str]] = {}
        """What landings need that are not in the user's store, by their commits."""
        self._who: tuple[str, str] | None = None

    def keep(self, commit: CommitId, objects: Sequence[str]) -> None:
        """Remembers what a landing needs in the user's store before it lands. Any thread may."""
        self._kept[commit] = objects

    def land(self, ref: RefName, tip: CommitId, landings: Sequence[tuple[CommitId, str]]) -> None:
        """Moves a level over landings, each on the one before, and notes their certificates on them.

        All or nothing, durably. Raises RefMoved where the level is not at `tip`,
        GitparError where a certificate is not about its part of the move.
        """
        at = tip
        for commit, certificate in landings:
            self._check(RefUpdate(ref, commit, at), certificate)
            at = commit
        self._moved([RefUpdate(ref, at, tip)], dict(landings))

    def note(self, commit: CommitId, certificate: str) -> None:
        """Notes a certificate on a commit that has none: a machine that fails may separate the two."""
        at = self._tip()
        if at == NO_COMMIT or read_note(self._coordinator.pygit(), at, commit) is None:
            self._moved([], {commit: certificate})

    def forget_unreachable(self, commits: Sequence[CommitId]) -> None:
        """Removes the notes on those of the commits that no branch, tag or remote branch contains."""
        at = self._tip()
        if at == NO_COMMIT or not commits:
            return
        # a commit may be gone from the store
        asked = ("rev-list", "--ignore-missing", "--stdin", "--not", "--branches", "--tags", "--remotes")
        stdin = "".join(f"{commit}\n" for commit in commits).encode()
        left = self._coordinator.place.command.run(*asked, stdin=stdin).text.split()
        repository = self._coordinator.pygit()
        doomed = [one for one in commits if one in set(left) and read_note(repository, at, one) is not None]
        if doomed:
            self._moved([], dict.fromkeys(doomed, ""))

    def _check(self, move: RefUpdate, certificate: str) -> None:
        """Compares the certificate with the move and with the commit itself."""
        found = read(certificate)
        tree, parents, _ = read_commit(self._coordinator.pygit(), move.new)
        if (
            found is None
            or (found.commit, found.tip, found.tree) != (move.new, move.old, tree)
            or (found.commits == 1 and parents[:1] != (move.old,))
        ):
            raise GitparError(
                f"the certificate is not about moving `{move.ref}` to {move.new[:12]}, so it was not moved",
                "Nothing is lost: what the task brought is on its branch",
            )

    def _moved(self, moves: Sequence[RefUpdate], texts: Mapping[CommitId, str]) -> None:
        """Makes the moves and the change of the notes in one transaction, over the newest notes."""
        while True:
            at = self._tip()
            commit, objects = self._made(at, texts)
            landed = (name for one in texts for name in self._kept.pop(one, ()))
            publish(self._coordinator.pygit(), self._store, [*landed, *objects])
            try:
                # the level first: where both have moved, it is the level that must be told
                self._refs.move([*moves, RefUpdate(NOTES, commit, at)])
            except RefMoved as moved:
                self._at = None
                if moved.ref != NOTES:
                    raise
                self._at = CommitId(moved.found)
                continue
            self._at = commit
            return

    def _tip(self) -> CommitId:
        if self._at is None:
            self._at = self._refs.read(NOTES).get(NOTES, NO_COMMIT)
        return self._at

    def _made(self, at: CommitId, texts: Mapping[CommitId, str]) -> tuple[CommitId, Sequence[str]]:
        """Makes the notes with some changed, in scratch, and says what they need; an empty text removes."""
        repository = self._coordinator.pygit()
        tree = _tree(repository, at) if at else ""
        changes: dict[str, Entry] = {}
        for commit, text in texts.items():
            if text:
                blob = write(repository, "blob", f"{text}\n".encode())
                changes[_place(repository, tree, commit)] = (_FILE_MODE, blob)
            else:
                changes |= dict.fromkeys(_paths(commit), NO_ENTRY)
        made = compose(repository, tree, changes)
        if self._who is None:
            git = self._coordinator.place.command
            self._who = identity(git, "AUTHOR"), identity(git)
        author, committer = map(stamp, self._who)
        said = CommitText(author, committer, b"Notes by gitpar\n")
        new = write_commit(repository, made, [at] if at else [], said)
        return new, [*difference(repository, tree, made).objects, new]


def read_note(repository: Repository, at: CommitId, commit: CommitId) -> str | None:
    """Returns the text of the note on a commit, None where it has none. `at` is where the notes stand."""
    tree = _tree(repository, at)
    found = (entry_at(repository, tree, path) for path in _paths(commit))
    blob = next((entry[1] for entry in found if entry != NO_ENTRY), None)
    return None if blob is None else repository.read(blob)[1].decode(errors="replace")


def _tree(repository: Repository, at: CommitId) -> str:
    from pygit2.enums import ObjectType  # noqa: PLC0415 - loaded with the repository

    if repository.read(at)[0] != ObjectType.COMMIT:
        raise EnvironmentFault(
            f"`{NOTES}` names no commit, so no certificate can be kept there",
            f"See what it is: git show {NOTES}",
            f"Or remove it: git update-ref -d {NOTES}",
        )
    return tree_of(repository, at)


def _paths(commit: str) -> tuple[str, ...]:
    """The names that a note may lie under. Source: git-notes(1) and git's notes.c."""
    return commit, f"{commit[:2]}/{commit[2:]}", f"{commit[:2]}/{commit[2:4]}/{commit[4:]}"


def _place(repository: Repository, tree: str, commit: str) -> str:
    """Where a note goes: where there is one already, beside the others, or spread where they are many."""
    there = next((path for path in _paths(commit) if entry_at(repository, tree, path) != NO_ENTRY), None)
    if there is not None:
        return there
    found = entries(repository, tree)
    spread = len(found) >= _FLAT or found.get(commit[:2].encode(), NO_ENTRY)[0] == FOLDER_MODE
    return _paths(commit)[spread]
