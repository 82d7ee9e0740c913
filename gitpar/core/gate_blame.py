"""Who is to blame where a chain of landings fails with its last task and passes without. Pure.

Two failures are wanted before anybody is held: that of the chain, and one on another tree
that shows the same, or of the chain once more.
"""

from __future__ import annotations

from dataclasses import replace

from gitpar.core import gates as g
from gitpar.core.commands import Command
from gitpar.core.gate_book import GateBook
from gitpar.core.gate_commands import BlameLevel, BlameTask, MakeTrial, RunGate, TriedResult
from gitpar.core.names import CommitId, TaskId
from gitpar.core.run import Level, Run
from gitpar.core.settings import GateOn, GateRules
from gitpar.values import dataclass


def suspected(run: Run, level: Level, book: GateBook, upto: int) -> list[Command]:
    """Returns the next step against the last of the first `upto` of a level's batch."""
    suspect = level.batch[upto - 1]
    commit = _known(suspect.commit)
    rules = book.failing(book.on(GateOn.LEVEL), commit)
    if rules is None:
        raise ValueError(f"`{suspect.task}` is suspected without a failure")
    case = _Case(run, level, book, rules, suspect.task, commit)
    before = [task for task in level.landed if run.tasks[task].work.base == level.base]
    before += [candidate.task for candidate in level.batch[: upto - 1]]
    if before and run.tasks[suspect.task].work.base == level.base:
        return case.among(tuple(before))
    return case.alone(level.batch[upto - 2].commit if upto > 1 else level.tip)


@dataclass(frozen=True, slots=True)
class _Case:
    """One suspect, the gate that fails with it, and what is known for and against it."""

    run: Run
    level: Level
    book: GateBook
    rules: GateRules
    task: TaskId
    commit: CommitId

    def alone(self, before: CommitId | None) -> list[Command]:
        """The next step where the suspect stands on what is there already, which must pass without it."""
        tip = _known(before)
        clean = self.book.passes(self.rules, tip)
        if clean is None:
            return [self._gate(tip, ())]
        if clean is False:
            return self._nobody(tip)
        return self._confirmed() or [self._blame(self.commit)]

    def among(self, before: tuple[TaskId, ...]) -> list[Command]:
        """The next step where the suspect came on top of others of its level, which may have a part in it."""
        fails = self._fails(())
        if fails is None:
            return self._try(())
        if fails:
            return [self._blame(self._trial_of(()))]
        if again := self._confirmed():
            return again
        match g.smallest(before, self._fails):
            case g.Wanted(others):
                return self._try(others)
            case g.Smallest(others):
                return [self._blame(self.commit, others)]

    def _confirmed(self) -> list[Command]:
        """The second run on the chain itself, where one is wanted."""
        if self.book.is_sure(self.rules, self.commit):
            return []
        tasks = [candidate.task for candidate in self.level.batch]
        return [self._gate(self.commit, tuple(tasks[: tasks.index(self.task) + 1]))]

    def _nobody(self, tip: CommitId) -> list[Command]:
        """It fails on what was there before: none of the level's tasks can be judged."""
        if not self.book.is_sure(self.rules, tip):
            return [self._gate(tip, ())]
        number = self.book.answers(self.rules, tip)[-1].opened.number
        why = f"gate `{self.rules.name}` fails without it too, on {tip[:12]}"
        log = f" (its output: gitpar logs {self.run.id} --gate {number})"
        return [BlameLevel(self.level.number, why + log)]

    # --- trials --------------------------------------------------------------------------

    def _subset(self, others: tuple[TaskId, ...]) -> tuple[TaskId, ...]:
        return (*others, self.task)

    def _trial_of(self, others: tuple[TaskId, ...]) -> CommitId:
        return self.book.trials[_known(self.level.base), self._subset(others)].commit

    def _fails(self, others: tuple[TaskId, ...]) -> bool | None:
        """Says whether the gate fails with the suspect and some others alone; None is not known yet.

        What does not merge without the rest says nothing against the suspect.
        """
        trial = self.book.trials.get((_known(self.level.base), self._subset(others)))
        if trial is None:
            return None
        if not trial.commit:
            return False
        passes = self.book.passes(self.rules, trial.commit)
        return None if passes is None else not passes

    def _try(self, others: tuple[TaskId, ...]) -> list[Command]:
        base = _known(self.level.base)
        trial = self.book.trials.get((base, self._subset(others)))
        if trial is not None:
            return [replace(self._gate(trial.commit, self._subset(others)), trial=True)]
        results = (self._result(task) for task in self._subset(others))
        return [MakeTrial(self.level.number, base, tuple(results))]

    def _result(self, task: TaskId) -> TriedResult:
        attempt = self.run.tasks[task].work
        return TriedResult(task, attempt.n, attempt.base, _known(attempt.result))

    # --- what is asked, what is said -----------------------------------------------------

    def _gate(self, commit: CommitId, tasks: tuple[TaskId, ...]) -> RunGate:
        return RunGate(0, self.rules, GateOn.LEVEL, commit, self.level.number, tasks=tasks)

    def _blame(self, commit: CommitId, together: tuple[TaskId, ...] = ()) -> BlameTask:
        number = self.book.answers(self.rules, commit)[-1].opened.number
        return BlameTask(self.task, self.rules.name, number, together)


def _known(commit: CommitId | None) -> CommitId:
    if commit is None:
        raise ValueError("a commit that must be known by now is not")
    return commit
