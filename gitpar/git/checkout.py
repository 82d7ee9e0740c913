"""Looks at the user's checkout without touching it, its index included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitpar.git.command import GitFailed, GitResult
from gitpar.git.repository import RepositoryPlace

_NAMED = 3
_STATUS = ("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")


@contextmanager
def uncommitted(place: RepositoryPlace) -> Iterator[Callable[[], str]]:
    """Has git look for tracked files that are changed and not committed, and yields what waits for it.

    That names the first of them; nothing where there are none.
    """
    if place.root is None:
        yield str
        return
    with place.command.begin(*_STATUS) as looking:
        try:
            yield lambda: _named(looking.result())
        finally:
            looking.end()  # where there is nothing to run it is of no use


def _named(found: GitResult) -> str:
    if found.status:
        raise GitFailed(_STATUS, found.status, found.stderr)
    names = [f"`{field[3:]}`" for field in found.fields[:_NAMED]]
    more = len(found.fields) - len(names)
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")
