"""Carries commands out: one method a command, each posting the events that tell what came of it.

No decisions. Every method may be called again for a command that a dead owner had begun:
it finds what is there already. Attempts run on threads of their own, everything that
reads or moves the level on one further thread, in order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from gitpar.agent_port import Agent, Assignment, OutputReader
from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agents import COMMAND, AgentReport, Trouble
from gitpar.core.briefing import Briefing, briefing
from gitpar.core.certificate import read as read_certificate
from gitpar.core.names import NO_COMMIT, CommitId, TaskId, level_ref
from gitpar.core.run import Run
from gitpar.engine.noting import Noting, Reserved, Sorted, read_notes, sorted_out
from gitpar.engine.places import AttemptPlaces
from gitpar.engine.watching import Alarms, Watch, Watching, read_log
from gitpar.errors import GitparError, RefMoved
from gitpar.faults import Step, passage
from gitpar.ports import (
    AttemptKey,
    Backend,
    Capture,
    Clock,
    Job,
    Landing,
    Ledger,
    Progress,
    Proof,
    Refs,
    RefUpdate,
    Refusal,
    Repository,
    WorkerResult,
    Workplace,
    Worktrees,
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything a run acts on, put together by wiring."""

    common_dir: Path
    clock: Clock
    refs: Refs
    repository: Repository
    ledger: Ledger
    worktrees: Worktrees
    backend: Backend
    agent: Callable[[str], Agent]
    """Returns the agent of a name."""
    outside: Callable[[bool], tuple[str, ...]]
    """Says what changed outside the worktrees since it was asked last; True looks at the checkout too."""
    environment: Callable[[Workplace, AttemptPlaces, Mapping[str, str]], dict[str, str]]
    """Makes the whole environment of a worker; the last argument is what its agent adds."""
    progress: Progress
    reserved: Reserved
    finish: Callable[[Run, CommitId, e.RunEnd], str]
    """Makes the end of a run (`--into`, write-back); returns what to say about it."""


Post = Callable[[e.Event | BaseException], None]


