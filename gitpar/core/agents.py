"""What is known of agents: a profile, and what an agent said of its work.

Pure values. How an agent is started and how its output is read is gitpar.agents'.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from gitpar.values import dataclass

COMMAND = "command"
"""The name of the agent that is a shell command."""
HUMAN = "human"
"""The name of the agent that is a person: nobody is started, a person says what came of the task."""


class Trouble(StrEnum):
    """What kept an agent from its work, where that is known."""

    NONE = ""
    KEY = "key"
    """Its key was refused: no other attempt with it can do better."""
    RATE_LIMIT = "rate-limit"
    OVERLOADED = "overloaded"
    """The other side is busy or cannot be reached."""
    BUDGET = "budget"
    TURNS = "turns"
    TOO_LONG = "too-long"
    """The prompt does not fit the model."""
    PERMISSION = "permission"
    """It waits for somebody to allow something, or was not allowed to work."""
    SESSION = "session"
    """The session that it was to go on with is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one attempt may take; None for no limit."""

    tokens: int | None = None
    usd: float | None = None


class Said(StrEnum):
    """What an agent says of its own work. Success is decided elsewhere: by git and the gate."""

    NOTHING = "nothing"
    ENDED = "ended"
    """It came to its end without an error, and says no more than that."""
    DONE = "done"
    """It says in so many words that the task is done."""
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What was read and written, without overlap: `cached` came from a cache, `stored` went into one."""

    fresh: int = 0
    cached: int = 0
    stored: int = 0
    out: int = 0

    @property
    def all(self) -> int:
        """Everything that was read or written."""
        return self.fresh + self.cached + self.stored + self.out

    def plus(self, other: Tokens) -> Tokens:
        """Returns the sum."""
        return Tokens(
            fresh=self.fresh + other.fresh,
            cached=self.cached + other.cached,
            stored=self.stored + other.stored,
            out=self.out + other.out,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """What an agent's output tells of one attempt. `cost_usd` is None where it does not say."""

    said: Said = Said.NOTHING
    trouble: Trouble = Trouble.NONE
    message: str = ""
    """Its last words, or the error that ended it; one line."""
    session: str = ""
    turns: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    cost_usd: float | None = None
    claimed: tuple[str, ...] | None = None
    """The files it says it changed, None where it does not say."""
    notes: str = ""
    """What it wants those after it to know."""
    reached: tuple[str, ...] = ()
    """The worktrees of others that its tool calls name."""
    slowed: int = 0
    """How often it was told to slow down or found nobody there."""
    verdict: str = ""
    """Of one that is a gate: pass or fail; empty where it gave none."""
    reasons: tuple[str, ...] = ()


def sum_of(reports: Iterable[AgentReport | None]) -> AgentReport:
    """Returns what several attempts took: turns, tokens, and cost where any told it."""
    told = [report for report in reports if report is not None]
    tokens = Tokens()
    for report in told:
        tokens = tokens.plus(report.tokens)
    costs = [report.cost_usd for report in told if report.cost_usd is not None]
    turns = sum(report.turns for report in told)
    return AgentReport(turns=turns, tokens=tokens, cost_usd=sum(costs) if costs else None)


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """One way to use an agent, as `[agents.NAME]` says. Never journaled: it may hold secrets."""

    name: str
    kind: str
    program: str | None = None
    model: str | None = None
    flags: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    account: str | None = None
    permission: str = "edit"
    command: str | None = None
    """The shell command of a profile of kind `command`."""
    fallback: str | None = None
    timeout_s: float | None = None
    idle_timeout_s: float | None = None
    max_turns: int | None = None
    max_cost_usd: float | None = None
    cooling_s: float | None = None
    retry: str = "session"
    """Whether a retry goes on in the session of the attempt before it, or begins afresh."""
    sandbox: str | None = None
    network: bool | None = None
    sandbox_env: tuple[str, ...] = ()
    sandbox_write: tuple[str, ...] = ()
    """As the settings of these names; the first two in their place, the others beside them."""
