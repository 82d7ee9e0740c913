"""What the engine needs where a result does not merge: who settles what can be settled without a worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gitpar.core.names import CommitId
from gitpar.core.settlement import Settlement
from gitpar.ports import Landing, Refusal
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """What may settle files by itself. `regenerate` are paths, `union` patterns, `external` a command."""

    union: tuple[str, ...] = ()
    regenerate: tuple[str, ...] = ()
    external: str | None = None
    rerere: bool = True
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a landing's conflicts are settled.

    `leave` says whether what drivers do not settle is laid out, rather than refused;
    `may_undo` whether what landed before may be taken away; `carry` whether the result is
    carried over to a tip that need not descend from its base.
    """

    leave: bool = False
    may_undo: bool = False
    carry: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What came of settling, and what somebody may want to know of it."""

    outcome: Settlement | Refusal
    notes: tuple[str, ...] = ()


class Settler(Protocol):
    """Settles conflicts in the coordinator repository; moves no ref. Belongs to the thread that lands."""

    def settle(self, landing: Landing, drivers: Drivers | None, how: How) -> Found:
        """Settles what drivers can (None for no drivers); the rest is refused or laid out.

        The commit of a settlement is durably stored.
        """
        ...

    def take(
        self, landing: Landing, settlement: Settlement, repaired: CommitId, *, carry: bool = False
    ) -> Found:
        """Takes what an attempt has made of the rest of a settlement; refuses all else that it did."""
        ...

    def lay_beside(
        self, settlement: Settlement, landing: Landing, folder: Path, *, carry: bool = False
    ) -> Sequence[str]:
        """Writes base, ours and theirs of the files left into folders of these names; returns the paths."""
        ...
