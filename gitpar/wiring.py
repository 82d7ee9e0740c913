"""Settings become objects here: the only module that knows every adapter.

The command line calls these functions and nothing deeper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a user asked `gitpar run` for; `flags` holds only settings given on the command line."""

    plans: tuple[Path, ...]
    base: str | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    tag: str | None = None
    plan_format: str | None = None
    missing_dependency: str = "error"
    flags: Mapping[str, object] = field(default_factory=dict)
