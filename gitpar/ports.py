"""What the engine needs of the world, as Protocols of at most six methods.

Adapters fulfil them; gitpar.wiring puts them together. Values that cross the border are declared here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from gitpar.core.changes import ChangeSet
from gitpar.core.conflicts import ConflictReport, PathConflict
from gitpar.core.events import Ending, Event
from gitpar.core.forges import BranchPush, ChangeRequest, Draft, OpenChange
from gitpar.core.names import CommitId, RefName, Results, RunId, TaskId, TreeId
from gitpar.core.progress import Aside, ProgressLanding
from gitpar.core.run import Run
from gitpar.core.session import ANYWHERE, Wish
from gitpar.core.settings import Strategy
from gitpar.core.settlement import SettledPath, Settlement
from gitpar.values import dataclass


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        ...


# --- repository -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One line of a ref transaction; an empty id means "does not exist"."""

    ref: RefName
    new: CommitId
    old: CommitId


class Refs(Protocol):
    """The user's refs. Nothing moves without its old value."""

    def resolve(self, revision: str) -> CommitId:
        """Returns the commit a revision names; raises UsageError where there is none."""
        ...

    def read(self, prefix: str) -> Mapping[RefName, CommitId]:
        """Lists the refs below a prefix."""
        ...

    def move(self, updates: Sequence[RefUpdate]) -> None:
        """Moves all refs or none, durably; raises RefMoved where an old value differs."""
        ...

    def close(self) -> None:
        """Ends whatever process serves the refs."""
        ...


class Ledger(Protocol):
    """Moves levels and keeps the proof of each move beside it."""

    def land(self, ref: RefName, tip: CommitId, landings: Sequence[tuple[CommitId, str]]) -> None:
        """Moves a level over landings, each on the one before, and notes their certificates on them.

        All or nothing, durably. Raises RefMoved where the level is not at `tip`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Landing:
    """What is to land: `result`, cut from `base`, on top of `tip`."""

    task: TaskId
    title: str
    n: int
    run: RunId
    base: CommitId
    result: CommitId
    tip: CommitId
    strategy: Strategy
    message: str | None = None
    """The commit message that the plan asks for, without trailers."""
    settlement: Settlement | None = None
    """What policies made of its conflicts; None for git's plain merge."""
    carried: tuple[SettledPath, ...] = ()  # what they had settled when it was carried over


@dataclass(frozen=True, slots=True)
class Proof:
    """A landing commit that was computed and proved. `certificate` is JSON."""

    commit: CommitId
    tree: TreeId
    certificate: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a result does not land: git's conflicts, or a certificate that does not hold."""

    conflicts: tuple[PathConflict, ...] = ()
    reason: str = ""


class Repository(Protocol):
    """Reading and computing in the coordinator repository; moves no ref, ever."""

    def change_sets(self, pairs: Sequence[tuple[CommitId, CommitId]]) -> Sequence[ChangeSet]:
        """Returns what changed from the first to the second commit of each pair, in order."""
        ...

    def compare(
        self, base: CommitId, results: Results, *, fold: bool = True, expected: Sequence[Landing] = ()
    ) -> ConflictReport:
        """Returns every pair that shares something, with its tier, and the in-order fold.

        A run does without the fold: its landings are one. Those `expected` next may be proved meanwhile.
        """
        ...

    def prove(self, landing: Landing) -> Proof | Refusal:
        """Computes a landing commit and proves it; it is durably stored now, or when the ledger lands it."""
        ...

    def carry(self, landing: Landing) -> Proof | Refusal:
        """Makes a result anew on a tip that need not descend from its base, durably stored, and proves it."""
        ...

    def undone(self, level_base: CommitId, tip: CommitId, first: CommitId, result: CommitId) -> Sequence[str]:
        """Lists as `path:line` the lines landed between level_base and tip that `result` takes away again.

        A line counts only where what replaces it is nothing, or stood in the first
        attempt or at the level's base: the worker put back what it had seen before.
        """
        ...

    def close(self) -> None:
        """Ends its processes and removes scratch objects."""
        ...


class Progress(Protocol):
    """The files of a run that are gitpar's own: the plan, and the progress file on the level."""

    def prove(self, landing: ProgressLanding) -> Proof | Refusal:
        """Computes the commit that adds a level's notes, durably stored, and proves it; moves nothing."""
        ...

    def set_aside(self, base: CommitId, result: CommitId, paths: Collection[str]) -> Aside:
        """Takes a result's changes to some paths out of it; the base itself where nothing else changed."""
        ...


# --- worktrees --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptKey:
    """Names one attempt of one run."""

    run: RunId
    task: TaskId
    n: int


@dataclass(frozen=True, slots=True)
class Workplace:
    """A worktree handed to one attempt. `path` exists and stands at `base` on `branch`."""

    key: AttemptKey
    slot: int
    path: Path
    branch: RefName
    base: CommitId


@dataclass(frozen=True, slots=True)
class Capture:
    """What an attempt left, kept under refs. See core.events.AttemptCaptured for the fields."""

    result: CommitId
    keep: CommitId
    problem: str = ""
    notes: tuple[str, ...] = ()
    reusable: bool = True
    """Whether the worktree may be reset and handed on; False retires it."""


