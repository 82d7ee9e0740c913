"""Carries out what concerns gates: runs them in worktrees, tries results without others. No decisions.

Loaded when the first gate is to be run. Gates run on threads of their own, because a
worker may wait for a worktree that a gate has still to give back.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from gitpar.agent_port import OutputReader
from gitpar.core import commands as c
from gitpar.core import gate_commands as gc
from gitpar.core import gate_events as ge
from gitpar.core.agents import AgentReport, Trouble
from gitpar.core.events import Ending, Event
from gitpar.core.names import NO_COMMIT, NO_TREE, CommitId, RunId, TaskId, TreeId
from gitpar.core.run import Run
from gitpar.core.settings import Strategy
from gitpar.engine.places import run_folder
from gitpar.engine.watching import read_log
from gitpar.errors import GitparError
from gitpar.faults import Step, passage
from gitpar.ports import (
    AttemptKey,
    Backend,
    Capture,
    Clock,
    Job,
    Landing,
    Proof,
    Repository,
    WorkerResult,
    Workplace,
    Worktrees,
)
from gitpar.room_port import Room, Rooms
from gitpar.values import dataclass

_LONGEST_REASON = 600

Post = Callable[[Event | BaseException], None]


@dataclass(frozen=True, slots=True)
class GatePlaces:
    """The files of one run of a gate, in a folder of its own."""

    folder: Path

    @classmethod
    def of(cls, common_dir: Path, run: RunId, number: int) -> GatePlaces:
        """Names the places of a gate; nothing is made."""
        return cls(run_folder(common_dir, run) / "gates" / str(number))

    @property
    def log(self) -> Path:
        """What the gate prints."""
        return self.folder / "output.log"

    @property
    def exit(self) -> Path:
        """Where its ending is recorded before anybody is told."""
        return self.folder / "exit.json"

    @property
    def prompt(self) -> Path:
        """What an agent is asked that is a gate."""
        return self.folder / "prompt.md"

    @property
    def scratch(self) -> Path:
        """Where the gate may put what it needs and nobody keeps."""
        return self.folder / "scratch"


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is asked that is a gate: a shell command, the prompt on stdin, who reads the answer."""

    command: str
    prompt: Path
    environment: Mapping[str, str]
    reader: OutputReader


@dataclass(frozen=True, slots=True)
class GateWorld:
    """What gates act on, put together by wiring."""

    common_dir: Path
    clock: Clock
    rooms: Rooms
    worktrees: Worktrees
    backend: Backend
    repository: Repository
    environment: Callable[[gc.RunGate, Room, GatePlaces], Mapping[str, str]]
    """Makes the whole environment of a gate."""
    question: Callable[[gc.RunGate, Room, GatePlaces], Question]
    """Writes down what an agent is asked."""


