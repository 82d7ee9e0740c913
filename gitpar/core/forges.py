"""What a forge says of the changes that wait to be merged. Pure values."""

from __future__ import annotations

from enum import StrEnum

from gitpar.core.names import CommitId, TaskId
from gitpar.values import dataclass


class ForgeKind(StrEnum):
    """The forges that can be asked. Forgejo is asked as Gitea is."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


@dataclass(frozen=True, slots=True)
class OpenChange:
    """One open pull or merge request. `ref` is where the forge keeps its head, for `git fetch`."""

    number: int
    name: str
    commit: CommitId
    ref: str
    target: str


@dataclass(frozen=True, slots=True)
class BranchPush:
    """A branch to be pushed, by its short name; `expected` is where it must stand, empty for nowhere."""

    head: str
    commit: CommitId
    expected: CommitId


@dataclass(frozen=True, slots=True)
class Layer:
    """One part of a publication: a branch of the remote and what it is to hold.

    The layers of a stack lie on each other, lowest first. `task` is None for a level.
    """

    head: str
    commit: CommitId
    level: int
    task: TaskId | None = None
    merged: bool = False
    """Whether its request was found merged: nothing is left to do about it."""


class RequestState(StrEnum):
    """Where a pull or merge request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
    """Closed by somebody without being merged."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a request is to say: which branch goes into which, under which title."""

    head: str
    base: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One pull or merge request as the forge has it; `commit` is what its head stands at, or stood at."""

    number: int
    head: str
    base: str
    commit: CommitId
    state: RequestState
    title: str
    body: str
    url: str
    settled: bool = True
    """Whether the forge has found out whether it merges; some do that a while after a push."""