class Worktrees(Protocol):
    """Isolated worktrees for attempts. Calls may come from several threads at once."""

    def open(self, key: AttemptKey, base: CommitId, wish: Wish = ANYWHERE) -> Workplace:
        """Hands out a clean worktree at `base`, its HEAD on the attempt's new branch."""
        ...

    def capture(self, place: Workplace, *, processes_gone: bool) -> Capture:
        """Keeps everything in the worktree under the attempt's branch and keep-ref, in one transaction."""
        ...

    def release(self, place: Workplace, capture: Capture) -> None:
        """Makes the worktree clean for the next attempt, or retires it."""
        ...

    def recover(self, key: AttemptKey, base: CommitId) -> Capture | None:
        """Captures what a dead owner's attempt left, then retires its worktree.

        Returns the capture already made where there is one, and None where the
        attempt never got a worktree.
        """
        ...

    def close(self) -> None:
        """Removes all worktrees that hold nothing; what is retired stays and is named by doctor."""
        ...


# --- workers ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """One worker process to run, complete: it could be run elsewhere."""

    key: AttemptKey
    command: str
    cwd: Path
    env: Mapping[str, str]
    """The whole environment of the worker, not an addition."""
    stdin: Path
    log: Path
    exit_file: Path
    """Written (durably, by rename) the moment the worker has ended, before anybody is told."""
    timeout_s: float | None
    grace_s: float
    log_limit_bytes: int
    sandbox: tuple[str, ...] = ()
    """The program, with its arguments, that runs the command in a sandbox; empty for none."""


@dataclass(frozen=True, slots=True)
class WorkerResult:
    """How a worker ended. `processes_gone` is False where one could not be ended."""

    ending: Ending
    exit: int | None
    duration_s: float
    message: str = ""
    processes_gone: bool = True


class Backend(Protocol):
    """Where workers run. Calls of `run` come from several threads at once."""

    def run(self, job: Job, started: Callable[[int], None]) -> WorkerResult:
        """Runs the worker and returns when all of its processes are gone; calls `started(pid)` once."""
        ...

    def stop(self) -> None:
        """Ends every worker that runs now (interrupt, grace, kill); their `run` returns INTERRUPTED."""
        ...

    def end(self, job_exit_file: Path, why: str) -> None:
        """Ends one worker (interrupt, grace, kill); its `run` returns CUT_SHORT with the reason."""
        ...

    def recover(self, job_exit_file: Path) -> WorkerResult | None:
        """Ends what a dead owner's worker left running; returns its ending if that was recorded."""
        ...

    def close(self) -> None:
        """Ends the backend's own processes."""
        ...


# --- journal ----------------------------------------------------------------------------


class Journal(Protocol):
    """The durable list of what happened, one list a run, all runs of a repository in one file."""

    def append(self, events: Sequence[Event]) -> None:
        """Adds events to the run that is owned, in one durable transaction."""
        ...

    def events(self, run: RunId, after: int = 0) -> Sequence[Event]:
        """Returns a run's events in order, leaving out the first `after`."""
        ...

    def runs(self) -> Sequence[RunId]:
        """Names all runs, oldest first."""
        ...

    def close(self) -> None:
        """Gives the lease back and closes the file."""
        ...


# --- remote -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RemoteBranches:
    """The branches of a remote by short name, and the one that it calls its own, empty for none."""

    branches: Mapping[str, CommitId]
    default: str


class Remote(Protocol):
    """Another repository that branches are pushed to. Raises RemoteLost where it cannot be reached."""

    def look(self, wanted: Sequence[str]) -> RemoteBranches:
        """Returns those of its branches that match the names or globs."""
        ...

    def push(self, pushes: Sequence[BranchPush]) -> str:
        """Pushes all or none, each only where it still stands as expected; returns why not, else nothing."""
        ...

    def push_notes(self) -> str:
        """Pushes the notes with the certificates, forward only; returns why not, else nothing."""
        ...

    def contains(self, newer: CommitId, older: CommitId) -> bool:
        """Says whether a commit has another, perhaps unknown one in its past."""
        ...


# --- forge ------------------------------------------------------------------------------


class Forge(Protocol):
    """Pull or merge requests of one repository. Raises ForgeRefused where the forge says no.

    Reading and `update` are tried again where an answer is lost; `open` and `merge` raise
    ForgeUnsure then, and whoever called looks before calling again.
    """

    def listed(self, target: str) -> Sequence[OpenChange]:
        """Returns the open requests into one branch."""
        ...

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        """Returns all requests from one branch of the repository itself, whatever became of them."""
        ...

    def read(self, number: int) -> ChangeRequest:
        """Returns one request."""
        ...

    def open(self, draft: Draft) -> ChangeRequest:
        """Makes a request; refused where there is an open one from and into the same branches."""
        ...

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        """Gives a request another base, title and body; its head stays."""
        ...

    def merge(self, number: int, commit: CommitId) -> str:
        """Merges a request whose head is `commit`; returns why not where it was not merged, else nothing."""
        ...


# --- seen -------------------------------------------------------------------------------


class Watcher(Protocol):
    """Somebody who looks on while a run goes. Called on the engine's thread, so it must be quick."""

    @property
    def interval_s(self) -> float | None:
        """How often `tick` should be called, in seconds; None for never."""
        ...

    def begin(self, run: Run) -> None:
        """Called once, before anything happens; `run.notices` are for the user to read."""
        ...

    def event(self, event: Event, run: Run) -> None:
        """Called after each event was applied."""
        ...

    def tick(self, run: Run) -> None:
        """Called about every `interval_s`."""
        ...

    def end(self, run: Run) -> None:
        """Called once, also when the engine fails."""
        ...
