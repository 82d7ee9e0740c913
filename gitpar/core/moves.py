"""One move of a ref, as it is journaled. Pure."""

from __future__ import annotations

from gitpar.core.names import CommitId, RefName
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref that goes from one commit to another; an empty id means "does not exist"."""

    ref: RefName
    old: CommitId
    new: CommitId
