"""Attempts at tasks: worktree, worker, capture. Each posts the events that tell what came of it.

No decisions. Called on threads of its own, once an attempt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.agent_port import Assignment, OutputReader
from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agents import COMMAND, AgentReport, Trouble
from gitpar.core.briefing import Briefing
from gitpar.core.names import NO_COMMIT, NO_TREE, CommitId, TaskId, TreeId
from gitpar.core.run import Run
from gitpar.core.session import Wish
from gitpar.engine.noting import Sorted, read_notes, sorted_out
from gitpar.engine.places import AttemptPlaces, conflict_folder
from gitpar.engine.trespass import Neighbours, changed_before
from gitpar.engine.watching import Alarms, Watch, Watching, read_log
from gitpar.engine.world import Post, World
from gitpar.errors import GitparError
from gitpar.ports import AttemptKey, Capture, Job, WorkerResult, Workplace
from gitpar.turns import turn
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.engine.gating import Gating


@dataclass(frozen=True, slots=True)
class Look:
    """A worktree that still is as its worker left it, and since when it was that worker's."""

    worktree: Path
    began_at: float


def _foreign(paths: Sequence[str]) -> list[str]:
    if not paths:
        return []
    named = ", ".join(f"`{path}`" for path in paths[:3]) + (", …" if len(paths) > 3 else "")
    return [f"{named} changed in its worktree before it began: somebody else wrote there"]


class Attempts:
    """Works on attempts. `post` is called from the threads that call."""

    def __init__(self, world: World, run: Run, post: Post, gating: Gating | None = None) -> None:
        """Worktrees whose results have gates to pass go to `gating`, which gives them back."""
        self._gating = gating
        self._world = world
        self._run = run
        self._post = post
        self._watching = Watching()

    def close(self) -> None:
        """Ends the thread that reads what agents print."""
        self._watching.close()

    def _key(self, task: TaskId, n: int) -> AttemptKey:
        return AttemptKey(self._run.id, task, n)

    def start(self, command: c.StartAttempt, told: Briefing) -> None:
        """Makes a worktree, runs the worker in it and captures what it leaves."""
        key = self._key(command.task, command.n)
        try:
            wish = Wish(command.worktree, command.keeps)
            place = self._world.worktrees.open(key, command.base, wish)
            if afresh := bool(command.session) and str(place.path) != command.worktree:
                command, told = replace(command, session=""), replace(told, resumed=False)
            began_at = self._world.clock.now()
            result = self._work(command, told, place, afresh=afresh)
        except (OSError, GitparError) as error:
            self._post(self._lost(command.task, command.n, error))
            return
        with turn():
            self._take_in(command, place, result, began_at)

    def _take_in(
        self, command: c.StartAttempt, place: Workplace, result: WorkerResult, began_at: float
    ) -> None:
        """Captures what a worker left, and gives its worktree back."""
        try:
            # first: ignore rules and filters that somebody planted would be in force while it is captured
            outside = self._world.outside(command.agent != COMMAND)
            capture = self._world.worktrees.capture(place, processes_gone=result.processes_gone)
            captured = self._captured(command, capture, outside, Look(place.path, began_at))
        except (OSError, GitparError) as error:
            self._post(self._lost(command.task, command.n, error))
            return
        if self._gating is not None and self._gating.holds(command.task):
            self._gating.hold(place, capture)
            self._post(captured)
        else:
            self._post(captured)
            self._world.worktrees.release(place, capture)

    def _work(
        self, command: c.StartAttempt, told: Briefing, place: Workplace, *, afresh: bool
    ) -> WorkerResult:
        with turn():
            job, watch = self._job(command, told, place)

        def started(pid: int) -> None:
            self._post(
                e.WorkerStarted(
                    at=self._world.clock.now(),
                    task=command.task,
                    n=command.n,
                    pid=pid,
                    worktree=str(place.path),
                    log=str(job.log),
                    afresh=afresh,
                )
            )

        result = self._watching.run(self._world.backend, job, started, watch)
        report = watch.end() if watch is not None else None
        self._post(self._ended(command.task, command.n, result, report))
        return result

    def _job(self, command: c.StartAttempt, told: Briefing, place: Workplace) -> tuple[Job, Watch | None]:
        """Returns the worker's process as it is to be, its files made, and who watches what it prints."""
        agent = self._world.agent(command.agent)
        places = AttemptPlaces.of(self._world.common_dir, place.key)
        if told.conflict is not None:
            folder = conflict_folder(self._world.common_dir, self._run.id, command.task, command.base)
            told = replace(told, conflict=replace(told.conflict, folder=str(folder)))
        places.make(agent.prompt(told))
        work = Assignment(told, place.path, places.prompt, places.folder, command.session, command.allowance)
        limit = self._run.settings.log_limit_bytes
        reader = agent.reader()
        watch = self._watch(command, places.log, reader, place.path) if reader is not None else None
        added = agent.environment(work)
        job = Job(
            key=place.key,
            command=agent.command(work),
            cwd=place.path,
            env=self._world.environment(place, places, added),
            stdin=places.prompt,
            log=places.log,
            exit_file=places.exit,
            timeout_s=command.timeout_s,
            grace_s=self._run.settings.grace_s,
            log_limit_bytes=limit,
        )
        return self._world.confined(job, place, command.agent, added), watch

    def _watch(self, command: c.StartAttempt, log: Path, reader: OutputReader, worktree: Path) -> Watch:
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
        alarms = Alarms(tell, silent, idle_s, command.allowance)
        limit = self._run.settings.log_limit_bytes
        return Watch(log, limit, reader, alarms, neighbours=Neighbours(worktree))

    def end_worker(self, command: c.EndWorker) -> None:
        """Ends one worker; its attempt goes on to be captured."""
        places = AttemptPlaces.of(self._world.common_dir, self._key(command.task, command.n))
        self._world.backend.end(places.exit, command.message)

    def recover(self, command: c.RecoverAttempt) -> None:
        """Captures what the worker of a dead owner left."""
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
        self,
        command: c.StartAttempt | c.RecoverAttempt,
        capture: Capture,
        outside: tuple[str, ...] = (),
        look: Look | None = None,
    ) -> e.AttemptCaptured:
        undone: tuple[str, ...] = ()
        foreign: list[str] = []
        places = AttemptPlaces.of(self._world.common_dir, self._key(command.task, command.n))
        found = Sorted(capture.result, (), progress=read_notes(places.notes))
        if capture.result != command.base:
            changes = self._world.repository.change_sets([(command.base, capture.result)])[0]
            files = changes.paths
            foreign = changed_before(look.worktree, changes.files, look.began_at) if look is not None else []
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
            notes=(*capture.notes, *left, *_foreign(foreign)),
            outside=outside,
            undone=undone,
            progress=found.progress,
            tree=self._tree_of(command.task, found.result),
        )

    def _tree_of(self, task: TaskId, result: CommitId) -> TreeId:
        """The tree of a result that has gates to pass."""
        if self._gating is None or not self._gating.holds(task):
            return NO_TREE
        return self._gating.tree_of(result)

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
