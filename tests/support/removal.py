"""Waits for what gitpar removes behind its back."""

from __future__ import annotations

import time
from pathlib import Path

_LONGEST_S = 120.0


def await_removal(repository: Path) -> None:
    """Waits until the worktrees of a run are gone, and what else it has left there to be deleted.

    Raises TimeoutError where that takes longer than two minutes.
    """
    give_up_at = time.monotonic() + _LONGEST_S
    left = repository.with_name(f"{repository.name}.worktrees")
    while left.exists():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"`{left}` is still there after {_LONGEST_S} s")
        time.sleep(0.05)
