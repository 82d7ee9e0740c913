"""Waits for what gitpar removes behind its back."""

from __future__ import annotations

import time
from pathlib import Path

_LONGEST_S = 120.0


def await_removal(repository: Path) -> None:
    """Waits until worktrees and scratch are gone that a run has left to be deleted.

    Raises TimeoutError where that takes longer than two minutes.
    """
    give_up_at = time.monotonic() + _LONGEST_S
    going = (f"{repository.name}.worktrees", f"{repository.name}/.git/gitpar/runs/*/gone")
    while left := [one for name in going for one in repository.parent.glob(name)]:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"`{left[0]}` is still there after {_LONGEST_S} s")
        time.sleep(0.05)
