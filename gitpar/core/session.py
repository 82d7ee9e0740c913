"""A session of an agent, and the worktree that an attempt wishes for because of it. Pure."""

from __future__ import annotations

from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an agent, and the worktree that it can be gone on with in."""

    agent: str
    id: str
    worktree: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Which worktree an attempt would like: the one at `path`. With `keeps` others leave it alone later."""

    path: str = ""
    keeps: bool = False


ANYWHERE = Wish()
