"""What happened: the facts a journal holds and a Run is folded from. Frozen, in the past tense.

LevelOpening, AttemptOpened, LandingOpened, RunClosing, BranchesPushing, NotesPushing, RequestWriting and
RequestMerging are written before the world changes, their partners after; a resume closes what was left open.
"""

from __future__ import annotations

from enum import StrEnum

from gitpar.core.agents import COMMAND, AgentReport
from gitpar.core.asked import Asked, PredictedWait, Sisters
from gitpar.core.conflicts import ConflictReport, PathConflict
from gitpar.core.footing import Footing
from gitpar.core.forges import BranchPush, Layer, RequestState
from gitpar.core.graph import Task, WaveNote
from gitpar.core.moves import RefMove
from gitpar.core.names import NO_TREE, CommitId, RefName, RunId, TaskId, TreeId
from gitpar.core.settings import PublishAs, RunSettings
from gitpar.values import dataclass


class Ending(StrEnum):
    """How a worker's process came to its end."""

    EXITED = "exited"
    SIGNALED = "signaled"
    TIMED_OUT = "timed-out"
    INTERRUPTED = "interrupted"
    """Ended by gitpar or with gitpar: never the worker's fault, never counted as a try."""
    NOT_STARTED = "not-started"
    CUT_SHORT = "cut-short"
    """Ended by gitpar because it could not come to anything; the message says why."""


