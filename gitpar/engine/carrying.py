"""Carries out what comes before a landing where tasks start early: lays results onto each other."""

from __future__ import annotations

from gitpar.core import ahead_events as ae
from gitpar.core import commands as c
from gitpar.core.certificate import read as read_certificate
from gitpar.core.footing import Part
from gitpar.core.names import CommitId
from gitpar.core.run import Run
from gitpar.core.settlement import Settlement
from gitpar.engine.world import Post, World
from gitpar.faults import Step, passage
from gitpar.ports import Landing, Proof, Refusal


class Carrying:
    """Runs on the lane, in order; moves no ref."""

    def __init__(self, world: World, run: Run, post: Post) -> None:
        self._world = world
        self._run = run
        self._post = post

    def make_footing(self, command: c.MakeFooting) -> None:
        """Lays the parts onto each other, and posts the last commit or why there is none."""
        passage(Step.FOOTING)
        at = command.onto
        reason = "" if command.parts else "what it builds on is being done again"
        for part in command.parts:
            outcome = self._carry(part, at)
            if isinstance(outcome, Refusal):
                paths = ", ".join(f"`{each.path}`" for each in outcome.conflicts[:3])
                reason = f"`{part.task}` {outcome.reason or f'does not merge in {paths}'}"
                break
            at = outcome.commit
        now = self._world.clock.now()
        if reason:
            self._post(ae.FootingRefused(at=now, task=command.task, reason=reason))
        else:
            self._post(ae.FootingMade(at=now, task=command.task, base=at, footing=command.footing))

    def carry_over(self, command: c.CarryOver) -> None:
        """Makes a result anew where its level was cut, and posts what came of it."""
        passage(Step.CARRY)
        part = command.part
        outcome = self._carry(part, command.onto, command.settlement)
        now = self._world.clock.now()
        if isinstance(outcome, Refusal):
            self._post(
                ae.CarryRefused(
                    at=now, task=part.task, n=part.n, conflicts=outcome.conflicts, reason=outcome.reason
                )
            )
        else:
            self._post(ae.Carried(at=now, task=part.task, n=part.n, base=command.onto, result=outcome.commit))

    def _carry(self, part: Part, onto: CommitId, settlement: Settlement | None = None) -> Proof | Refusal:
        task = self._run.graph[part.task]
        landing = Landing(
            task=part.task,
            title=task.title,
            n=part.n,
            run=self._run.id,
            base=part.base,
            result=part.result,
            tip=onto,
            strategy=self._run.settings.strategy,
            message=task.commit_message,
            settlement=settlement,
        )
        outcome = self._world.repository.carry(landing)
        if isinstance(outcome, Proof) and not _is_about(landing, outcome):
            return Refusal(reason="what was proved is something else")
        return outcome


def _is_about(landing: Landing, proof: Proof) -> bool:
    found = read_certificate(proof.certificate)
    declared = (landing.run, landing.task, landing.n, landing.base, landing.result)
    return (
        found is not None
        and (found.run, found.task, found.attempt, found.base, found.result) == declared
        and found.tree == proof.tree
        and found.settled == (landing.settlement.settled if landing.settlement is not None else ())
    )
