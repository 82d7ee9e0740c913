"""A file of ignore rules for the worktrees of one run: the user's own ones and more."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gitpar.git.repository import RepositoryPlace


def write_excludes(place: RepositoryPlace, patterns: Iterable[str], target: Path) -> Path:
    """Writes what the user has git ignore everywhere, then the patterns, and returns the file.

    It takes the place of `core.excludesFile` in the worktrees.
    """
    said = place.command.run("config", "--path", "--get", "core.excludesFile", ok=(0, 1)).text
    own = Path(said) if said else _default()
    try:
        text = own.read_bytes()
    except OSError:
        text = b""  # as git takes it
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.rstrip(b"\n") + b"\n# left by agents\n" + "\n".join(patterns).encode() + b"\n")
    return target


def _default() -> Path:
    """Where the rules are when no setting says so. Source: gitignore(5)."""
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "git" / "ignore"
