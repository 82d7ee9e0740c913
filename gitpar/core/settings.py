"""The settings that decisions depend on: journaled with the run, so that a resume decides alike."""

from __future__ import annotations

from enum import StrEnum

from gitpar.core.agent_rules import AgentRules
from gitpar.core.forges import ForgeKind
from gitpar.values import dataclass


class Strategy(StrEnum):
    """How a result lands on the level branch."""

    MERGE = "merge"
    REBASE = "rebase"
    SQUASH = "squash"


class OnRevert(StrEnum):
    """What to do with a re-run that undoes a line which landed in this run."""

    HOLD = "hold"
    WARN = "warn"


class Order(StrEnum):
    """In which order a wave's results are tried."""

    PLAN = "plan"
    MOST = "most"
    """First those of which the most weight lands together."""
    FINISHED = "finished"
    """As they came to their end."""


class Schedule(StrEnum):
    """When a task starts."""

    WAVES = "waves"
    """When all tasks of the waves before its own are over."""
    DAG = "dag"
    """As soon as everything that it depends on is there."""


class Policy(StrEnum):
    """What is tried with a result that does not merge."""

    DRIVERS = "drivers"
    """What settles files by itself: union, regeneration, equal sides, what was settled before, a merger."""
    AGENT = "agent"
    """The agent of the task, in a worktree with the conflict."""
    SERIALIZE = "serialize"
    """The task is run again from what has landed, once."""
    HOLD = "hold"
    """Its branch is kept; the run goes on with what does not need it."""


class Barrier(StrEnum):
    """What has to be over before the next wave starts."""

    LANDED = "landed"
    """Everything of the wave has landed on its level branch, or has come to nothing."""
    MERGED = "merged"
    """The wave's request was merged by its reviewers; the next wave starts from there."""


class OnPredicted(StrEnum):
    """What to do where two tasks of a wave will likely conflict."""

    SERIALIZE = "serialize"
    """Let one wait for the other where the conflict would cost more than the wait."""
    WARN = "warn"
    IGNORE = "ignore"


class Sandbox(StrEnum):
    """What is between a worker and the rest of the machine."""

    NONE = "none"
    BWRAP = "bwrap"
    """bubblewrap, or nothing starts."""
    AUTO = "auto"
    """bubblewrap where it works, else nothing."""


class FailOn(StrEnum):
    """What makes a check fail, each with what stands before it but NONE."""

    TARGET = "target"
    ANY = "any"
    LIKELY = "likely"
    NONE = "none"


