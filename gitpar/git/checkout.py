"""Looks at the user's checkout without touching it, its index included."""

from __future__ import annotations

from gitpar.git.repository import RepositoryPlace

_NAMED = 3


def uncommitted(place: RepositoryPlace) -> str:
    """Names the first tracked files that are changed and not committed; nothing where there are none."""
    if place.root is None:
        return ""
    fields = place.command.run("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames").fields
    names = [f"`{field[3:]}`" for field in fields[:_NAMED]]
    more = len(fields) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