class Gating:
    """Runs gates for one run. `post` is called from its threads."""

    def __init__(self, world: GateWorld, run: Run, post: Post) -> None:
        self._world = world
        self._run = run
        self._post = post
        settings = run.settings
        self._threads = ThreadPoolExecutor(settings.jobs + settings.gate_jobs + 1, "gate")
        self._places: dict[tuple[TaskId, int], tuple[Workplace, Capture]] = {}
        self._lock = threading.Lock()

    def submit(self, command: c.GateCommand, lane: Callable[[Callable[[], None]], None]) -> None:
        """Begins a command and returns at once; what computes landings is done on the `lane`."""
        match command:
            case gc.RunGate():
                self._threads.submit(self._guard, lambda: self._run_gate(command))
            case gc.RecoverGate():
                self._threads.submit(self._guard, lambda: self._recover(command))
            case gc.LeavePlace(task, n):
                self._threads.submit(self._guard, lambda: self._leave(task, n))
            case gc.MakeTrial():
                lane(lambda: self._try(command))
            case gc.BlameTask() | gc.BlameLevel():
                pass  # what becomes of them is in the event that opened the command
            case _:
                raise AssertionError(f"nobody carries out {command}")

    def shut_down(self) -> None:
        """Waits for everything that was begun; what is queued is not begun."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def drain(self) -> None:
        """Waits for everything that was begun or is queued."""
        self._threads.shutdown(wait=True)

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which raises it
            self._post(error)

    # --- attempts ------------------------------------------------------------------------

    def holds(self, task: TaskId) -> bool:
        """Says whether the worktree of a task's attempt is kept for its gates."""
        return self._run.gates is not None and bool(self._run.gates.of_task(self._run.graph[task]))

    def tree_of(self, commit: CommitId) -> TreeId:
        """Returns the tree of a result."""
        return self._world.rooms.tree_of(commit)

    def hold(self, place: Workplace, capture: Capture) -> None:
        """Keeps an attempt's worktree until it is left."""
        with self._lock:
            self._places[place.key.task, place.key.n] = (place, capture)

    def _leave(self, task: TaskId, n: int) -> None:
        with self._lock:
            held = self._places.pop((task, n), None)
        if held is not None:
            self._world.worktrees.release(*held)

    # --- gates ---------------------------------------------------------------------------

    def _run_gate(self, command: gc.RunGate) -> None:
        places = GatePlaces.of(self._world.common_dir, self._run.id, command.number)
        try:
            room = self._room(command)
            try:
                ended = self._in_room(command, room, places)
            finally:
                self._world.rooms.leave(room)
        except (OSError, GitparError) as error:
            ended = self._ended(command.number, ge.Verdict.BROKEN, message=str(error))
        self._post(replace(ended, task=command.task))

    def _room(self, command: gc.RunGate) -> Room:
        """The attempt's own worktree where that is kept and holds what is gated, else one of the pool."""
        with self._lock:
            held = self._places.get((command.task, command.n)) if command.task is not None else None
        if held is not None and held[1].result == command.commit and held[1].reusable:
            return self._world.rooms.stay(held[0], command.commit)
        return self._world.rooms.enter(command.commit)

    def _in_room(self, command: gc.RunGate, room: Room, places: GatePlaces) -> ge.GateEnded:
        shutil.rmtree(places.folder, ignore_errors=True)
        places.scratch.mkdir(parents=True)
        settings = self._run.settings
        asked = self._world.question(command, room, places) if command.rules.agent else None
        environment = self._world.environment(command, room, places)
        job = Job(
            key=AttemptKey(self._run.id, command.task or TaskId(""), command.n),
            command=asked.command if asked is not None else command.rules.command,
            cwd=room.path,
            env={**environment, **asked.environment} if asked is not None else environment,
            stdin=asked.prompt if asked is not None else Path(os.devnull),
            log=places.log,
            exit_file=places.exit,
            timeout_s=command.rules.timeout_s,
            grace_s=settings.grace_s,
            log_limit_bytes=settings.log_limit_bytes,
        )

        def started(_pid: int) -> None:
            now = self._world.clock.now()
            self._post(
                ge.GateStarted(at=now, number=command.number, log=str(places.log), worktree=str(room.path))
            )

        passage(Step.GATE_RUN)
        result = self._world.backend.run(job, started)
        passage(Step.GATE_RAN)
        edits = self._world.rooms.put_back(room)
        ended = self._judged(command.number, result, room.tree, places)
        if asked is not None:
            ended = _answered(ended, result, read_log(places.log, settings.log_limit_bytes, asked.reader))
        return replace(ended, edits=edits)

    def _judged(self, number: int, result: WorkerResult, tree: TreeId, places: GatePlaces) -> ge.GateEnded:
        """Says what a worker's ending means for a gate."""
        verdict = ge.Verdict.FAILED
        match result.ending:
            case Ending.EXITED:
                verdict = ge.Verdict.PASSED if result.exit == 0 else ge.Verdict.FAILED
            case Ending.TIMED_OUT:
                verdict = ge.Verdict.TIMED_OUT
            case Ending.INTERRUPTED:
                verdict = ge.Verdict.INTERRUPTED
            case Ending.NOT_STARTED:
                verdict = ge.Verdict.BROKEN
            case Ending.SIGNALED | Ending.CUT_SHORT:
                pass
            case _:
                assert_never(result.ending)
        message = "" if result.ending is Ending.EXITED else result.message
        ended = self._ended(number, verdict, tree=tree, message=message or _how(result))
        return replace(ended, exit=result.exit, duration_s=result.duration_s, log=str(places.log))

    def _recover(self, command: gc.RecoverGate) -> None:
        """What a dead owner's gate left running is ended; where it had ended, its word counts."""
        places = GatePlaces.of(self._world.common_dir, self._run.id, command.number)
        result = self._world.backend.recover(places.exit)
        if result is None or not result.processes_gone or command.asks_agent:
            why = result.message if result is not None else ""
            ended = self._ended(command.number, ge.Verdict.INTERRUPTED, message=why)
        else:
            ended = self._judged(command.number, result, self._world.rooms.tree_of(command.commit), places)
        self._post(replace(ended, task=command.task))

    def _ended(
        self, number: int, verdict: ge.Verdict, *, tree: TreeId = NO_TREE, message: str = ""
    ) -> ge.GateEnded:
        now = self._world.clock.now()
        return ge.GateEnded(at=now, number=number, verdict=verdict, tree=tree, message=message)

    # --- trials --------------------------------------------------------------------------

    def _try(self, command: gc.MakeTrial) -> None:
        """Merges some results without the others; the commits are named by nothing and land nowhere."""
        passage(Step.GATE_TRY)
        tip, tree = command.base, NO_TREE
        for each in command.results:
            landing = Landing(
                task=each.task,
                title=self._run.graph[each.task].title,
                n=each.n,
                run=self._run.id,
                base=each.base,
                result=each.result,
                tip=tip,
                strategy=Strategy.SQUASH,
            )
            found = self._world.repository.prove(landing)
            if not isinstance(found, Proof):
                tip, tree = NO_COMMIT, NO_TREE
                break
            tip, tree = found.commit, found.tree
        passage(Step.GATE_TRIED)
        now = self._world.clock.now()
        self._post(
            ge.TrialMade(
                at=now, level=command.level, base=command.base, tasks=command.tasks, commit=tip, tree=tree
            )
        )


def _answered(ended: ge.GateEnded, result: WorkerResult, report: AgentReport) -> ge.GateEnded:
    """Puts what an agent said in place of its exit status; trouble of its own is no verdict."""
    if result.ending is not Ending.EXITED:
        return ended
    if report.trouble is not Trouble.NONE and not report.verdict:
        why = report.message or report.trouble.value
        return replace(ended, verdict=ge.Verdict.BROKEN, message=f"the agent of a gate cannot work: {why}")
    if result.exit == 0 and report.verdict == "pass":
        return replace(ended, verdict=ge.Verdict.PASSED, message="; ".join(report.reasons))
    why = "; ".join(report.reasons) or ("fail" if report.verdict else "it gave no verdict")
    message = f"{why[:_LONGEST_REASON]}" if result.exit == 0 else f"exit status {result.exit}: {why}"
    return replace(ended, verdict=ge.Verdict.FAILED, message=message)


def _how(result: WorkerResult) -> str:
    return result.message if result.exit is None else ""