class PublishAs(StrEnum):
    """How the result of a run is published."""

    BRANCH = "branch"
    """The level branches are pushed."""
    PR_PER_LEVEL = "pr-per-level"
    """A request a level, each on top of the one below."""
    PR_PER_TASK = "pr-per-task"
    """A request a landed task, each on top of the one before, merged in that order."""
    INTO = "into"
    """A branch of the remote is moved forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRules:
    """What decisions depend on of the settings of one stream."""

    name: str
    jobs: int | None = None
    """At most so many of its tasks are worked on at once."""
    account: str = ""
    """Whoever shares it shares rate limits; empty leaves it to the agent."""
    keeps_session: bool = False
    """Whether its agent goes on in one session from task to task; then they are worked on one by one."""

    @property
    def most(self) -> int | None:
        """At most how many of its tasks are worked on at once; None for no limit."""
        return 1 if self.keeps_session else self.jobs


class GateOn(StrEnum):
    """What a gate is run on."""

    TASK = "task"
    """The result of each task alone."""
    LEVEL = "level"
    """What is about to land on a level branch, all together."""
    RUN = "run"
    """Everything that landed, before the run ends."""


class LevelPolicy(StrEnum):
    """What becomes of the rest of a level where a task of it cannot land."""

    PARTIAL = "partial"
    """The rest lands."""
    ALL = "all"
    """Nothing of the level lands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """One gate: a command that must succeed, or an agent that must find nothing wrong."""

    name: str
    command: str = ""
    on: tuple[GateOn, ...] = (GateOn.LEVEL,)
    timeout_s: float | None = 3600.0
    agent: str = ""
    """The agent that is asked instead of a command."""
    prompt: str = ""
    """What the agent is asked."""

    @property
    def key(self) -> str:
        """What a verdict is known by: whatever asks the same has the same verdicts."""
        return f"{self.agent}: {self.prompt}" if self.agent else self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """One run's rules. Durations are seconds, sizes bytes."""

    jobs: int = 4
    jobs_first: int | None = None
    """The number to begin with where `jobs` is the most of what gitpar chooses; None where it is fixed."""
    jobs_most: int | None = None
    """The most with `--jobs auto`; None for four for each processor."""
    strategy: Strategy = Strategy.MERGE
    prefix: str = "gitpar"
    retries: int = 1
    timeout_s: float | None = None
    grace_s: float = 5.0
    order: Order = Order.PLAN
    schedule: Schedule = Schedule.WAVES
    on_revert: OnRevert = OnRevert.HOLD
    on_predicted: OnPredicted = OnPredicted.SERIALIZE
    policies: tuple[Policy, ...] = (Policy.DRIVERS, Policy.SERIALIZE, Policy.HOLD)
    """What is tried with a result that does not merge, in this order; at last it is held."""
    merge_union: tuple[str, ...] = ()
    """Files that are added to only, as patterns: where both sides add, both additions are kept."""
    merge_regenerate: tuple[tuple[str, str], ...] = ()
    """Files that are never merged, each with the command that makes it from the rest."""
    merge_external: str | None = None
    """The command of a merger for single files, with git's placeholders %O %A %B %P %L."""
    merge_rerere: bool = True
    """Whether what was settled once in a run is applied again."""
    merge_timeout_s: float = 300.0
    """How long one of these commands may take."""
    into: str | None = None
    agent_command: str | None = None
    write_back: bool = False
    keep_worktrees: bool = False
    log_limit_bytes: int = 20_000_000
    publish: PublishAs | None = None
    remote: str | None = None
    """Where to publish; None for `origin`, or the only remote there is."""
    barrier: Barrier = Barrier.LANDED
    barrier_wait_s: float | None = None
    """How long a run waits for a merge before it ends as needing a person; None for as long as it takes."""
    target: str | None = None
    """The remote's branch that the work is for; None for its default branch."""
    forge: ForgeKind | None = None
    """None where the name of its host tells."""
    max_cost_usd: float | None = None
    max_tokens: int | None = None
    max_time_s: float | None = None
    task_max_cost_usd: float | None = None
    task_max_tokens: int | None = None
    """What all attempts at one task may take, unless the task says it itself."""
    wave_max_cost_usd: float | None = None
    wave_max_tokens: int | None = None
    wave_max_time_s: float | None = None
    agents: tuple[AgentRules, ...] = ()
    """The rules of every agent that the run may use; commands need none."""
    streams: tuple[StreamRules, ...] = ()
    sandbox: Sandbox = Sandbox.NONE
    network: bool = True
    """Whether workers in a sandbox reach the network."""
    progress_file: str | None = None
    """The file on the level branch that collects workers' notes, as a path in the repository."""
    gates: tuple[GateRules, ...] = ()
    """In the order in which they are run; the command that a task says verifies it is one more."""
    verify: bool = True
    """Whether the commands that tasks say verify them are gates."""
    level_policy: LevelPolicy = LevelPolicy.PARTIAL
    gate_jobs: int = 1
    """How many gates are run at once on what is to land on a level."""
    gate_history: tuple[int, int] = (0, 0)
    """Of how many tasks that level gates judged in earlier runs how many were to blame: blamed, judged."""
    speculate: bool = False
    """Whether what comes next is gated before what comes first has passed."""
