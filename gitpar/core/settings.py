"""The settings that decisions depend on: journaled with the run, so that a resume decides alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How a result lands on the level branch."""

    MERGE = "merge"
    REBASE = "rebase"
    SQUASH = "squash"


class OnRevert(StrEnum):
    """What to do with a re-run that undoes a line which landed in this run."""

    HOLD = "hold"
    WARN = "warn"


class OnPredicted(StrEnum):
    """What to do where two tasks of a wave will likely conflict."""

    SERIALIZE = "serialize"
    """Let one wait for the other where the conflict would cost more than the wait."""
    WARN = "warn"
    IGNORE = "ignore"


class FailOn(StrEnum):
    """What makes a check fail, each with what stands before it but NONE."""

    TARGET = "target"
    ANY = "any"
    LIKELY = "likely"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """One run's rules. Durations are seconds, sizes bytes."""

    jobs: int = 4
    strategy: Strategy = Strategy.MERGE
    prefix: str = "gitpar"
    retries: int = 1
    timeout_s: float | None = None
    grace_s: float = 5.0
    on_revert: OnRevert = OnRevert.HOLD
    on_predicted: OnPredicted = OnPredicted.SERIALIZE
    into: str | None = None
    agent_command: str | None = None
    write_back: bool = False
    keep_worktrees: bool = False
    log_limit_bytes: int = 20_000_000
