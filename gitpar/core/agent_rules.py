"""The rules of an agent that decisions depend on. Pure, and by itself: every command loads it."""

from __future__ import annotations

from gitpar.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRules:
    """What decisions depend on of one agent profile: journaled with the run."""

    name: str
    account: str = ""
    """Whoever shares it shares rate limits; empty stands for the agent's kind."""
    fallback: str | None = None
    idle_timeout_s: float | None = None
    timeout_s: float | None = None
    resumes: bool = False
    """Whether a session can be gone on with."""
    cooling_s: float = 15.0
    """The first pause of its account after it was told to slow down; doubled each time."""
