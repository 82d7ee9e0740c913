"""What an attempt changed against its base: file changes made of hunks.

Pure values: gitpar.git fills them, core.conflicts intersects them.
Paths are text with `surrogateescape`, so any byte sequence git allows survives.
"""

from __future__ import annotations

from enum import StrEnum

from gitpar.core.names import CommitId
from gitpar.values import dataclass

GITLINK_MODE = 0o160000


class ChangeKind(StrEnum):
    """What happened to one path. A change of type (file to link) is a modification."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines; starts count from 1, as in a `-U0` diff.

    With a count of 0 the side is empty and lies *before* line `start`
    (a diff prints `start - 1` there).
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int

    def touches(self, other: Hunk) -> bool:
        """Says whether git would refuse to merge the two hunks.

        Git wants at least one unchanged base line between two hunks, so hunks that
        are merely neighbours touch. Two equal edits touch as well, although git
        would accept them: the answer is never "no" for a real conflict.

        Source: compared with `git merge-file` in tests/properties/test_hunks.py.
        """
        return (
            self.old_start <= other.old_start + other.old_count
            and other.old_start <= self.old_start + self.old_count
        )


@dataclass(frozen=True, slots=True)
class FileChange:
    """One path's change. `path` is the new name (the old one where it was deleted).

    `old_path` is set for renames and copies only. Modes are git's octal file modes
    as integers, 0 where the side does not exist; ids are full object ids, empty there.
    """

    path: str
    kind: ChangeKind
    old_mode: int
    new_mode: int
    old_id: str
    new_id: str
    old_path: str | None = None

    @property
    def base_path(self) -> str:
        """The file's name in the base; the new name where it is new."""
        return self.old_path or self.path

    @property
    def paths(self) -> tuple[str, ...]:
        """Both names of a rename, the one name of everything else."""
        if self.old_path is None or self.kind is ChangeKind.COPIED:
            return (self.path,)
        return (self.old_path, self.path)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything between two commits, in path order; hunks are fetched only when needed."""

    base: CommitId
    tip: CommitId
    files: tuple[FileChange, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path touched, old names of renames included, without doubles."""
        return tuple(dict.fromkeys(path for change in self.files for path in change.paths))
