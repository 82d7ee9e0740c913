"""Carries commands out: one method a command, each posting the events that tell what came of it.

No decisions. Every method may be called again for a command that a dead owner had begun:
it finds what is there already. Attempts run on threads of their own, everything that
reads or moves the level on one further thread, in order.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.briefing import briefing
from gitpar.core.certificate import read as read_certificate
from gitpar.core.names import NO_COMMIT, level_ref
from gitpar.core.run import Run
from gitpar.engine.attempts import Attempts
from gitpar.engine.carrying import Carrying
from gitpar.engine.noting import Noting
from gitpar.engine.sampling import Sampling
from gitpar.engine.threads import Threads
from gitpar.engine.world import Post, World
from gitpar.errors import RefMoved
from gitpar.faults import Step, passage
from gitpar.ports import Landing, Proof, RefUpdate, Refusal

if TYPE_CHECKING:
    from gitpar.engine.gating import Gating


class Executor:
    """Hands commands to threads. `post` is called from those threads."""

    def __init__(self, world: World, run: Run, post: Post) -> None:
        self._world = world
        self._run = run
        self._post = post
        self._attempts = Threads(max(1, run.settings.jobs), "attempt", post)
        self._lane = Threads(1, "lane", post)
        self._gating = _gating(world, run, post) if run.gates is not None else None
        self._work = Attempts(world, run, post, self._gating)
        self._sampling = Sampling(run, world.clock, post) if run.settings.jobs_first is not None else None
        self._carrying = Carrying(world, run, post)
        self._timers: list[threading.Timer] = []
        self._noting = Noting(world.progress, world.ledger, world.clock, post)

    def submit(self, command: c.Command) -> None:  # noqa: C901, PLR0912 - one row a command
        """Begins a command and returns at once."""
        match command:
            case c.StartAttempt():
                told = briefing(self._run, command.task)
                self._attempts.submit(lambda: self._work.start(command, told))
            case c.RecoverAttempt():
                self._attempts.submit(lambda: self._work.recover(command))
            case c.MakeFooting():
                self._lane.submit(lambda: self._carrying.make_footing(command))
            case c.CarryOver():
                self._lane.submit(lambda: self._carrying.carry_over(command))
            case c.OpenLevel():
                self._lane.submit(lambda: self._open_level(command))
            case c.CompareLevel():
                expected = self._expected(command)
                self._lane.submit(lambda: self._compare_level(command, expected))
            case c.ProveLanding():
                self._lane.submit(lambda: self._prove_landing(command))
            case c.SettleLanding():
                self._lane.submit(lambda: self._settle_landing(command))
            case c.MoveLevel():
                self._lane.submit(lambda: self._move_level(command))
            case c.EndWorker():
                self._lane.submit(lambda: self._work.end_worker(command))
            case c.Pause():
                self._pause(command)
            case c.StopForBudget():
                pass  # what stops the run is in the event that opened the command
            case c.ProveNotes():
                self._lane.submit(lambda: self._noting.prove(command))
            case c.MoveNotes():
                self._lane.submit(lambda: self._move_notes(command))
            case c.StopWorkers():
                self._lane.submit(self._world.backend.stop)
            case c.CloseRun():
                self._lane.submit(lambda: self._close_run(command))
            case c.GateCommand():
                self._at_gate(command)
            case _:
                assert_never(command)

    def shut_down(self) -> None:
        """Waits for everything that was begun; what is queued is not begun."""
        if self._gating is not None:
            self._gating.shut_down()
        self._attempts.shut_down()
        self._lane.shut_down()
        self._work.close()
        if self._sampling is not None:
            self._sampling.close()
        for timer in self._timers:
            timer.cancel()

    def _pause(self, command: c.Pause) -> None:
        def over() -> None:
            # clocks may differ by a hair: the instant has come when the timer says so
            self._post(ae.PauseOver(at=max(self._world.clock.now(), command.until)))

        timer = threading.Timer(max(0.0, command.until - self._world.clock.now()), over)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _at_gate(self, command: c.GateCommand) -> None:
        if self._gating is None:
            raise AssertionError(f"{command} in a run without gates")
        self._gating.submit(command, self._lane.submit)

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

    def _expected(self, command: c.CompareLevel) -> list[Landing]:
        """Returns how a wave will land where nothing gets in its way; nothing where gates are to say so."""
        if self._run.gates is not None:
            return []
        base = command.base
        return [
            self._landing(c.ProveLanding(task, self._run.tasks[task].last.n, base, result, base))
            for task, result in command.results
        ]

    def _compare_level(self, command: c.CompareLevel, expected: Sequence[Landing]) -> None:
        passage(Step.COMPARE)
        report = self._world.repository.compare(command.base, command.results, fold=False, expected=expected)
        self._post(e.LevelCompared(at=self._world.clock.now(), level=command.level, report=report))

    def _landing(self, command: c.ProveLanding | c.SettleLanding) -> Landing:
        task = self._run.graph[command.task]
        return Landing(
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

    def _settle_landing(self, command: c.SettleLanding) -> None:
        from gitpar.engine.settling import settle  # noqa: PLC0415 - most runs have no conflict

        landing = self._landing(command)
        self._post(settle(self._world, self._run, command, landing))

    def _prove_landing(self, command: c.ProveLanding) -> None:
        passage(Step.LANDING_PROVE)
        landing = replace(self._landing(command), settlement=command.settlement, carried=command.carried)
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
            self._world.ledger.land(
                ref, command.tip, [(landing.commit, landing.certificate) for landing in command.landings]
            )
        except RefMoved as moved:
            if moved.found != command.landings[-1].commit:
                self._disturbed(command.level, moved)
                return
        passage(Step.LANDING_MOVED)
        now = self._world.clock.now()
        for landing in command.landings:
            self._post(e.Landed(at=now, task=landing.task, n=landing.n, commit=landing.commit))

    def _move_notes(self, command: c.MoveNotes) -> None:
        moved = self._noting.move(command, self._run.id, self._run.settings.prefix)
        if moved is not None:
            self._disturbed(command.level, moved)

    def _disturbed(self, level: int, moved: RefMoved) -> None:
        where = f"{moved.ref} {moved.expected}" if moved.expected else f"-d {moved.ref}"
        message = (
            f"{moved.message}: somebody else moved it, so nothing was overwritten;"
            f" to go on from where it was: git update-ref {where}, then gitpar resume {self._run.id}"
        )
        self._post(e.LevelDisturbed(at=self._world.clock.now(), level=level, message=message))

    def _close_run(self, command: c.CloseRun) -> None:
        # slots are given back by their own threads; wait for those first
        self._attempts.drain()
        if self._gating is not None:
            self._gating.drain()
        if not self._run.settings.keep_worktrees:
            self._world.worktrees.close()
        message = self._world.finish(self._run, command.tip, command.end)
        self._post(e.RunClosed(at=self._world.clock.now(), end=command.end, message=message))


def _gating(world: World, run: Run, post: Post) -> Gating:
    from gitpar.engine.gating import Gating  # noqa: PLC0415 - most runs have no gates

    return Gating(world.gates(), run, post)


def _is_about(landing: Landing, proof: Proof) -> bool:
    """Says whether a proof's certificate is about this landing and the commit that comes with it."""
    found = read_certificate(proof.certificate)
    declared = (landing.run, landing.task, landing.n, landing.strategy, landing.base, landing.tip)
    return (
        found is not None
        and found.about() == (*declared, landing.result)
        and (found.commit, found.tree) == (proof.commit, proof.tree)
        and found.settled == (landing.settlement.settled if landing.settlement is not None else ())
        and found.carried == landing.carried
    )
