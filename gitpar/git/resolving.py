"""Lays a task's result out in a worktree of its own, merged as far as git can, for a person to settle.

The worktree belongs to the person from then on: it is looked at and never changed or
removed.
"""

from __future__ import annotations

from pathlib import Path

from gitpar.core.names import CommitId
from gitpar.errors import EnvironmentFault
from gitpar.git.command import GitFailed, GitResult
from gitpar.git.repository import RepositoryPlace
from gitpar.values import dataclass

_UNMERGED = frozenset({"DD", "AU", "UD", "UA", "DU", "AA", "UU"})


@dataclass(frozen=True, slots=True)
class Settled:
    """What a person made of it: a commit, where it parts from the run, and the paths it changes."""

    commit: CommitId
    base: CommitId
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What keeps a worktree from being settled: paths in conflict, or changes nobody committed."""

    unmerged: tuple[str, ...] = ()
    uncommitted: bool = False


class Resolving:
    """One worktree in which a person settles one task."""

    def __init__(self, place: RepositoryPlace, path: Path) -> None:
        self.path = path
        self._git = place.command

    @property
    def is_laid_out(self) -> bool:
        """Whether the worktree is there."""
        return (self.path / ".git").exists()

    def lay_out(self, tip: CommitId, result: CommitId) -> None:
        """Checks `tip` out and merges `result` into it, leaving the conflicts; commits nothing."""
        if self.path.exists():
            raise EnvironmentFault(
                f"`{self.path}` is in the way: it is no worktree", "Move it away, then the same again"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # forced: one that a person deleted by hand may still be listed
            self._git.run("worktree", "add", "--force", "--quiet", "--detach", str(self.path), tip)
            # 1: there are conflicts, which is what it is for
            self._here("merge", "--quiet", "--no-ff", "--no-commit", result, ok=(0, 1))
        except GitFailed as error:
            raise EnvironmentFault(
                f"`{self.path}` cannot be made: {error.message}", "The run is as it was"
            ) from error

    def look(self, tip: CommitId, known: CommitId | None) -> Settled | Unsettled:
        """Says what the worktree holds; a commit that is `known` or in `tip` is none that settles."""
        fields = self._here("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames").fields
        unmerged = tuple(field[3:] for field in fields if field[:2] in _UNMERGED)
        head = CommitId(self._here("rev-parse", "HEAD").text)
        base = CommitId(self._git.run("merge-base", tip, head, ok=(0, 1)).text)
        if unmerged or fields or self._is_merging() or head == known or base in ("", head):
            return Unsettled(unmerged, uncommitted=bool(fields) or self._is_merging())
        changed = self._git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, head)
        return Settled(head, base, tuple(changed.fields))

    def _is_merging(self) -> bool:
        found = self._here("rev-parse", "--verify", "--quiet", "MERGE_HEAD", ok=(0, 1))
        return found.status == 0

    def _here(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> GitResult:
        git = self._git.at(self._git.environment.at(self.path))
        return git.run(*arguments, ok=ok)
