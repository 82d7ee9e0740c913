"""How many may be at work at once: a part of a run. What changes it is gitpar.core.pacing's. Pure."""

from __future__ import annotations

from gitpar.core.settings import RunSettings
from gitpar.values import dataclass


@dataclass(slots=True)
class Pace:
    """How many may be at work at once, now (gitpar.core.pacing)."""

    jobs: int
    until: float = 0.0
    """Nothing changes before this instant."""
    changes: int = 0
    braked: bool = False

    @classmethod
    def of(cls, settings: RunSettings) -> Pace:
        """Returns what a run begins with."""
        first = settings.jobs_first
        return cls(settings.jobs if first is None else min(first, settings.jobs))