class RunEnd(StrEnum):
    """Why a run stopped."""

    DONE = "done"
    NEEDS_PERSON = "needs-you"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base of all events; `at` is the instant in seconds since 1970 UTC."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened(Event):
    """A run was made. The plan is journaled whole, so a resume needs no file."""

    run: RunId
    plans: tuple[str, ...]
    format: str
    tasks: tuple[Task, ...]
    wave_notes: tuple[WaveNote, ...]
    base: CommitId
    settings: RunSettings
    notices: tuple[str, ...] = ()
    """What the user should know before anything happens, a sentence each."""
    skipped: tuple[tuple[TaskId, str], ...] = ()
    """Tasks left out by the user's word, each with the reason."""
    waits: tuple[PredictedWait, ...] = ()
    starts: tuple[TaskId, ...] = ()
    """The order to start the tasks of waves in which some wait; the others start in plan order."""
    asked: Asked = Asked()
    sisters: Sisters | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed(Event):
    """A new owner took the run over: what its predecessor had begun is open again.

    A limit that is not None takes the place of the one the run began with.
    """

    max_cost_usd: float | None = None
    max_tokens: int | None = None
    max_time_s: float | None = None
    wave_max_cost_usd: float | None = None
    wave_max_tokens: int | None = None
    wave_max_time_s: float | None = None
    task_max_cost_usd: float | None = None
    task_max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDecided(Event):
    """A person decided about tasks that came to nothing: tried again, left out, or landed as they are.

    What was settled by hand (`resolve`) follows as an attempt of its own. Tasks that are for
    a person are done once one says so (`approve`, with the answer for later tasks, or empty).
    """

    retry: tuple[TaskId, ...] = ()
    skip: tuple[TaskId, ...] = ()
    accept: tuple[TaskId, ...] = ()
    resolve: tuple[TaskId, ...] = ()
    approve: tuple[tuple[TaskId, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """Somebody asked the run to stop: nothing new starts. With `now` workers are ended too."""

    now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOpening(Event):
    """The level's branch is about to be cut at `base`."""

    level: int
    base: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOpened(Event):
    """The level's branch stands."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOpened(Event):
    """An attempt is about to get a worktree and a worker."""

    task: TaskId
    n: int
    base: CommitId
    timeout_s: float | None
    rerun: bool = False
    """Whether it is run again because the result before it did not merge."""
    agent: str = COMMAND
    """The name of the profile that works on it."""
    session: str = ""
    """The session of an earlier attempt that its agent goes on with."""
    footing: Footing | None = None
    repair: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """The worker's process runs; `afresh` where the worktree of its session was taken."""

    task: TaskId
    n: int
    pid: int
    worktree: str
    log: str
    afresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEnded(Event):
    """The worker and all of its processes are gone. `exit` is None when it did not exit by itself."""

    task: TaskId
    n: int
    ending: Ending
    exit: int | None
    duration_s: float
    message: str = ""
    report: AgentReport | None = None
    """What an agent's output told; None of a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCaptured(Event):
    """Everything the attempt left is kept. `tree` is its result's where gates want to know it.

    `result` is the commit that may land, equal to the base where nothing changed.
    `problem` says why it must not land although the worker may have exited 0
    (a rebase left in progress, history below the base rewritten).
    `undone` lists lines of this run's landings that a re-run took away, as `path:line`.
    """

    task: TaskId
    n: int
    result: CommitId
    files: tuple[str, ...]
    problem: str = ""
    notes: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    """What changed outside its worktree while it worked: settings, hooks, refs, the user's files."""
    progress: str = ""
    """What the worker wrote for the workers of other tasks."""
    tree: TreeId = NO_TREE


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLost(Event):
    """The attempt came to nothing for reasons of the machine (disk full, worktree not made).

    What it left stays where it is; `message` says where.
    """

    task: TaskId
    n: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecovering(Event):
    """What a dead owner's attempt left is about to be captured."""

    task: TaskId
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersStopping(Event):
    """Every running worker is about to be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelComparing(Event):
    """The wave's results are about to be compared."""

    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCompared(Event):
    """What the wave's results have in common."""

    level: int
    report: ConflictReport


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingTried(Event):
    """A landing is about to be computed and proved on top of `tip`; no ref moves."""

    task: TaskId
    n: int
    tip: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingProved(Event):
    """The landing commit exists and its certificate holds."""

    task: TaskId
    n: int
    tip: CommitId
    commit: CommitId
    tree: TreeId
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingRefused(Event):
    """The result does not merge on `tip`, or its certificate does not hold (`reason`)."""

    task: TaskId
    n: int
    tip: CommitId
    conflicts: tuple[PathConflict, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingOpened(Event):
    """The level's branch is about to move from `tip` to `commit`."""

    task: TaskId
    n: int
    tip: CommitId
    commit: CommitId
    more: tuple[TaskId, ...] = ()  # what lands together with it and stands on it, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed(Event):
    """The level's branch moved."""

    task: TaskId
    n: int
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDisturbed(Event):
    """Somebody else moved a ref of the run; nothing was overwritten and the run stops."""

    level: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClosing(Event):
    """All that could be done is done: the end is about to be made (`--into`, worktrees)."""

    end: RunEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClosed(Event):
    """The run ended. `message` is what became of `--into`, where it was asked for."""

    end: RunEnd
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOpened(Event):
    """The run is about to be published: `layers` lie on each other and at last on `target`."""

    mode: PublishAs
    remote: str
    target: str
    layers: tuple[Layer, ...]
    notes: bool = False
    """Whether the certificates are pushed as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchesPushing(Event):
    """Branches are about to be pushed, all or none."""

    pushes: tuple[BranchPush, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchesPushed(Event):
    """The push has ended; `refused` says why nothing moved, empty where all did."""

    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesPushing(Event):
    """The notes that hold the certificates are about to be pushed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesPushed(Event):
    """The notes are on the remote; `refused` says why not where they are not."""

    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWriting(Event):
    """A request from `head` into `base` is about to be made, or the one with that number changed."""

    head: str
    base: str
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMerging(Event):
    """A request is about to be merged."""

    head: str
    number: int
    commit: CommitId


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSeen(Event):
    """What the forge has for a branch: after it was made, changed or merged, or as it was found."""

    head: str
    number: int
    url: str
    base: str
    commit: CommitId
    state: RequestState


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishClosed(Event):
    """All that could be published is; `problems` are for a person, a sentence each."""

    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing(Event):
    """Refs are about to be put back: what a run moved, or an earlier undo (`of`)."""

    operation: str
    of: str
    moves: tuple[RefMove, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Event):
    """The refs that could be put back are; the others somebody else has moved or uses."""

    operation: str
    moved: tuple[RefName, ...]
