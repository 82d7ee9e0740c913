"""Carries out what concerns gates: runs them in worktrees, tries results without others. No decisions.

Loaded when the first gate is to be run. Gates run on threads of their own, because a
worker may wait for a worktree that a gate has still to give back.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gitpar.agent_port import OutputReader
from gitpar.core import commands as c
from gitpar.core import gate_commands as gc
from gitpar.core import gate_events as ge
from gitpar.core.agents import Trouble
from gitpar.core.events import Event
from gitpar.core.names import NO_COMMIT, NO_TREE, CommitId, TaskId, TreeId
from gitpar.core.run import Run
from gitpar.core.settings import Strategy
from gitpar.engine.gate_verdicts import answered, judged
from gitpar.engine.gate_world import GatePlaces, GateWorld, Question
from gitpar.engine.threads import Threads
from gitpar.engine.watching import Alarms, Watch, Watching, read_log
from gitpar.errors import GitparError
from gitpar.faults import Step, passage
from gitpar.ports import AttemptKey, Capture, Job, Landing, Proof, Workplace
from gitpar.room_port import Room

Post = Callable[[Event | BaseException], None]


class Gating:
    """Runs gates for one run. `post` is called from its threads."""

    def __init__(self, world: GateWorld, run: Run, post: Post) -> None:
        self._world = world
        self._run = run
        self._post = post
        settings = run.settings
        self._threads = Threads(settings.jobs + settings.gate_jobs + 1, "gate", post)
        self._watching = Watching()
        self._places: dict[tuple[TaskId, int], tuple[Workplace, Capture]] = {}
        self._lock = threading.Lock()

    def submit(self, command: c.GateCommand, lane: Callable[[Callable[[], None]], None]) -> None:
        """Begins a command and returns at once; what computes landings is done on the `lane`."""
        match command:
            case gc.RunGate():
                self._threads.submit(lambda: self._run_gate(command))
            case gc.RecoverGate():
                self._threads.submit(lambda: self._recover(command))
            case gc.EndGate():
                self._threads.submit(lambda: self._end(command))
            case gc.LeavePlace(task, n):
                self._threads.submit(lambda: self._leave(task, n))
            case gc.MakeTrial():
                lane(lambda: self._try(command))
            case gc.BlameTask() | gc.BlameLevel():
                pass  # what becomes of them is in the event that opened the command
            case _:
                raise AssertionError(f"nobody carries out {command}")

    def shut_down(self) -> None:
        """Waits for everything that was begun; what is queued is not begun."""
        self._threads.shut_down()
        self._watching.close()

    def drain(self) -> None:
        """Waits for everything that was begun or is queued."""
        self._threads.drain()

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
            ended = replace(self._ended(command.number), verdict=ge.Verdict.BROKEN, message=str(error))
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
        asked = self._world.question(command, room, places) if command.rules.agent else None
        job = self._job(command, room, places, asked)

        def started(_pid: int) -> None:
            now = self._world.clock.now()
            self._post(
                ge.GateStarted(at=now, number=command.number, log=str(places.log), worktree=str(room.path))
            )

        watch = self._watch(command, places.log, asked.reader) if asked is not None else None
        passage(Step.GATE_RUN)
        result = self._watching.run(self._world.backend, job, started, watch)
        passage(Step.GATE_RAN)
        edits = self._world.rooms.put_back(room)
        ended = judged(self._ended(command.number), result, room.tree, places.log)
        if ended.verdict is ge.Verdict.TIMED_OUT and command.timeout_s is not None:
            why = f"the time of the run is used up: {command.timeout_s:.0f} s were left for it"
            ended = replace(ended, verdict=ge.Verdict.BROKEN, message=why)
        if watch is not None:
            ended = answered(ended, result, watch.end())
        return replace(ended, edits=edits)

    def _job(self, command: gc.RunGate, room: Room, places: GatePlaces, asked: Question | None) -> Job:
        settings, environment = self._run.settings, self._world.environment(command, room, places)
        added = asked.environment if asked is not None else {}
        limit_s = command.rules.timeout_s if command.timeout_s is None else command.timeout_s
        job = Job(
            key=AttemptKey(self._run.id, command.task or TaskId(""), command.n),
            command=asked.command if asked is not None else command.rules.command,
            cwd=room.path,
            env={**environment, **added},
            stdin=asked.prompt if asked is not None else Path(os.devnull),
            log=places.log,
            exit_file=places.exit,
            timeout_s=limit_s,
            grace_s=settings.grace_s,
            log_limit_bytes=settings.log_limit_bytes,
        )
        return self._world.confined(job, command, room, added)

    def _watch(self, command: gc.RunGate, log: Path, reader: OutputReader) -> Watch:
        """Has whatever troubles the agent while it works told to the loop, which decides about it."""
        rules = self._run.rules.get(command.rules.agent)

        def tell(trouble: Trouble, message: str) -> None:
            now = self._world.clock.now()
            self._post(ge.GateTroubled(at=now, number=command.number, trouble=trouble, message=message))

        def silent(for_s: float, asks: str) -> None:
            now = self._world.clock.now()
            self._post(ge.GateSilent(at=now, number=command.number, for_s=for_s, asks=asks))

        idle_s = rules.idle_timeout_s if rules is not None else None
        alarms = Alarms(tell, silent, idle_s, command.allowance, whose="the run's budget")
        return Watch(log, self._run.settings.log_limit_bytes, reader, alarms)

    def _end(self, command: gc.EndGate) -> None:
        places = GatePlaces.of(self._world.common_dir, self._run.id, command.number)
        self._world.backend.end(places.exit, command.message)

    def _recover(self, command: gc.RecoverGate) -> None:
        """What a dead owner's gate left running is ended; where it had ended, its word counts."""
        places = GatePlaces.of(self._world.common_dir, self._run.id, command.number)
        result = self._world.backend.recover(places.exit)
        ended = self._ended(command.number)
        if command.agent:
            limit = self._run.settings.log_limit_bytes
            report = read_log(places.log, limit, self._world.reader(command.agent))
            ended = replace(ended, report=report, message=result.message if result is not None else "")
        elif result is None or not result.processes_gone:
            ended = replace(ended, message=result.message if result is not None else "")
        else:
            ended = judged(ended, result, self._world.rooms.tree_of(command.commit), places.log)
        self._post(replace(ended, task=command.task))

    def _ended(self, number: int) -> ge.GateEnded:
        """The end of a gate of which nothing is known yet."""
        now = self._world.clock.now()
        return ge.GateEnded(at=now, number=number, verdict=ge.Verdict.INTERRUPTED, tree=NO_TREE)

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
