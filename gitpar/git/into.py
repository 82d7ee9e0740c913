"""Moves the one branch of the user's that `--into` names: by fast-forward, or not at all.

The only place where gitpar touches a branch or a checkout that is not its own, and only
because it was asked to.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from gitpar.core.moves import RefMove
from gitpar.core.names import NO_COMMIT, CommitId, RefName, short
from gitpar.errors import GitparError, RefMoved, UsageError
from gitpar.faults import Step, passage
from gitpar.git.command import UserGitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.ports import Refs, RefUpdate


class IntoBranch:
    """The branch that a run moves at its end."""

    def __init__(self, common_dir: Path, refs: Refs, branch: str) -> None:
        self.ref = RefName(branch if branch.startswith("refs/") else f"refs/heads/{branch}")
        self._refs = refs
        self._environment = GitEnvironment(common_dir, {"GIT_DIR": str(common_dir)})
        self._git = UserGitCommand(self._environment)

    def check(self, base: CommitId) -> None:
        """Raises UsageError where the branch could never be moved forward from this base."""
        there = self._tip()
        if there == NO_COMMIT:
            raise UsageError(
                f"`--into {short(self.ref)}`: there is no such branch",
                f"Make it with: git branch {short(self.ref)} {base[:12]}",
            )
        if not self._contains(base, there):
            raise UsageError(
                f"`--into {short(self.ref)}`: the run would start from {base[:12]}, which does not contain "
                f"that branch, so it could not be fast-forwarded",
                f"Start from the branch: --base {short(self.ref)}",
            )

    def move(self, tip: CommitId, before: RefName) -> str:
        """Moves the branch forward to `tip` and says what became of it; never raises for a refusal.

        Where it stood is kept at the ref `before`, for an undo; what stands there already,
        by a run that was killed here, is right.
        """
        there = self._tip()
        name = short(self.ref)
        if there == tip:
            return f"`{name}` is at {tip[:12]} already"
        if there == NO_COMMIT or not self._contains(tip, there):
            return (
                f"`{name}` was not moved: it has gone elsewhere meanwhile. Merge with: git merge {tip[:12]}"
            )
        passage(Step.INTO_MOVE)
        with contextlib.suppress(RefMoved):
            self._refs.move([RefUpdate(before, there, NO_COMMIT)])
        checkout = self._checkout()
        said = self._in_checkout(checkout, tip) if checkout else self._bare(there, tip)
        passage(Step.INTO_MOVED)
        return said

    def _bare(self, there: CommitId, tip: CommitId) -> str:
        try:
            self._refs.move([RefUpdate(self.ref, tip, there)])
        except GitparError as error:
            name = short(self.ref)
            typed = "; ".join([*error.hints, f"then: git push . {tip[:12]}:{name}"])
            return f"`{name}` was not moved: {error.message}. {typed}"
        return f"`{short(self.ref)}` was moved to {tip[:12]}"

    def _in_checkout(self, checkout: Path, tip: CommitId) -> str:
        """Fast-forwards a checked-out branch where nothing in the checkout can be lost."""
        name = short(self.ref)
        type_this = f"Type: git -C {checkout} merge --ff-only {tip[:12]}"
        git = UserGitCommand(GitEnvironment(checkout, {}, self._environment.settings))
        if git.run("status", "--porcelain", "--untracked-files=no").stdout:
            return f"`{name}` was not moved: it is checked out with uncommitted changes. {type_this}"
        merged = git.run("merge", "--ff-only", "--quiet", tip, ok=(0, 1, 2, 128))
        if merged.status != 0:
            why = next(iter(merged.stderr.splitlines()), "git refused")
            return f"`{name}` was not moved: {why} {type_this}"
        return f"`{name}` was moved to {tip[:12]}, and its checkout in {checkout} with it"

    def put_back(self, move: RefMove) -> str:
        """Moves the branch and its checkout, where it has one; returns why not, or nothing."""
        checkout = self._checkout()
        if checkout is None:
            self._refs.move([RefUpdate(move.ref, move.new, move.old)])
            return ""
        git = UserGitCommand(GitEnvironment(checkout, {}, self._environment.settings))
        if git.run("status", "--porcelain", "--untracked-files=no").stdout:
            return f"it is checked out in {checkout} with uncommitted changes"
        # like --hard, but for files that were changed meanwhile, for which it stops
        reset = git.run("reset", "--keep", "--quiet", move.new, ok=(0, 1, 128))
        return next(iter(reset.stderr.splitlines()), "git refused") if reset.status else ""

    def _tip(self) -> CommitId:
        found = self._git.run("rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}", ok=(0, 1, 128))
        return CommitId(found.text) if found.status == 0 else NO_COMMIT

    def _contains(self, newer: CommitId, older: CommitId) -> bool:
        return self._git.run("merge-base", "--is-ancestor", older, newer, ok=(0, 1)).status == 0

    def _checkout(self) -> Path | None:
        """Finds the worktree that has the branch checked out."""
        path: str | None = None
        for field in self._git.run("worktree", "list", "--porcelain", "-z").fields:
            if field.startswith("worktree "):
                path = field.removeprefix("worktree ")
            elif field == f"branch {self.ref}" and path is not None:
                return Path(path)
        return None
