"""How plans are to be read where they can be read in several ways. Loads nothing else."""

from __future__ import annotations

from enum import StrEnum

from gitpar.values import dataclass


class MissingDependency(StrEnum):
    """What to do about a dependency that is not in the plan."""

    ERROR = "error"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the user chose about reading plans."""

    tag: str | None = None
    """Which list of a tagged plan."""
    format: str | None = None
    """The format's name; None lets the file's content tell."""
    missing: MissingDependency = MissingDependency.ERROR
    expand_subtasks: bool = False
    """Subtasks are tasks, not part of their task's prompt."""
    optional: bool = False
    """Tasks that are marked as optional run too."""
    parallel_stories: bool = False
    """The phases of user stories may run at once."""


PLAIN = Choices()
"""Nothing was chosen."""
