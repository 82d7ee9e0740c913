"""Repositories inside a worktree: a submodule's commits, or a repository that a worker made or cloned.

Their history is brought into the user's store without a ref; the caller keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gitpar.git import admin as admin_files
from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.environment import GitEnvironment
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Nested:
    """A repository inside a worktree. `dot_git` is its `.git`, a folder or a file."""

    dot_git: Path
    git: GitCommand
    common: Path
    """The common git directory of the user's repository."""

    @property
    def folder(self) -> Path:
        """The folder the repository is in."""
        return self.dot_git.parent

    def tips(self) -> list[str]:
        """Returns its newest commits, those that only logs hold included.

        Empty where it has none. Raises GitFailed where it is no repository.
        """
        git_dir, common = (
            Path(line) for line in self._ask("rev-parse", "--absolute-git-dir", "--git-common-dir")
        )
        if os.path.realpath(self.folder / common) == os.path.realpath(self.common):
            # a further worktree of the user's own repository: its refs are the user's
            found = admin_files.named_objects(git_dir)
            ids = "".join(f"{name}\n" for name in found)
            listed = self._run("rev-list", "--ignore-missing", "--stdin", "--parents", stdin=ids.encode())
        else:
            listed = self._run("rev-list", "--parents", "--all", "--reflog")
        return _newest(listed)

    def local_tips(self) -> list[str]:
        """Returns the newest commits of a submodule that its remote does not have."""
        return _newest(self._run("rev-list", "--parents", "--all", "--reflog", "--not", "--remotes"))

    @property
    def shares_store(self) -> bool:
        """Whether its objects are in the user's store already."""
        common = self._ask("rev-parse", "--git-common-dir")[0]
        return os.path.realpath(self.folder / common) == os.path.realpath(self.common)

    @property
    def shallow(self) -> bool:
        """Whether its history is cut, so that it cannot stand in another store."""
        return self._ask("rev-parse", "--is-shallow-repository") == ["true"]

    def pack(self) -> bytes:
        """Returns all of its objects as one pack."""
        asked = ("--all", "--reflog", "--indexed-objects", "--stdout", "-q", "--delta-base-offset")
        return self.git.run("pack-objects", *asked, stdin=b"").stdout

    def changed(self) -> list[str]:
        """Lists files that differ from its HEAD, its untracked and ignored ones included."""
        status = self.git.run(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignored"
        )
        paths = (entry[3:] for entry in status.fields)
        return [path for entry in paths for path in _files(self.folder, entry)]

    def files(self) -> list[str]:
        """Lists all files of its worktree, leaving out every `.git`."""
        return list(_files(self.folder, ""))

    def _ask(self, *arguments: str) -> list[str]:
        return self.git.run(*arguments).text.splitlines()

    def _run(self, *arguments: str, stdin: bytes | None = None) -> str:
        return self.git.run(*arguments, stdin=stdin).text


def nested(dot_git: Path, common: Path, settings: tuple[tuple[str, str], ...]) -> Nested | None:
    """Returns the repository that a `.git` belongs to, None where git does not take it for one."""
    variables = {"GIT_DIR": str(dot_git), "GIT_WORK_TREE": str(dot_git.parent), "GIT_NO_REPLACE_OBJECTS": "1"}
    found = Nested(dot_git, GitCommand(GitEnvironment(dot_git.parent, variables, settings)), common)
    try:
        found.tips()
    except GitFailed:
        return None
    return found


def _newest(listed: str) -> list[str]:
    """Returns the commits of a `rev-list --parents` that no other listed one descends from."""
    lines = [line.split() for line in listed.splitlines()]
    below = {parent for _, *parents in lines for parent in parents}
    return sorted({commit for commit, *_ in lines} - below)


def _files(folder: Path, entry: str) -> Iterator[str]:
    place = folder / entry
    if not place.is_dir() or place.is_symlink():
        if os.path.lexists(place):
            yield entry
        return
    for top, names, files in os.walk(place):
        names[:] = [name for name in names if name != ".git"]
        below = Path(top).relative_to(folder)
        links = [name for name in names if Path(top, name).is_symlink()]
        yield from ((below / name).as_posix() for name in [*files, *links] if name != ".git")
