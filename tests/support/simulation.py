"""A run without a world: commands are answered by a script of outcomes, time is counted.

Drives the very `decide` and `apply` that a real run uses, so that scheduling, retry and
recovery can be tried thousands of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from gitpar.core import agent_events as ae
from gitpar.core import ahead_events as ahead
from gitpar.core import barrier_events as be
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core import gate_commands as gc
from gitpar.core import gate_events as ge
from gitpar.core import note_events as ne
from gitpar.core import policy_events as pe
from gitpar.core.apply import apply, fold
from gitpar.core.commands import opening
from gitpar.core.conflicts import ConflictKind, ConflictReport, PairConflict, PathConflict, Tier
from gitpar.core.decide import decide
from gitpar.core.graph import Source, Task
from gitpar.core.names import CommitId, RefName, RunId, TaskId, TreeId, level_ref
from gitpar.core.progress import ProgressLanding
from gitpar.core.recover import reconcile
from gitpar.core.remedies import Remedies, decision, decisions
from gitpar.core.replanning import replanned
from gitpar.core.run import Run
from gitpar.core.settings import RunSettings
from gitpar.core.settlement import Settlement
from gitpar.errors import UsageError

BASE = CommitId("base")
CONFLICT = PathConflict("shared.txt", ConflictKind.CONTENT, "CONFLICT (content)")


def task(task_id: str, *depends_on: str, **options: object) -> Task:
    """Makes a task with a command and a source."""
    return Task(
        id=TaskId(task_id),
        title=f"Title of {task_id}",
        source=Source("plan.json"),
        command="true",
        depends_on=tuple(TaskId(d) for d in depends_on),
        **options,  # type: ignore[arg-type]
    )


@dataclass
class Script:
    """What happens to whom: how attempts end (the last repeats) and who does not merge at first try."""

    endings: dict[str, list[str]] = field(default_factory=dict)
    conflicting: set[str] = field(default_factory=set)
    clashing: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of which the second to land does not merge, unless it was cut from the first."""
    unchanged: set[str] = field(default_factory=set)
    undoing: set[str] = field(default_factory=set)
    noting: set[str] = field(default_factory=set)
    notes_refused: bool = False
    broken: list[set[str]] = field(default_factory=list)
    """What no gate lets pass: each a set of tasks that fail where they are all together."""
    base_fails: bool = False
    flaky: set[int] = field(default_factory=set)
    """Runs of gates, by number, that fail whatever they see."""
    hangs: set[str] = field(default_factory=set)
    """Tasks with which a gate finds no end."""
    settled: dict[str, str] = field(default_factory=dict)
    """What settles whose conflicts: drivers, regenerate (a command), badly (an attempt, wrongly)."""

    def ending(self, task_id: str, n: int) -> str:
        """Returns ok, fail, timeout, problem or lost."""
        listed = self.endings.get(task_id, ["ok"])
        return listed[min(n, len(listed)) - 1]


