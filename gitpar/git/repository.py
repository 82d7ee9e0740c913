"""Finds the user's repository and says where its parts are. Reads only."""

from __future__ import annotations

import re
from dataclasses import field
from pathlib import Path

from gitpar.errors import EnvironmentFault
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.environment import GitEnvironment
from gitpar.values import dataclass

OLDEST_GIT = (2, 39)
"""The first with a `git merge-tree --stdin` that gitpar's parsing was tested with."""


_REFTABLE = "its refs are kept in reftable format"
_IN_FILES = "Have git 2.46 or newer keep them in files: git refs migrate --ref-format=files"
_BY_SHA1 = "Bring the files into a repository made with: git init --object-format=sha1"


@dataclass(frozen=True, slots=True)
class RepositoryPlace:
    """Where a repository lies. All paths are absolute.

    `root` is the worktree that gitpar was started in, None in a bare repository;
    `git_dir` is that worktree's own, `common` the one all worktrees share.
    """

    root: Path | None
    git_dir: Path
    common: Path
    objects: Path
    shallow: bool
    partial: bool
    git_version: tuple[int, ...]
    checkout: Path | None = None
    """The main worktree where `common` is no `.git` in it: of submodules, or with a git folder apart."""
    _command: list[GitCommand] = field(default_factory=list, init=False, compare=False, repr=False)

    @property
    def main(self) -> Path:
        """The folder people call the repository: the main worktree, or the bare folder itself."""
        return self.common.parent if self.common.name == ".git" else self.checkout or self.common

    @property
    def beside(self) -> Path:
        """The folder that worktrees are made beside: of a submodule one next to what it is a part of."""
        if self.checkout is not None and "modules" in self.common.parts:
            outer = next((each.parent for each in self.common.parents if each.name == ".git"), None)
            if outer is not None and self.checkout.is_relative_to(outer):
                path = self.checkout.relative_to(outer).parts
                return outer.with_name("-".join((outer.name, *path)))
        return self.main

    @property
    def command(self) -> GitCommand:
        """A git that works in the user's repository, with the user's configuration; always the same."""
        if not self._command:
            self._command.append(GitCommand(GitEnvironment(self.root or self.common)))
        return self._command[0]


def discover(path: Path) -> RepositoryPlace:
    """Returns the repository that a folder belongs to: worktree, subfolder or bare.

    Raises EnvironmentFault where there is none, or where gitpar cannot work with it
    (git older than 2.39, sha256 objects, reftable refs).
    """
    if not path.is_dir():
        raise EnvironmentFault(f"`{path}` is not a folder", "Name the repository with: gitpar -C DIR …")
    git = GitCommand(GitEnvironment(path))
    version = git_version(git)
    wanted = ("--path-format=absolute", "--git-dir", "--git-common-dir", "--is-shallow-repository")
    found = git.run("rev-parse", *wanted, "--show-object-format", "--show-toplevel", ok=(0, 128))
    lines = found.text.split("\n")
    if len(lines) < 4:
        raise _refusal(path, found.stderr)
    git_dir, common = Path(lines[0]), Path(lines[1])
    if lines[3] != "sha1":
        raise _unreadable(path, f"its objects are named by {lines[3]}", _BY_SHA1)
    if (common / "reftable").is_dir():
        raise _unreadable(path, _REFTABLE, _IN_FILES)
    root = Path(lines[4]) if len(lines) > 4 and found.status == 0 else None
    return RepositoryPlace(
        root=root,
        git_dir=git_dir,
        common=common,
        objects=common / "objects",
        shallow=lines[2] == "true",
        partial=any((common / "objects" / "pack").glob("*.promisor")),
        git_version=version,
        checkout=None if common.name == ".git" else root if git_dir == common else _checkout(git, common),
    )


def _checkout(git: GitCommand, common: Path) -> Path | None:
    """Returns the main worktree of a repository from one of its other worktrees."""
    said = git.run("config", "--file", str(common / "config"), "--get", "core.worktree", ok=(0, 1)).text
    return (common / said).resolve() if said else None


def git_version(git: GitCommand) -> tuple[int, ...]:
    """Returns git's version as numbers; raises EnvironmentFault where it is missing or too old."""
    try:
        text = git.run("version").text
    except (OSError, GitFailed) as error:
        raise EnvironmentFault("git cannot be started", "Install git 2.39 or newer") from error
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    version = tuple(int(part) for part in found.groups(default="0")) if found else ()
    if version < OLDEST_GIT:
        raise EnvironmentFault(f"`{text}` is too old: gitpar needs git 2.39 or newer", "Install a newer git")
    return version


def _refusal(path: Path, stderr: str) -> EnvironmentFault:
    if "refstorage" in stderr.casefold():
        return _unreadable(path, _REFTABLE, _IN_FILES)
    if "objectformat" in stderr.casefold():
        return _unreadable(path, "its objects are not named by sha1", _BY_SHA1)
    if "dubious ownership" in stderr:
        return EnvironmentFault(
            f"git refuses `{path}`, because it belongs to another user",
            f"If you trust it: git config --global --add safe.directory {path}",
        )
    if "not a git repository" in stderr:
        return EnvironmentFault(
            f"`{path}` is not in a git repository", "Make one with: git init", "Or name one: gitpar -C DIR …"
        )
    last = stderr.strip().splitlines()[-1:] or ["no message"]
    return EnvironmentFault(f"git cannot read the repository at `{path}`: {last[0]}", "See: git status")


def _unreadable(path: Path, why: str, hint: str) -> EnvironmentFault:
    return EnvironmentFault(f"gitpar cannot work in `{path}`: {why}, which libgit2 does not read", hint)
