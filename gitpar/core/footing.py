"""What a commit holds that an attempt was cut from before the level of its task was. Pure values."""

from __future__ import annotations

from gitpar.core.names import CommitId, TaskId
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Footing:
    """All levels below `level`, of that one the first `landed` landings, and results that had not landed."""

    level: int
    landed: int
    results: tuple[tuple[TaskId, int], ...] = ()
    """Each with the number of its attempt."""


@dataclass(frozen=True, slots=True)
class Part:
    """One result that is laid onto another commit: what `result` changes since `base`."""

    task: TaskId
    n: int
    base: CommitId
    result: CommitId
