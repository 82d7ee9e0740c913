"""A run, folded from its events. Status is derived here and stored nowhere.

`apply` changes the run in place and costs what the event touches, so that a plan of
ten thousand tasks stays linear. It must never decide what to do next: that is decide.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from gitpar.core.agents import COMMAND, AgentReport
from gitpar.core.asked import elsewhere
from gitpar.core.batches import book_for
from gitpar.core.conflicts import ConflictReport, PathConflict
from gitpar.core.events import AttemptOpened, Ending, RunEnd, RunOpened
from gitpar.core.footing import EarlyStarts, Footing, ranks, starts_early
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.moves import Operation
from gitpar.core.names import NO_TREE, CommitId, RunId, TaskId, TreeId
from gitpar.core.pace import Pace
from gitpar.core.publication import Publication
from gitpar.core.session import Session
from gitpar.core.settings import RunSettings
from gitpar.core.settlement import Mending, Settlement
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.gate_book import GateBook


class TaskState(StrEnum):
    """Where a task stands. `finished` means worked on, not yet landed."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    LANDED = "landed"
    HELD = "held"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"


class AttemptState(StrEnum):
    """Where an attempt stands, or how it ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    LOST = "lost"


class Stage(StrEnum):
    """What a level is at."""

    WAITING = "waiting"
    OPENING = "opening"
    WORKING = "working"
    COMPARING = "comparing"
    LANDING = "landing"
    NOTING = "noting"
    """Everything has landed; the notes of its workers are added to the progress file."""
    CLOSED = "closed"


@dataclass(slots=True)
class Attempt:
    """One try at a task. Instants are seconds since 1970 UTC, durations seconds."""

    n: int
    base: CommitId
    timeout_s: float | None
    opened_at: float
    rerun: bool = False
    state: AttemptState = AttemptState.RUNNING
    started_at: float | None = None
    worktree: str = ""
    log: str = ""
    ending: Ending | None = None
    exit: int | None = None
    duration_s: float = 0.0
    message: str = ""
    captured: bool = False
    result: CommitId | None = None
    files: tuple[str, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    agent: str = COMMAND
    session: str = ""
    report: AgentReport | None = None
    cut_short: str = ""
    """Why it was ended, where gitpar ended it."""
    asks: bool = False
    """Whether it waited for an answer that nobody gives."""
    progress: str = ""
    """What the worker wanted others to know."""
    no_more: str = ""
    """Why it is not tried again, where that is its budget."""
    gate_log: str = ""
    """What the gate printed that failed on its result."""
    footing: Footing | None = None
    """What its base holds, where it was cut before its level was."""
    own: tuple[CommitId, CommitId] | None = None
    """Base and result as the worker had them, once the result was carried over."""
    carried: Settlement | None = None  # what policies made of its conflicts for that

    @property
    def kept(self) -> CommitId | None:
        """Its result as the worker left it, which its branch and its keep-ref hold."""
        return self.own[1] if self.own is not None else self.result

    repair: str = ""
    """What repairs a conflict in it (see core.policies); empty where it works on the task."""

    @classmethod
    def opened(cls, event: AttemptOpened) -> Attempt:
        """Makes the attempt that an event opens."""
        return cls(
            n=event.n,
            base=event.base,
            timeout_s=event.timeout_s,
            opened_at=event.at,
            rerun=event.rerun,
            agent=event.agent,
            session=event.session,
            footing=event.footing,
            repair=event.repair,
        )


@dataclass(slots=True)
class Account:
    """One account's breaker. Open while `times` > 0; closed again it has forgotten everything."""

    strikes: int = 0
    times: int = 0
    """How often in a row it was opened."""
    until: float = 0.0
    probe: TaskId | None = None
    """The task that tries whether it works again."""


