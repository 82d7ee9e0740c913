"""Reads `[repos]` of the settings: the names by which tasks call other repositories. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gitpar.errors import UsageError
from gitpar.option import Keys, Refused, read_table
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoSettings:
    """Where another repository is, and what to begin with there."""

    path: str
    """Absolute, or counted from the root of the main worktree."""
    base: str | None = None
    """The commit to start from; None for its HEAD."""
    remote: str | None = None
    """Where to publish to; None for what its own settings say."""


def _text(value: object) -> object:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise Refused
    return value.strip()


_KEYS: Keys = {
    "path": ("path", "a path", _text),
    "base": ("base", "a revision", _text),
    "remote": ("remote", "the name of a remote", _text),
}


def read_repo(name: str, value: object, where: Callable[[str], str]) -> tuple[RepoSettings, list[str]]:
    """Returns what is said of a repository and warnings: a path, or a table with one. Raises UsageError."""
    table = {"path": value} if isinstance(value, str) else value
    found, warnings = read_table(f"repos.{name}", table, _KEYS, where)
    if "path" not in found:
        raise UsageError(f"{where(f'repos.{name}')} needs a `path`", f'Write: [repos] {name} = "../{name}"')
    return RepoSettings(**found), warnings
