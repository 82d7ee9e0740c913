"""A run of agents that is moved by hand; a replay of its journal agrees with it at every step."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import AgentReport, Said, Tokens, Trouble
from gitpar.core.apply import apply, fold
from gitpar.core.commands import opening
from gitpar.core.decide import decide
from gitpar.core.graph import Task
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import RunSettings
from tests.support.simulation import task

CLAUDE = AgentRules(name="claude", account="acme", fallback=None, resumes=True, cooling_s=10.0)
GOOD = AgentReport(said=Said.ENDED, session="s", tokens=Tokens(fresh=900, out=100), cost_usd=1.0)


def failed(trouble: Trouble, message: str = "no") -> AgentReport:
    return AgentReport(said=Said.FAILED, trouble=trouble, message=message, session="s")


@dataclass
class Play:
    """A run of agents, moved by hand: commands are opened as they come, time goes only where it is told."""

    tasks: list[Task]
    settings: RunSettings
    at: float = 1000.0
    journal: list[e.Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        opened = e.RunOpened(
            at=self.at,
            run=RunId("r1"),
            plans=(),
            format="gitpar",
            tasks=tuple(self.tasks),
            wave_notes=(),
            base=CommitId("base"),
            settings=self.settings,
        )
        self.journal.append(opened)
        self.run = Run(opened)
        self.due()
        self.say(e.LevelOpened(at=self.at, level=1))

    def say(self, event: e.Event) -> None:
        self.journal.append(event)
        apply(self.run, event)
        assert fold(self.journal).tasks == self.run.tasks

    def due(self) -> list[c.Command]:
        """Opens everything that is due, and returns it."""
        found: list[c.Command] = []
        while commands := decide(self.run):
            for command in commands:
                found.append(command)
                self.say(opening(command, self.at))
        return found

    def started(self) -> list[str]:
        return [f"{one.task} {one.agent}" for one in self.due() if isinstance(one, c.StartAttempt)]

    def slow(self, name: str, after_s: float = 0.1) -> None:
        self.at += after_s
        n = len(self.run.tasks[TaskId(name)].attempts)
        self.say(
            ae.AgentTroubled(at=self.at, task=TaskId(name), n=n, trouble=Trouble.RATE_LIMIT, message="429")
        )

    def end(self, name: str, report: AgentReport, ending: e.Ending = e.Ending.EXITED) -> None:
        self.at += 1.0
        where = TaskId(name)
        n = len(self.run.tasks[where].attempts)
        bad = report.said is Said.FAILED
        code = None if ending is not e.Ending.EXITED else int(bad)
        self.say(
            e.WorkerEnded(
                at=self.at,
                task=where,
                n=n,
                ending=ending,
                exit=code,
                duration_s=1.0,
                report=report,
                message="cut",
            )
        )
        result = CommitId("base" if bad else f"{name}{n}")
        self.say(e.AttemptCaptured(at=self.at, task=where, n=n, result=result, files=() if bad else (name,)))

    def wake(self) -> None:
        self.at = self.run.paused_until
        self.say(ae.PauseOver(at=self.at))

    def state(self, name: str) -> TaskState:
        return self.run.tasks[TaskId(name)].state


def play(
    count: int = 6, *, jobs: int = 3, rules: tuple[AgentRules, ...] = (CLAUDE,), **settings: object
) -> Play:
    names = [f"t{n}" for n in range(count)]
    tasks = [task(name, agent="claude") for name in names]
    return Play(tasks, RunSettings(jobs=jobs, agents=rules, **settings))  # type: ignore[arg-type]
