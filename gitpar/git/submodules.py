"""Submodules of a worktree: checked out from what the main worktree already has, never from the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from gitpar.git.admin import read_bytes
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment

_GITLINK_MODE = b"\x00\x00\xe0\x00"
"""How an index entry of a submodule says what it is. Source: gitformat-index(5)."""


def may_have_gitlinks(index: Path) -> bool:
    """Says whether an index may have a submodule in it; only "no" is certain, and costs no process."""
    return _GITLINK_MODE in read_bytes(index)


def gitlinks(git: GitCommand, index: Path) -> list[str]:
    """Lists the submodule paths of the index that `git` works with, whose file is `index`."""
    if not may_have_gitlinks(index):
        return []
    entries = git.run("ls-files", "-s", "-z").fields
    return [entry.partition("\t")[2] for entry in entries if entry.startswith("160000 ")]


def bring(git: GitCommand, common: Path, worktree: Path) -> None:
    """Checks out the submodules that the main worktree has, by reference to its objects.

    Those that were never initialised there stay empty here too.
    """
    for name, path in _declared(git, worktree):
        local = common / "modules" / name
        if not local.is_dir() or (worktree / path / ".git").exists():
            continue
        inside = GitCommand(GitEnvironment(worktree, {}, git.environment.settings))
        url = inside.run("config", f"submodule.{name}.url", ok=(0, 1)).text
        here = (
            *git.environment.settings,
            (f"submodule.{name}.url", str(local)),
            ("protocol.file.allow", "always"),  # the only address asked is the folder above
        )
        asked = GitCommand(GitEnvironment(worktree, {}, here))
        asked.run("submodule", "--quiet", "update", "--checkout", "--reference", str(local), "--", path)
        if url:
            inside.run("-C", path, "remote", "set-url", "origin", url)


def empty(git: GitCommand, worktree: Path) -> None:
    """Empties the submodules' folders, whose repositories go away with the admin folder's content."""
    saved = Path(git.environment.variables["GIT_DIR"]) / "gitpar-index"
    if not may_have_gitlinks(saved):
        return
    at_saved = git.at(git.environment.at(worktree, GIT_INDEX_FILE=str(saved)))
    for path in gitlinks(at_saved, saved):
        folder = worktree / path
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
            folder.mkdir()


def _declared(git: GitCommand, worktree: Path) -> Iterator[tuple[str, str]]:
    if not (worktree / ".gitmodules").is_file():
        return
    found = git.run("config", "-z", "-f", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$", ok=(0, 1))
    for field in found.fields:
        key, _, path = field.partition("\n")
        yield key.removeprefix("submodule.").removesuffix(".path"), path