class Executor:
    """Hands commands to threads. `post` is called from those threads."""

    def __init__(self, world: World, run: Run, post: Post) -> None:
        self._world = world
        self._run = run
        self._post = post
        self._attempts = ThreadPoolExecutor(max(1, run.settings.jobs), "attempt")
        self._lane = ThreadPoolExecutor(1, "lane")
        self._watching = Watching()
        self._timers: list[threading.Timer] = []
        self._noting = Noting(world.progress, world.ledger, world.clock, post)

    def submit(self, command: c.Command) -> None:  # noqa: C901, PLR0912 - one row a command
        """Begins a command and returns at once."""
        match command:
            case c.StartAttempt():
                told = briefing(self._run, command.task)
                self._attempts.submit(self._guard, lambda: self._start_attempt(command, told))
            case c.RecoverAttempt():
                self._attempts.submit(self._guard, lambda: self._recover_attempt(command))
            case c.OpenLevel():
                self._lane.submit(self._guard, lambda: self._open_level(command))
            case c.CompareLevel():
                self._lane.submit(self._guard, lambda: self._compare_level(command))
            case c.ProveLanding():
                self._lane.submit(self._guard, lambda: self._prove_landing(command))
            case c.MoveLevel():
                self._lane.submit(self._guard, lambda: self._move_level(command))
            case c.EndWorker():
                self._lane.submit(self._guard, lambda: self._end_worker(command))
            case c.Pause():
                self._pause(command)
            case c.StopForBudget():
                pass  # what stops the run is in the event that opened the command
            case c.ProveNotes():
                self._lane.submit(self._guard, lambda: self._noting.prove(command))
            case c.MoveNotes():
                self._lane.submit(self._guard, lambda: self._move_notes(command))
            case c.StopWorkers():
                self._lane.submit(self._guard, self._world.backend.stop)
            case c.CloseRun():
                self._lane.submit(self._guard, lambda: self._close_run(command))
            case _:
                assert_never(command)

    def shut_down(self) -> None:
        """Waits for everything that was begun; what is queued is not begun."""
        self._attempts.shutdown(wait=True, cancel_futures=True)
        self._lane.shutdown(wait=True, cancel_futures=True)
        self._watching.close()
        for timer in self._timers:
            timer.cancel()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which raises it
            self._post(error)

    # --- attempts ------------------------------------------------------------------------

    def _key(self, task: TaskId, n: int) -> AttemptKey:
        return AttemptKey(self._run.id, task, n)

    def _start_attempt(self, command: c.StartAttempt, told: Briefing) -> None:
        key = self._key(command.task, command.n)
        try:
            place = self._world.worktrees.open(key, command.base)
            result = self._work(command, told, place)
            capture = self._world.worktrees.capture(place, processes_gone=result.processes_gone)
            outside = self._world.outside(command.agent != COMMAND)
            self._post(self._captured(command, capture, outside))
        except (OSError, GitparError) as error:
            self._post(self._lost(command.task, command.n, error))
            return
        self._world.worktrees.release(place, capture)

    def _work(self, command: c.StartAttempt, told: Briefing, place: Workplace) -> WorkerResult:
        agent = self._world.agent(command.agent)
        places = AttemptPlaces.of(self._world.common_dir, place.key)
        places.make(agent.prompt(told))
        work = Assignment(told, place.path, places.prompt, places.folder, command.session)
        limit = self._run.settings.log_limit_bytes
        reader = agent.reader()
        watch = self._watch(command, places.log, reader) if reader is not None else None
        job = Job(
            key=place.key,
            command=agent.command(work),
            cwd=place.path,
            env=self._world.environment(place, places, agent.environment(work)),
            stdin=places.prompt,
            log=places.log,
            exit_file=places.exit,
            timeout_s=command.timeout_s,
            grace_s=self._run.settings.grace_s,
            log_limit_bytes=limit,
        )

        def started(pid: int) -> None:
            self._post(
                e.WorkerStarted(
                    at=self._world.clock.now(),
                    task=command.task,
                    n=command.n,
                    pid=pid,
                    worktree=str(place.path),
                    log=str(places.log),
                )
            )

        result = self._watched(job, started, watch)
        report = watch.end() if watch is not None else None
        self._post(self._ended(command.task, command.n, result, report))
        return result

    def _watched(self, job: Job, started: Callable[[int], None], watch: Watch | None) -> WorkerResult:
        if watch is None:
            return self._world.backend.run(job, started)
        self._watching.add(watch)
        try:
            return self._world.backend.run(job, started)
        finally:
            self._watching.remove(watch)

    def _watch(self, command: c.StartAttempt, log: Path, reader: OutputReader) -> Watch:
        """Has whatever troubles an agent while it works told to the loop, which decides about it."""
        rules = self._run.rules.get(command.agent)

        def tell(trouble: Trouble, message: str) -> None:
            now = self._world.clock.now()
            self._post(
                ae.AgentTroubled(at=now, task=command.task, n=command.n, trouble=trouble, message=message)
            )

        def silent(for_s: float, asks: str) -> None:
            now = self._world.clock.now()
            self._post(ae.AgentSilent(at=now, task=command.task, n=command.n, for_s=for_s, asks=asks))

        idle_s = rules.idle_timeout_s if rules is not None else None
        return Watch(log, self._run.settings.log_limit_bytes, reader, Alarms(tell, silent, idle_s))

    def _end_worker(self, command: c.EndWorker) -> None:
        places = AttemptPlaces.of(self._world.common_dir, self._key(command.task, command.n))
        self._world.backend.end(places.exit, command.message)

    def _pause(self, command: c.Pause) -> None:
        def over() -> None:
            # clocks may differ by a hair: the instant has come when the timer says so
            self._post(ae.PauseOver(at=max(self._world.clock.now(), command.until)))

        timer = threading.Timer(max(0.0, command.until - self._world.clock.now()), over)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _recover_attempt(self, command: c.RecoverAttempt) -> None:
        key = self._key(command.task, command.n)
        places = AttemptPlaces.of(self._world.common_dir, key)
        try:
            result = self._world.backend.recover(places.exit)
            if result is not None:
                reader = self._world.agent(command.agent).reader()
                limit = self._run.settings.log_limit_bytes
                report = read_log(places.log, limit, reader) if reader is not None else None
                self._post(self._ended(command.task, command.n, result, report))
            capture = self._world.worktrees.recover(key, command.base)
            if capture is None:
                capture = Capture(result=command.base, keep=NO_COMMIT, notes=("it had not begun",))
            self._post(self._captured(command, capture))
        except (OSError, GitparError) as error:
            self._post(self._lost(command.task, command.n, error))

    def _captured(
        self, command: c.StartAttempt | c.RecoverAttempt, capture: Capture, outside: tuple[str, ...] = ()
    ) -> e.AttemptCaptured:
        undone: tuple[str, ...] = ()
        places = AttemptPlaces.of(self._world.common_dir, self._key(command.task, command.n))
        found = Sorted(capture.result, (), progress=read_notes(places.notes))
        if capture.result != command.base:
            files = self._world.repository.change_sets([(command.base, capture.result)])[0].paths
            found = replace(found, files=tuple(files))
            found = sorted_out(self._world.progress, self._world.reserved, command.base, found)
            if command.rerun is not None:
                undone = tuple(
                    self._world.repository.undone(
                        command.rerun.level_base, command.base, command.rerun.first, found.result
                    )
                )
        left = (
            f"its changes to {path} are left out of what lands: it is gitpar's" for path in found.left_out
        )
        return e.AttemptCaptured(
            at=self._world.clock.now(),
            task=command.task,
            n=command.n,
            result=found.result,
            files=found.files,
            problem=capture.problem,
            notes=(*capture.notes, *left),
            outside=outside,
            undone=undone,
            progress=found.progress,
        )

    def _ended(self, task: TaskId, n: int, result: WorkerResult, report: AgentReport | None) -> e.WorkerEnded:
        return e.WorkerEnded(
            at=self._world.clock.now(),
            task=task,
            n=n,
            ending=result.ending,
            exit=result.exit,
            duration_s=result.duration_s,
            message=result.message,
            report=report,
        )

    def _lost(self, task: TaskId, n: int, error: OSError | GitparError) -> e.AttemptLost:
        return e.AttemptLost(at=self._world.clock.now(), task=task, n=n, message=str(error))

    # --- levels --------------------------------------------------------------------------

    def _open_level(self, command: c.OpenLevel) -> None:
        ref = level_ref(self._run.settings.prefix, self._run.id, command.level)
        passage(Step.LEVEL_CREATE)
        try:
            self._world.refs.move([RefUpdate(ref, command.base, NO_COMMIT)])
        except RefMoved as moved:
            if moved.found != command.base:
                self._disturbed(command.level, moved)
                return
        passage(Step.LEVEL_CREATED)
        self._post(e.LevelOpened(at=self._world.clock.now(), level=command.level))

    def _compare_level(self, command: c.CompareLevel) -> None:
        passage(Step.COMPARE)
        report = self._world.repository.compare(command.base, command.results, fold=False)
        self._post(e.LevelCompared(at=self._world.clock.now(), level=command.level, report=report))

    def _prove_landing(self, command: c.ProveLanding) -> None:
        task = self._run.graph[command.task]
        passage(Step.LANDING_PROVE)
        landing = Landing(
            task=command.task,
            title=task.title,
            n=command.n,
            run=self._run.id,
            base=command.base,
            result=command.result,
            tip=command.tip,
            strategy=self._run.settings.strategy,
            message=task.commit_message,
        )
        outcome = self._world.repository.prove(landing)
        if isinstance(outcome, Proof) and not _is_about(landing, outcome):
            outcome = Refusal(reason="its certificate is about another landing")
        passage(Step.LANDING_PROVED)
        now = self._world.clock.now()
        if isinstance(outcome, Proof):
            self._post(
                e.LandingProved(
                    at=now,
                    task=command.task,
                    n=command.n,
                    tip=command.tip,
                    commit=outcome.commit,
                    tree=outcome.tree,
                    certificate=outcome.certificate,
                )
            )
        else:
            self._post(
                e.LandingRefused(
                    at=now,
                    task=command.task,
                    n=command.n,
                    tip=command.tip,
                    conflicts=outcome.conflicts,
                    reason=outcome.reason,
                )
            )

    def _move_level(self, command: c.MoveLevel) -> None:
        ref = level_ref(self._run.settings.prefix, self._run.id, command.level)
        passage(Step.LANDING_MOVE)
        try:
            self._world.ledger.land(RefUpdate(ref, command.commit, command.tip), command.certificate)
        except RefMoved as moved:
            if moved.found != command.commit:
                self._disturbed(command.level, moved)
                return
        passage(Step.LANDING_MOVED)
        self._post(
            e.Landed(at=self._world.clock.now(), task=command.task, n=command.n, commit=command.commit)
        )

    def _move_notes(self, command: c.MoveNotes) -> None:
        moved = self._noting.move(command, self._run.id, self._run.settings.prefix)
        if moved is not None:
            self._disturbed(command.level, moved)

    def _disturbed(self, level: int, moved: RefMoved) -> None:
        message = f"{moved.message}: somebody else moved it, so nothing was overwritten"
        self._post(e.LevelDisturbed(at=self._world.clock.now(), level=level, message=message))

    def _close_run(self, command: c.CloseRun) -> None:
        # slots are given back by their own threads; wait for those first
        self._attempts.shutdown(wait=True)
        if not self._run.settings.keep_worktrees:
            self._world.worktrees.close()
        message = self._world.finish(self._run, command.tip, command.end)
        self._post(e.RunClosed(at=self._world.clock.now(), end=command.end, message=message))


def _is_about(landing: Landing, proof: Proof) -> bool:
    """Says whether a proof's certificate is about this landing and the commit that comes with it."""
    found = read_certificate(proof.certificate)
    declared = (landing.run, landing.task, landing.n, landing.strategy, landing.base, landing.tip)
    return (
        found is not None
        and found.about() == (*declared, landing.result)
        and (found.commit, found.tree) == (proof.commit, proof.tree)
    )