class Simulation:
    """One run being driven; `journal` is what would be on the disk."""

    def __init__(
        self,
        tasks: list[Task],
        script: Script | None = None,
        *,
        starts: tuple[TaskId, ...] = (),
        **settings: object,
    ) -> None:
        self.script = script or Script()
        self.clock = 100.0
        self.tick_s = 0.05  # so that proved landings wait for each other for some of them
        self.seconds: dict[str, float] = {}
        """How long attempts take, by task; the others 1 second."""
        self.refs: dict[RefName, CommitId] = {}
        self.started: list[tuple[str, int]] = []
        self.gated: list[tuple[str, str]] = []
        """Every gate that was run, with what it was run on."""
        self.waiting: list[c.Command] = []
        self.holds: dict[CommitId, frozenset[str]] = {BASE: frozenset()}
        """The tasks whose work a commit holds."""
        opened = e.RunOpened(
            at=self.clock,
            run=RunId("7f3a"),
            plans=("plan.json",),
            format="gitpar",
            tasks=tuple(tasks),
            wave_notes=(),
            base=BASE,
            settings=RunSettings(**settings),  # type: ignore[arg-type]
            starts=starts,
        )
        self.journal: list[e.Event] = [opened]
        self.run = Run(opened)

    def go(
        self,
        rng: Random | None = None,
        stop_after: int | None = None,
        watch: Callable[[Run], None] = lambda _run: None,
    ) -> Run:
        """Drives to the end, or until so many events are journaled (a kill)."""
        while self.run.end is None:
            for command in decide(self.run):
                self.take(opening(command, self._tick()))
                self.waiting.append(command)
            watch(self.run)
            if not self.waiting:
                raise AssertionError("the run has stalled")
            at = rng.randrange(len(self.waiting)) if rng else 0
            for event in self._answer(self.waiting.pop(at)):
                if stop_after is not None and len(self.journal) >= stop_after:
                    return self.run
                self.take(event)
        return self.run

    def kill_and_resume(self) -> None:
        """Forgets everything but journal and refs, and takes the run over."""
        self.waiting.clear()
        self.run = fold(self.journal)
        for event in reconcile(self.run, self.refs, self._tick()):
            self.take(event)

    def decide(self, remedies: Remedies, settled: Sequence[e.Event] = ()) -> None:
        """Takes the run over with what a person says and did; raises UsageError where that cannot be."""
        event = decision(fold(self.journal), remedies, self._tick())
        self.kill_and_resume()
        for each in (event, *settled):
            self.take(each)

    def merge(self, level: int, commit: CommitId) -> None:
        """Takes the run over with the news that a level was merged; `commit` holds what had landed."""
        tip = self.run.levels[level - 1].tip
        if tip is not None:
            self.holds[commit] = self.holds[tip]
        self.kill_and_resume()
        self.take(be.LevelMerged(at=self._tick(), level=level, commit=commit))

    def lift(self) -> None:
        """Takes the run over and has it wait for no merge any more."""
        events = decisions(fold(self.journal), Remedies(lift=True), self._tick())
        self.kill_and_resume()
        for event in events:
            self.take(event)

    def replan(self, tasks: list[Task]) -> None:
        """Takes the run over with another plan; raises UsageError where that cannot be."""
        before = list(self.journal)
        self.kill_and_resume()
        try:
            event = replanned(self.run, tasks, (), plans=("plan.json",), at=self._tick())
        except UsageError:
            self.journal = before
            raise
        if event is not None:
            self.take(event)

    def take(self, event: e.Event) -> None:
        self.journal.append(event)
        apply(self.run, event)

    def _tick(self) -> float:
        self.clock += self.tick_s
        return self.clock

    def _answer(self, command: c.Command) -> list[e.Event]:  # noqa: C901, PLR0911, PLR0912 - one row a command
        at = self._tick()
        match command:
            case c.OpenLevel(level, base):
                self.refs[level_ref("gitpar", self.run.id, level)] = base
                return [e.LevelOpened(at=at, level=level)]
            case c.StartAttempt():
                return self._attempt(command, at)
            case c.RecoverAttempt():
                worked = self.run.tasks[command.task].last.ending is not None
                return [self._captured(command, at, worked=worked)]
            case c.MakeFooting():
                return [self._footing(command, at)]
            case c.CarryOver():
                return [self._carry_over(command, at)]
            case c.CompareLevel(level):
                return [e.LevelCompared(at=at, level=level, report=self._report(command))]
            case c.ProveLanding():
                return [self._prove(command, at)]
            case c.SettleLanding():
                return [self._settle(command, at)]
            case c.MoveLevel(level, tip, landings):
                self._swap(level, tip, landings[-1].commit)
                return [e.Landed(at=at, task=one.task, n=one.n, commit=one.commit) for one in landings]
            case c.ProveNotes(landing):
                return [self._prove_notes(landing, at)]
            case c.MoveNotes(level, tip, commit):
                self._swap(level, tip, commit)
                return [ne.NotesLanded(at=at, level=level, commit=commit)]
            case c.Pause(until):
                self.clock = max(self.clock, until)
                return [ae.PauseOver(at=self.clock)]
            case c.StopWorkers() | c.EndWorker() | c.StopForBudget():
                return []
            case c.CloseRun(end):
                return [e.RunClosed(at=at, end=end)]
            case c.GateCommand():
                return self._at_gate(command, at)

    def _attempt(self, command: c.StartAttempt, at: float) -> list[e.Event]:
        task_id, n = command.task, command.n
        self.started.append((task_id, n))
        self._check_base(command)
        ending = self.script.ending(task_id, n)
        if ending == "lost":
            return [e.AttemptLost(at=at, task=task_id, n=n, message="No space left on device")]
        ended = e.WorkerEnded(
            at=at,
            task=task_id,
            n=n,
            ending=e.Ending.TIMED_OUT if ending == "timeout" else e.Ending.EXITED,
            exit={"fail": 1, "timeout": None}.get(ending, 0),
            duration_s=self.seconds.get(task_id, 1.0),
        )
        captured = self._captured(command, at, worked=True)
        started = e.WorkerStarted(at=at, task=task_id, n=n, pid=1, worktree="/w", log="/l")
        return [started, ended, captured]

    def _captured(
        self, command: c.StartAttempt | c.RecoverAttempt, at: float, *, worked: bool
    ) -> e.AttemptCaptured:
        task_id, n = command.task, command.n
        changed = worked and task_id not in self.script.unchanged
        result = self._made(f"{task_id}#{n}", command.base, task_id) if changed else command.base
        return e.AttemptCaptured(
            at=at,
            task=task_id,
            n=n,
            result=result,
            files=(f"{task_id}.txt",) if changed else (),
            problem="left a rebase in progress" if self.script.ending(task_id, n) == "problem" else "",
            undone=("shared.txt:3",) if command.rerun and task_id in self.script.undoing else (),
            tree=TreeId(f"{task_id}#{n}" if changed else command.base),
            progress=f"{task_id} says" if worked and task_id in self.script.noting else "",
        )

    def _at_gate(self, command: c.GateCommand, at: float) -> list[e.Event]:
        match command:
            case gc.RunGate():
                return [replace(self._gate(command, at), task=command.task)]
            case gc.RecoverGate(number=number, task=at_task):
                ended = ge.GateEnded(at=at, number=number, verdict=ge.Verdict.INTERRUPTED, tree=TreeId(""))
                return [replace(ended, task=at_task)]
            case gc.MakeTrial(level, base):
                commit = CommitId("+".join((base, *command.tasks)))
                made = ge.TrialMade(at=at, level=level, base=base, tasks=command.tasks)
                mixed = self.script.conflicting & set(command.tasks)
                return [made if mixed else replace(made, commit=commit, tree=TreeId(commit))]
            case _:
                return []

    def _gate(self, command: gc.RunGate, at: float) -> ge.GateEnded:
        """A gate sees which tasks are in a commit by its id."""
        self.gated.append((command.rules.name, command.commit))
        base, *found = re.split(r"[+#]", command.commit)
        there = {base, *found}
        verdict = ge.Verdict.PASSED
        if there & self.script.hangs:
            verdict = ge.Verdict.TIMED_OUT
        elif (
            self.script.base_fails
            or command.number in self.script.flaky
            or any(group <= there for group in self.script.broken)
        ):
            verdict = ge.Verdict.FAILED
        return ge.GateEnded(
            at=at,
            number=command.number,
            verdict=verdict,
            tree=TreeId(command.commit),
            exit=int(verdict != "passed"),
            log=f"/gates/{command.number}",
        )

    def _swap(self, level: int, tip: CommitId, commit: CommitId) -> None:
        ref = level_ref("gitpar", self.run.id, level)
        if self.refs[ref] not in (tip, commit):
            raise AssertionError("compare-and-swap failed")
        self.refs[ref] = commit

    def _prove_notes(self, landing: ProgressLanding, at: float) -> e.Event:
        if self.script.notes_refused:
            return ne.NotesRefused(at=at, level=landing.level, reason="no plain file")
        told = ",".join(note.task for note in landing.notes)
        commit = self._made(f"{landing.tip}+notes({told})", landing.tip)
        return ne.NotesProved(at=at, level=landing.level, tip=landing.tip, commit=commit, certificate="{}")

    def _made(self, name: str, upon: CommitId, *tasks: str) -> CommitId:
        commit = CommitId(name)
        self.holds[commit] = self.holds[upon] | set(tasks)
        return commit

    def _clash(self, task_id: TaskId, base: CommitId, tip: CommitId) -> bool:
        new = self.holds[tip] - self.holds[base]
        return any({(task_id, other), (other, task_id)} & self.script.clashing for other in new)

    def _check_base(self, command: c.StartAttempt) -> None:
        """A task stands on all that it depends on, and on nothing of its own level or of one above."""
        task = self.run.tasks[command.task]
        held = self.holds[command.base]
        for before in task.task.depends_on:
            other = self.run.tasks[before]
            changed = other.attempts and other.last.result != other.last.base
            if changed and before not in held:
                raise AssertionError(f"{command.task} was cut from {command.base}, which lacks {before}")
        above = [each for each in held if self.run.tasks[TaskId(each)].level >= task.level]
        if above and command.footing is not None:
            raise AssertionError(f"{command.task} was cut from {command.base}, which holds {above}")

    def _footing(self, command: c.MakeFooting, at: float) -> e.Event:
        base = command.onto
        for part in command.parts:
            if self._clash(part.task, part.base, base):
                return ahead.FootingRefused(at=at, task=command.task, reason="it clashes")
            base = self._made(f"{base}~{part.task}", base, part.task)
        if not command.parts:
            return ahead.FootingRefused(at=at, task=command.task, reason="nothing to lay")
        return ahead.FootingMade(at=at, task=command.task, base=base, footing=command.footing)

    def _carry_over(self, command: c.CarryOver, at: float) -> e.Event:
        part, onto = command.part, command.onto
        if command.settlement is not None and command.settlement.tip != onto:
            raise AssertionError(f"{part.task} is carried to {onto} with what was settled elsewhere")
        if self._clash(part.task, part.base, onto) and command.settlement is None:
            return ahead.CarryRefused(at=at, task=part.task, n=part.n, conflicts=(CONFLICT,))
        result = self._made(f"{part.task}#{part.n}@{onto}", onto, part.task)
        return ahead.Carried(at=at, task=part.task, n=part.n, base=onto, result=result)

    def _report(self, command: c.CompareLevel) -> ConflictReport:
        names = [task_id for task_id, _ in command.results]
        pairs = [
            PairConflict(a, b, Tier.CONFLICT, ())
            for at, a in enumerate(names)
            for b in names[at + 1 :]
            if {(a, b), (b, a)} & self.script.clashing
        ]
        return ConflictReport(tuple(pairs))

    def _settle(self, command: c.SettleLanding, at: float) -> e.Event:
        by = self.script.settled.get(command.task, "")
        commit = self._made(f"{command.task} settled", command.tip)
        settlement = Settlement(n=command.n, tip=command.tip, commit=commit)
        if command.settlement is not None and command.repaired is not None:
            if by == "badly":
                return pe.SettlingRefused(at=at, task=command.task, reason="markers are left")
            return pe.LandingSettled(at=at, task=command.task, settlement=settlement)
        if command.drivers and by == "drivers":
            return pe.LandingSettled(at=at, task=command.task, settlement=settlement)
        if command.drivers and by == "regenerate":
            settlement = replace(settlement, regenerate=("lock",))
            return pe.LandingSettled(at=at, task=command.task, settlement=settlement)
        if command.leave:
            settlement = replace(settlement, left=("shared.txt",))
            return pe.LandingSettled(at=at, task=command.task, settlement=settlement)
        return pe.SettlingRefused(at=at, task=command.task, reason="")

    def _prove(self, command: c.ProveLanding, at: float) -> e.Event:
        clash = self._clash(command.task, command.base, command.tip)
        refused = clash or (command.task in self.script.conflicting and command.base != command.tip)
        if refused and command.settlement is None:
            return e.LandingRefused(
                at=at, task=command.task, n=command.n, tip=command.tip, conflicts=(CONFLICT,)
            )
        return e.LandingProved(
            at=at,
            task=command.task,
            n=command.n,
            tip=command.tip,
            commit=self._made(f"{command.tip}+{command.task}", command.tip, command.task),
            tree=TreeId(f"{command.tip}+{command.task}"),
            certificate="{}",
        )
