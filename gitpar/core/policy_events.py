"""What happened to results that do not merge; see events.py, whose list these belong to.

SettlingTried is written before anything is computed; a resume tries again.
"""

from __future__ import annotations

from gitpar.core.events import Event
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settlement import Settlement
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlingTried(Event):
    """The conflicts of an attempt's result are about to be settled, as far as they can be; no ref moves."""

    task: TaskId
    n: int
    tip: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingSettled(Event):
    """So far the conflicts are settled; what the settlement leaves is for an attempt to repair."""

    task: TaskId
    settlement: Settlement
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlingRefused(Event):
    """The policy does not settle them, for the reason given."""

    task: TaskId
    reason: str
    notes: tuple[str, ...] = ()
