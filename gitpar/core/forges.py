"""What a forge says of the changes that wait to be merged. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

from gitpar.core.names import CommitId


@dataclass(frozen=True, slots=True)
class OpenChange:
    """One open pull or merge request. `ref` is where the forge keeps its head, for `git fetch`."""

    number: int
    name: str
    commit: CommitId
    ref: str
    target: str