@dataclass(slots=True)
class Spent:
    """What agents' attempts have taken so far."""

    attempts: int = 0
    tokens: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class TaskRun:
    """One task's part in the run."""

    task: Task
    level: int = 0
    state: TaskState = TaskState.PENDING
    reason: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0
    timeouts: int = 0
    reruns: int = 0
    accepted: bool = False
    """Whether a person wants its result as it is: where that does not merge, it is not run again."""
    answer: str = ""
    """What a person said of a task that is for one."""
    waits: int = 0
    """How often it was tried again because its account had to recover."""
    counted_from: int = 0
    """The first attempt that counts for its budget: a person may have wanted another."""
    taken_over_by: str = ""
    """The agent that its own one has fallen back to."""
    refused: tuple[PathConflict, ...] = ()
    policies: int = 0
    """How many policies were tried with a result that does not merge."""
    mending: Mending | None = None
    settlement: Settlement | None = None
    unsettled: str = ""
    """Why the policies that were tried did not settle it."""
    commit: CommitId | None = None
    landed_as: int = 0
    """The how-manieth of its level's landings it was, from 1."""
    certificate: str = ""

    @property
    def is_to_carry(self) -> bool:
        """Whether its result was cut before its level and has to be carried over."""
        return bool(self.attempts) and self.work.footing is not None and self.work.own is None

    @property
    def last(self) -> Attempt:
        """The newest attempt; there must be one."""
        return self.attempts[-1]

    @property
    def work(self) -> Attempt:
        """The newest attempt at the task itself, no repair; there must be one."""
        return next(attempt for attempt in reversed(self.attempts) if not attempt.repair)


@dataclass(slots=True)
class Candidate:
    """The landing that is under way; `commit` once it is proved, `moving` once its move began."""

    task: TaskId
    n: int
    begun_at: float
    commit: CommitId | None = None
    certificate: str = ""
    moving: bool = False
    tree: TreeId = NO_TREE


@dataclass(slots=True)
class ProgressCandidate:
    """Notes that are being landed; `commit` once they were proved."""

    commit: CommitId | None = None
    certificate: str = ""
    moving: bool = False


@dataclass(slots=True)
class Level:
    """One wave's branch: `tip` is where it stands, queues hold task ids in plan order."""

    number: int
    tasks: tuple[TaskId, ...]
    stage: Stage = Stage.WAITING
    base: CommitId | None = None
    tip: CommitId | None = None
    ready: deque[TaskId] = field(default_factory=deque)
    parked: dict[str, deque[TaskId]] = field(default_factory=dict)
    """By limited stream: what waits for a place in it (gitpar.core.streams)."""
    places: dict[str, set[TaskId]] = field(default_factory=dict)
    offered: set[TaskId] = field(default_factory=set)
    """Tasks that may start or have started, until their attempts are over."""
    solo: deque[TaskId] = field(default_factory=deque)
    solo_tried: bool = False
    finished: list[TaskId] = field(default_factory=list)
    """In the order in which they came to a result that may land."""
    to_carry: deque[TaskId] = field(default_factory=deque)
    """Results of attempts that were cut before the level was."""
    carrying: TaskId | None = None
    to_land: deque[TaskId] = field(default_factory=deque)
    aside: deque[TaskId] = field(default_factory=deque)
    candidate: Candidate | None = None
    batch: list[Candidate] = field(default_factory=list)
    """Proved on top of each other and of the tip, to be gated (gitpar.core.gates) or moved together."""
    landed: list[TaskId] = field(default_factory=list)
    """In the order of their landing; a task that changed nothing is not among them."""
    noting: ProgressCandidate | None = None
    noted: bool = False
    together: bool = False  # whether the sister runs have done with it too
    merged: CommitId | None = None  # where the target stood once the request was merged
    report: ConflictReport | None = None
    opened_at: float = 0.0
    closed_at: float = 0.0
    spent: Spent = field(default_factory=Spent)


