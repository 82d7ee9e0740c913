"""What a run knows of its gates: which were run on what, and what came of it. Pure; a part of Run.

A verdict belongs to what was asked and to the tree it was asked of, so it holds for every
task, level and resume that meets the same tree again. Runs without gates load none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from gitpar.core.agents import AgentReport
from gitpar.core.certificate import with_gates
from gitpar.core.events import AttemptCaptured
from gitpar.core.gate_events import GateEnded, GateOpened, Verdict
from gitpar.core.gate_words import failure_line
from gitpar.core.graph import Task
from gitpar.core.names import CommitId, TaskId, TreeId
from gitpar.core.planned_gates import own_gates
from gitpar.core.run import AttemptState, Candidate, Level, Run, Spent, TaskRun
from gitpar.core.settings import GateOn, GateRules, LevelPolicy, RunSettings
from gitpar.core.waits import settled
from gitpar.values import dataclass

_SPEAKING = (Verdict.PASSED, Verdict.FAILED, Verdict.TIMED_OUT)
_ENOUGH = 2
"""So many failures on one tree are believed; a gate that found no end is believed at once."""


@dataclass(slots=True)
class GateRun:
    """One run of a gate; `verdict` is None while it goes on."""

    opened: GateOpened
    key: str
    started_at: float | None = None
    worktree: str = ""
    log: str = ""
    ended: GateEnded | None = None
    flaky: bool = False
    """Whether it passed on a tree on which it had failed before."""
    agent: str = ""
    """Who is asked, where that is an agent."""

    @property
    def verdict(self) -> Verdict | None:
        """What came of it."""
        return self.ended.verdict if self.ended is not None else None


@dataclass(frozen=True, slots=True)
class Trial:
    """Some tasks of a level merged by themselves; no commit where they do not merge."""

    commit: CommitId
    tree: TreeId


@dataclass(slots=True)
class GateBook:
    """Everything about gates in one run. Changed by gatekeeping.py only."""

    rules: tuple[GateRules, ...]
    verifies: bool
    whole: bool
    """Whether a level lands whole or not at all."""
    runs: dict[int, GateRun] = field(default_factory=dict)
    open: dict[int, None] = field(default_factory=dict)
    """The runs that go on, by number."""
    lost: list[int] = field(default_factory=list)
    """What a dead owner had begun: to be ended before anything else."""
    recovering: set[int] = field(default_factory=set)
    to_end: dict[int, str] = field(default_factory=dict)
    """Gates whose agent cannot come to a verdict, and why."""
    spent: Spent = field(default_factory=Spent)
    """What agents that are gates have taken."""
    slowed: int = 0
    """How often an agent gave no verdict because it was told to slow down."""
    ungated: dict[TaskId, int] = field(default_factory=dict)
    """Attempts that were captured and wait for their gates."""
    places: dict[TaskId, int] = field(default_factory=dict)
    """Attempts whose worktree is kept for their gates."""
    trees: dict[CommitId, TreeId] = field(default_factory=dict)
    verdicts: dict[tuple[str, TreeId], list[int]] = field(default_factory=dict)
    """By what was asked and of which tree: the runs that have an answer."""
    trials: dict[tuple[CommitId, tuple[TaskId, ...]], Trial] = field(default_factory=dict)
    trying: bool = False
    deferred: dict[int, list[TaskId]] = field(default_factory=dict)
    """By level: results that do not merge on what is not gated yet."""
    failed: int = 0
    judged: int = 0
    """Of so many tasks that level gates judged so many were to blame."""

    # --- what is asked -------------------------------------------------------------------

    def on(self, what: GateOn) -> tuple[GateRules, ...]:
        """Returns the gates that are run on tasks, levels or the run."""
        return tuple(rules for rules in self.rules if what in rules.on)

    def of_task(self, task: Task) -> tuple[GateRules, ...]:
        """Returns the gates of a task's result, its own first."""
        brought = own_gates(task) if self.verifies else ()
        return (*brought, *self.on(GateOn.TASK))

    def rules_of(self, opened: GateOpened, tasks: Iterable[Task]) -> GateRules:
        """Returns what a gate that was opened asks."""
        named = [rules for task in tasks for rules in self.of_task(task)] + list(self.rules)
        return next(rules for rules in named if rules.name == opened.gate)

    # --- what is known -------------------------------------------------------------------

    def answers(self, rules: GateRules, commit: CommitId) -> list[GateRun]:
        """Returns the runs of a gate that have an answer for the tree of a commit."""
        tree = self.trees.get(commit)
        return [self.runs[n] for n in self.verdicts.get((rules.key, tree), ())] if tree is not None else []

    def passes(self, rules: GateRules, commit: CommitId) -> bool | None:
        """Says whether a gate passes on a commit; None where that is not known. One pass is enough."""
        found = self.answers(rules, commit)
        if not found:
            return None
        return any(one.verdict is Verdict.PASSED for one in found)

    def is_sure(self, rules: GateRules, commit: CommitId) -> bool:
        """Says whether a failure on a commit is believed without another run; an agent's word is."""
        found = self.answers(rules, commit)
        enough = 1 if rules.agent else _ENOUGH
        return len(found) >= enough or any(one.verdict is Verdict.TIMED_OUT for one in found)

    def verdict(self, gates: Sequence[GateRules], commit: CommitId) -> bool | None:
        """Says whether all of some gates pass on a commit; None where that is not known yet."""
        found = [self.passes(rules, commit) for rules in gates]
        if False in found:
            return False
        return None if None in found else True

    def failing(self, gates: Sequence[GateRules], commit: CommitId) -> GateRules | None:
        """Returns the first of some gates that fails on a commit."""
        return next((rules for rules in gates if self.passes(rules, commit) is False), None)

    def stopped_at(self, run: Run) -> GateRun | None:
        """Returns the run of a gate that surely fails on everything that landed; None where none does."""
        if run.tip == run.base:
            return None
        asked = self.on(GateOn.RUN)
        sure = (
            rules for rules in asked if self.passes(rules, run.tip) is False and self.is_sure(rules, run.tip)
        )
        return next((self.answers(rules, run.tip)[-1] for rules in sure), None)

    def running(self, commit: CommitId) -> list[GateRun]:
        """Returns the gates that are being run on a commit."""
        return [self.runs[n] for n in self.open if self.runs[n].opened.commit == commit]

    def reports(self) -> list[AgentReport | None]:
        """Returns what agents told that were gates."""
        return [one.ended.report for one in self.runs.values() if one.ended is not None]

    def at_level(self, level: Level) -> list[GateRun]:
        """Returns the gates that are being run on what is to land on a level."""
        found = (self.runs[n] for n in self.open)
        return [one for one in found if one.opened.on is GateOn.LEVEL and one.opened.level == level.number]

    def at_work(self, run: Run) -> set[TaskId]:
        """Returns the tasks that workers are at; those that only wait for their gates are not."""
        return run.active.keys() - self.ungated.keys()

    def collects(self, run: Run, task: TaskId) -> bool:
        """Says whether a proved landing waits for others, to be gated with them."""
        if not self.whole and not self.on(GateOn.LEVEL):
            return False
        return not taken_as_it_is(run, task)

    # --- what apply asks -----------------------------------------------------------------

    def captured(self, run: Run, event: AttemptCaptured, state: AttemptState) -> AttemptState | None:
        """Returns how a captured attempt ended, None where its gates have still to say so."""
        task = run.tasks[event.task]
        asked = self.of_task(task.task)
        if not asked:
            return state
        if event.task not in run.recovering and not by_hand(run, event.task):
            self.places[event.task] = event.n
        if event.tree:
            self.trees[event.result] = event.tree
        done = state is AttemptState.SUCCEEDED and event.result != task.last.base
        if not done or event.undone or task.accepted:
            return state
        self.ungated[event.task] = event.n
        run.recovering.discard(event.task)
        return self.at_gates(task)

    def at_gates(self, task: TaskRun) -> AttemptState | None:
        """Returns how an attempt ended whose gates have spoken; None where they have not."""
        asked, attempt = self.of_task(task.task), task.last
        if attempt.result is None:
            raise ValueError(f"`{task.task.id}` is gated without a result")
        failing = self.failing(asked, attempt.result)
        if failing is not None and self.is_sure(failing, attempt.result):
            shown = self.answers(failing, attempt.result)[-1]
            attempt.problem, attempt.gate_log = failure_line(shown), shown.log
            state = AttemptState.FAILED
        elif self.verdict(asked, attempt.result):
            state = AttemptState.SUCCEEDED
        else:
            return None
        self.ungated.pop(task.task.id, None)
        return state

    def proved(self, run: Run, level: Level, candidate: Candidate) -> None:
        """Puts a proved landing behind those that it is gated with."""
        if candidate.commit is not None:
            self.trees[candidate.commit] = candidate.tree
        if self.collects(run, candidate.task):
            level.batch.append(candidate)
            level.candidate = None
            if self.whole:
                settled(run, candidate.task)

    def defers(self, level: Level, task: TaskId) -> bool:
        """Says whether a result that does not merge is tried again when what is before it was gated."""
        if not level.batch or self.whole:
            return False
        self.deferred.setdefault(level.number, []).append(task)
        return True

    def moving(self, level: Level) -> None:
        """Takes the landing that begins out of those that were gated with it."""
        certificate = self.certificate(level)
        level.candidate = level.batch.pop(0)
        level.candidate.certificate = certificate

    def certificate(self, level: Level) -> str:
        """Returns the certificate of what lands next, with the gates that it has passed and on which tree."""
        gates, head = self.on(GateOn.LEVEL), level.batch[0]
        trees = [self.trees.get(candidate.commit) for candidate in level.batch if candidate.commit]
        passing = [tree for tree in trees if tree is not None and all(self._passed(g, tree) for g in gates)]
        if not gates or not passing:
            return head.certificate
        found = [(rules.name, self._passed(rules, passing[-1])) for rules in gates]
        return with_gates(head.certificate, tuple((name, word, passing[-1]) for name, word in found))

    def _passed(self, rules: GateRules, tree: TreeId) -> str:
        """Says how a gate passed on a tree; empty where it has not."""
        found = [self.runs[n] for n in self.verdicts.get((rules.key, tree), ())]
        if not any(one.verdict is Verdict.PASSED for one in found):
            return ""
        return "passed" if all(one.verdict is Verdict.PASSED for one in found) else "flaky"

    def landed(self, level: Level) -> None:
        """Counts a task that level gates have let pass."""
        self.judged += bool(self.on(GateOn.LEVEL))
        self.take_up_again(level)

    def take_up_again(self, level: Level) -> None:
        """Tries again what did not merge on results that have been judged meanwhile."""
        if not level.batch:
            level.to_land.extendleft(reversed(self.deferred.pop(level.number, [])))

    def resumed(self, run: Run) -> None:
        """Opens again what the former owner had begun: its gates run again."""
        self.lost = list(self.open)
        self.open.clear()
        self.recovering.clear()
        self.to_end.clear()
        self.slowed = 0
        self.places.clear()
        self.trying = False
        for task in self.ungated:
            run.orphans.pop(task, None)
        for level in run.levels:
            level.to_land.extend(self.deferred.pop(level.number, ()))


def taken_as_it_is(run: Run, task: TaskId) -> bool:
    """Says whether a person wants a result whatever gates say of it; settled by hand it is gated."""
    found = run.tasks[task]
    return found.accepted and bool(found.attempts) and not by_hand(run, task)


def by_hand(run: Run, task: TaskId) -> bool:
    """Says whether the newest result is a person's: no worker was started for it."""
    return run.tasks[task].last.started_at is None


def book_of(settings: RunSettings) -> GateBook:
    """Returns the book of a run that has gates, or levels that land whole or not at all."""
    whole = settings.level_policy is LevelPolicy.ALL
    return GateBook(settings.gates, settings.verify, whole)
