"""Which ports a worktree has to itself. Pure."""

from __future__ import annotations

PORTS = 20
"""How many ports each worktree has to itself."""
_FIRST = 20_000
_SLOTS = 1_000


def first_port(slot: int) -> int:
    """Returns the first of the ports of a slot."""
    return _FIRST + slot % _SLOTS * PORTS