class Run:
    """Everything known about one run. Changed only by `apply` (gitpar.core.apply)."""

    agreed: RunEnd | None = None  # with its sisters: how all of them end
    beside: tuple[Run, ...] = ()  # its sisters, while one gitpar drives them: what they take counts as well

    def __init__(self, opened: RunOpened) -> None:
        self.id: RunId = opened.run
        self.plans = opened.plans
        self.asked = opened.asked
        self.format = opened.format
        self.notices = opened.notices
        self.base: CommitId = opened.base
        self.settings: RunSettings = opened.settings
        self.rules = {rules.name: rules for rules in opened.settings.agents}
        self.stream_rules = {rules.name.casefold(): rules for rules in opened.settings.streams}
        self.graph = TaskGraph(opened.tasks)
        self.wave_notes = {note.wave: note for note in opened.wave_notes}
        self.sisters, self.elsewhere = opened.sisters, elsewhere(opened.sisters, opened.tasks)
        left_out = dict(opened.skipped)
        self.tasks = {task.id: task_run(task, left_out.get(task.id)) for task in self.graph}
        self.dag = starts_early(opened.settings)
        self.ranks = ranks(self.graph, opened.starts) if self.dag else {}
        self.queues = Level(0, ())  # for dag: those that all levels share
        self.levels = [self.new_level(n, wave) for n, wave in enumerate(self.graph.waves, start=1)]
        for level in self.levels:
            for task_id in level.tasks:
                self.tasks[task_id].level = level.number
        self._wait(opened)
        self.told: list[TaskId] = []
        """Tasks of closed levels whose workers left notes."""
        self.starts = {task_id: at for at, task_id in enumerate(opened.starts)}
        self.current = 0
        self.early = EarlyStarts()
        self.active: dict[TaskId, int] = {}
        self.orphans: dict[TaskId, int] = {}
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        """By stream that keeps one: the session of its agent (gitpar.core.sessions)."""
        self.spent = Spent()
        self.paused_until = 0.0
        self.to_end: dict[TaskId, str] = {}
        self.recovering: set[TaskId] = set()
        self.stop_requested = self.stop_now = self.stopping = False
        self.trouble = ""
        self.disturbed = ""
        self.closing: RunEnd | None = None
        self.end: RunEnd | None = None
        self.message = ""
        self.operations: list[Operation] = []
        self.max_concurrent = 0
        self.pace = Pace.of(opened.settings)
        self.opened_at = self.last_at = opened.at
        self.worked_s = 0.0
        self.since: float | None = opened.at
        self.publication: Publication | None = None
        self.pushed: dict[str, set[CommitId]] = {}
        """By branch of the remote, what this run may have pushed to it."""
        self.gates: GateBook | None = book_for(opened.settings, opened.tasks)

    def _wait(self, opened: RunOpened) -> None:
        """Notes who waits for whom within a level."""
        # in another level there is nothing to wait for
        self.waits = tuple(w for w in opened.waits if 0 < self._level_of(w.first) == self._level_of(w.later))
        self.waited = {wait.later for wait in self.waits}
        self.waiting: dict[TaskId, frozenset[TaskId]] = {}
        self.followers: dict[TaskId, tuple[TaskId, ...]] = {}
        for wait in self.waits:
            self.waiting[wait.later] = self.waiting.get(wait.later, frozenset()) | {wait.first}
            self.followers[wait.first] = (*self.followers.get(wait.first, ()), wait.later)
        for later, firsts in self.waiting.items():
            names = " and ".join(f"`{first}`" for first in self.in_plan_order(firsts))
            self.tasks[later].reason = f"waits for {names}: a conflict was predicted"

    def new_level(self, number: int, tasks: tuple[TaskId, ...]) -> Level:
        """Makes a level; where tasks start before their level is cut, all share their queues."""
        level = Level(number, tasks)
        if self.dag:
            shared = self.queues
            level.ready, level.parked, level.places = shared.ready, shared.parked, shared.places
        return level

    def _level_of(self, task_id: TaskId) -> int:
        found = self.tasks.get(task_id)
        return found.level if found is not None else 0

    @property
    def level(self) -> Level | None:
        """The level that is worked on, None when all are closed."""
        return self.levels[self.current] if self.current < len(self.levels) else None

    @property
    def limited(self) -> bool:
        """Whether the settings limit what may be spent."""
        s = self.settings
        limits = (s.max_cost_usd, s.max_tokens, s.max_time_s)
        return any(
            x is not None for x in (*limits, s.wave_max_cost_usd, s.wave_max_tokens, s.wave_max_time_s)
        )

    @property
    def tip(self) -> CommitId:
        """Where everything that landed can be found."""
        tips = [level.tip for level in self.levels if level.tip is not None]
        return tips[-1] if tips else self.base

    @property
    def state(self) -> str:
        """The state that people and programs are shown."""
        return "running" if self.end is None else self.end.value

    def in_plan_order(self, task_ids: Iterable[TaskId]) -> list[TaskId]:
        """Sorts ids as the plan lists them."""
        return sorted(task_ids, key=self.graph.position.__getitem__)


def task_run(task: Task, left_out: str | None = None) -> TaskRun:
    """Returns a task's part in a run at its beginning."""
    if task.status is TaskStatus.PENDING:
        return TaskRun(task)
    why = left_out or (
        "done in the plan" if task.status is TaskStatus.DONE else f"`{task.status_text}` in the plan"
    )
    return TaskRun(task, state=TaskState.SKIPPED, reason=why)
