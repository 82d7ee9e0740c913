"""The breaker of an account, agents that take over, budgets: what is started when; a replay agrees."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import AgentReport, Allowance, Said, Tokens, Trouble
from gitpar.core.apply import apply, fold
from gitpar.core.briefing import briefing
from gitpar.core.commands import opening
from gitpar.core.conflicts import ConflictKind, PathConflict
from gitpar.core.decide import decide
from gitpar.core.graph import Task
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.run import AttemptState, Run, TaskState
from gitpar.core.settings import Policy, RunSettings, StreamRules
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


def test_a_storm_opens_the_breaker_one_tries_and_its_success_lets_all_start() -> None:
    run = play()
    assert run.started() == ["t0 claude", "t1 claude", "t2 claude"]
    for name in ("t0", "t1", "t2"):
        run.slow(name)
    run.end("t0", GOOD)  # it was at work before, and its success says that the storm is over
    assert run.started() == ["t3 claude"]
    for _ in range(3):
        run.slow("t3")
    run.end("t1", failed(Trouble.RATE_LIMIT))
    assert run.run.tasks[TaskId("t1")].state is TaskState.PENDING
    assert run.run.tasks[TaskId("t1")].failures == 0
    [pause] = run.due()
    assert isinstance(pause, c.Pause)
    assert 8.0 <= pause.until - run.at <= 12.5
    run.wake()
    assert run.started() == ["t1 claude"]  # one alone tries
    run.end("t1", failed(Trouble.RATE_LIMIT))
    [pause] = run.due()
    assert isinstance(pause, c.Pause)
    assert 16.0 <= pause.until - run.at <= 24.5  # twice as long
    run.wake()
    assert run.started() == ["t1 claude"]
    run.end("t1", GOOD)
    assert run.started() == ["t4 claude"]
    run.end("t3", GOOD)
    assert run.started() == ["t5 claude"]


def test_other_accounts_and_commands_go_on_while_one_is_shut() -> None:
    tasks = [task("a", agent="claude"), task("b", agent="claude"), task("c", agent="codex"), task("d")]
    codex = AgentRules(name="codex", account="other")
    run = Play(tasks, RunSettings(jobs=1, agents=(CLAUDE, codex)))
    assert run.started() == ["a claude"]
    run.end("a", failed(Trouble.OVERLOADED))
    assert [type(one).__name__ for one in run.due()] == ["Pause", "StartAttempt"]
    assert list(run.run.active) == ["c"]
    run.end("c", GOOD)
    assert run.started() == ["d command"]


def test_streams_with_accounts_of_their_own_have_breakers_of_their_own() -> None:
    names = {"a": "api", "b": "ui", "c": "api", "d": "ui", "e": None}
    tasks = [task(name, agent="claude", stream=stream) for name, stream in names.items()]
    streams = (StreamRules(name="API", account="first"), StreamRules(name="ui", account="second"))
    run = Play(tasks, RunSettings(jobs=2, agents=(CLAUDE,), streams=streams))
    assert run.started() == ["a claude", "b claude"]
    run.end("a", failed(Trouble.RATE_LIMIT))
    assert set(run.run.accounts) == {"first"}
    assert run.started() == ["d claude"]  # a and c wait with their account
    run.end("b", GOOD)
    assert run.run.accounts["first"].times == 1, "the success of another account says nothing of it"
    assert run.started() == ["e claude"]
    run.end("d", GOOD)
    run.end("e", GOOD)
    run.wake()
    assert run.started() == ["a claude"]
    run.end("a", GOOD)
    assert run.run.accounts == {}
    assert run.started() == ["c claude"]


def test_who_takes_over_works_on_its_own_account() -> None:
    codex = AgentRules(name="codex", account="other")
    claude = AgentRules(name="claude", account="acme", fallback="codex")
    rules = (StreamRules(name="api", account="first"),)
    tasks = [task("a", agent="claude", stream="api"), task("b", agent="claude", stream="api")]
    run = Play(tasks, RunSettings(jobs=2, agents=(claude, codex), streams=rules))
    run.started()
    run.end("a", failed(Trouble.PERMISSION))
    run.end("b", failed(Trouble.RATE_LIMIT))
    assert run.started() == ["a codex"]
    assert set(run.run.accounts) == {"first"}


def test_a_refused_key_ends_the_worker_and_stops_the_run_and_nothing_is_lost() -> None:
    run = play(3, jobs=2)
    run.started()
    run.say(ae.AgentTroubled(at=run.at, task=TaskId("t0"), n=1, trouble=Trouble.KEY, message="401"))
    [ending] = run.due()
    assert ending == c.EndWorker(TaskId("t0"), 1, "its key was refused (401)")
    run.end("t0", failed(Trouble.KEY), e.Ending.CUT_SHORT)
    assert run.run.trouble == "`claude` cannot work: cut"
    assert run.started() == []
    run.end("t1", GOOD)
    [close] = run.due()
    assert close == c.CloseRun(e.RunEnd.INTERRUPTED, CommitId("base"))
    assert run.state("t0") is TaskState.PENDING


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.TOO_LONG, Trouble.PERMISSION, Trouble.BUDGET])
def test_another_agent_takes_over_where_one_cannot_work(trouble: Trouble) -> None:
    codex = AgentRules(name="codex", account="other", fallback="claude")
    claude = AgentRules(name="claude", account="acme", fallback="codex")
    run = play(1, rules=(claude, codex))
    assert run.started() == ["t0 claude"]
    run.end("t0", failed(trouble))
    assert run.started() == ["t0 codex"]
    run.end("t0", failed(Trouble.NONE))
    assert run.started() == ["t0 codex"]  # its own retry
    run.end("t0", failed(Trouble.NONE))
    assert run.started() == []  # claude has had it
    assert run.state("t0") is TaskState.FAILED


def test_a_retry_goes_on_in_its_session_unless_that_is_gone() -> None:
    run = play(1)
    run.started()
    run.end("t0", failed(Trouble.TURNS))
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.session == "s"
    run.end("t0", failed(Trouble.SESSION))
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.session == ""


def starts(run: Play) -> list[tuple[str, str, str]]:
    return [(s.task, s.session, s.worktree) for s in run.due() if isinstance(s, c.StartAttempt)]


def began(run: Play, name: str, worktree: str, *, afresh: bool = False) -> None:
    n = len(run.run.tasks[TaskId(name)].attempts)
    started = e.WorkerStarted(
        at=run.at, task=TaskId(name), n=n, pid=1, worktree=worktree, log="", afresh=afresh
    )
    run.say(started)


def test_a_stream_keeps_the_session_of_its_agent_from_task_to_task() -> None:
    names = {"a1": "api", "u1": "ui", "a2": "API", "a3": "api", "u2": "ui"}
    tasks = [task(name, agent="claude", stream=stream) for name, stream in names.items()]
    streams = (StreamRules(name="api", jobs=4, keeps_session=True), StreamRules(name="ui"))
    run = Play(tasks, RunSettings(jobs=3, agents=(CLAUDE,), streams=streams))
    assert starts(run) == [("a1", "", ""), ("u1", "", ""), ("u2", "", "")]  # one of its tasks at a time
    began(run, "a1", "/w/1")
    run.end("a1", GOOD)
    assert starts(run) == [("a2", "s", "/w/1")]
    assert not briefing(run.run, TaskId("a2")).resumed, "the task is new to it"
    began(run, "a2", "/w/1")
    run.end("a2", failed(Trouble.TOO_LONG))
    assert starts(run) == [("a2", "", "")], "a full session is left, and that is no try"
    began(run, "a2", "/w/2")
    run.end("a2", replace(GOOD, session="t"))
    assert starts(run) == [("a3", "t", "/w/2")]
    began(run, "a3", "/w/3", afresh=True)
    assert run.run.tasks[TaskId("a3")].last.session == ""
    run.end("u1", GOOD)
    assert starts(run) == []


def test_another_agent_does_not_go_on_in_a_streams_session() -> None:
    codex = AgentRules(name="codex", account="other", resumes=True)
    tasks = [task("a", agent="claude", stream="api"), task("b", agent="codex", stream="api")]
    rules = (StreamRules(name="api", keeps_session=True),)
    run = Play(tasks, RunSettings(jobs=1, agents=(CLAUDE, codex), streams=rules))
    run.started()
    began(run, "a", "/w/1")
    run.end("a", GOOD)
    assert starts(run) == [("b", "", "")]


def test_what_would_end_the_same_way_is_not_tried_again() -> None:
    run = play(2, jobs=2)
    run.started()
    run.end("t0", failed(Trouble.BUDGET))
    assert run.started() == []
    assert run.state("t0") is TaskState.FAILED


def test_a_task_does_not_wait_for_its_account_for_ever() -> None:
    run = play(2, jobs=1, rules=(CLAUDE,))
    run.started()
    for _ in range(6):
        run.end("t0", failed(Trouble.RATE_LIMIT))
        run.due()
        run.wake()
        assert run.started() == ["t0 claude"]
    run.end("t0", failed(Trouble.RATE_LIMIT))
    assert run.state("t0") is TaskState.FAILED


def test_silence_and_questions_end_a_worker() -> None:
    run = play(2, jobs=2)
    run.started()
    run.say(ae.AgentSilent(at=run.at, task=TaskId("t0"), n=1, for_s=15.2, asks="Allow this? (y/n)"))
    run.say(ae.AgentSilent(at=run.at, task=TaskId("t1"), n=1, for_s=300.0))
    assert run.due() == [
        c.EndWorker(TaskId("t0"), 1, "it waits for an answer that nobody gives: Allow this? (y/n)"),
        c.EndWorker(TaskId("t1"), 1, "it printed nothing for 300 s"),
    ]
    run.end("t1", AgentReport(), e.Ending.CUT_SHORT)
    assert run.run.tasks[TaskId("t1")].attempts[0].state is AttemptState.FAILED
    run.end("t0", AgentReport(), e.Ending.CUT_SHORT)
    asked = run.run.tasks[TaskId("t0")]
    assert asked.last.report is not None
    assert asked.last.report.trouble is Trouble.PERMISSION
    assert (asked.state, len(asked.attempts)) == (TaskState.FAILED, 1)  # it would ask again


def test_a_budget_stops_before_it_is_passed() -> None:
    run = play(10, jobs=4, max_cost_usd=5.5)
    assert run.started() == ["t0 claude"]  # nobody knows yet what one takes
    run.end("t0", GOOD)
    assert run.started() == ["t1 claude", "t2 claude", "t3 claude", "t4 claude"]
    for name in ("t1", "t2", "t3"):
        run.end(name, GOOD)
        assert run.started() == []
    run.end("t4", GOOD)
    [stop] = [one for one in run.due() if isinstance(one, c.StopForBudget)]
    assert stop.message == (
        "the run's budget is used up: $5.00 of $5.50, an attempt takes about $1.00; "
        "with a higher one: GITPAR_MAX_COST=… gitpar resume"
    )
    assert run.run.spent.usd == pytest.approx(5.0)
    assert run.run.closing is e.RunEnd.INTERRUPTED
    run.say(e.RunClosed(at=run.at, end=e.RunEnd.INTERRUPTED))
    run.say(e.RunResumed(at=run.at, max_cost_usd=6.5))
    assert run.started() == ["t5 claude"]  # one more and what it takes stay below, two do not


def test_a_tasks_own_budget_ends_its_worker_and_its_retries() -> None:
    tasks = [task("a", agent="claude", max_tokens=2500), task("b", agent="claude"), task("c", agent="claude")]
    run = Play(tasks, RunSettings(jobs=2, retries=9, agents=(CLAUDE,), task_max_cost_usd=2.5))
    starts = [one for one in run.due() if isinstance(one, c.StartAttempt)]
    assert [one.allowance for one in starts] == [Allowance(tokens=2500, usd=2.5), Allowance(usd=2.5)]
    bad = replace(GOOD, said=Said.FAILED, message="no")
    run.end("a", bad)
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.allowance == Allowance(tokens=1500, usd=1.5)
    told = "its task's budget is used up: 1400 of 1500 tokens, an answer takes about 700"
    run.say(ae.AgentTroubled(at=run.at, task=TaskId("a"), n=2, trouble=Trouble.BUDGET, message=told))
    assert run.due() == [c.EndWorker(TaskId("a"), 2, told)]
    run.end("a", AgentReport(tokens=Tokens(fresh=1400)), e.Ending.CUT_SHORT)
    assert run.state("a") is TaskState.FAILED
    assert run.run.tasks[TaskId("a")].reason == "cut; its own budget is used up: 2400 of 2500 tokens"
    for _ in range(2):
        run.started()
        run.end("b", bad)
    assert run.run.tasks[TaskId("b")].reason == (
        "exit status 1: no; its own budget is used up: $2.00 of $2.50"
    )


def test_a_result_that_does_not_merge_is_not_run_again_without_a_budget_for_it() -> None:
    tasks = [task("a", agent="claude", max_tokens=1500)]
    run = Play(tasks, RunSettings(jobs=1, agents=(CLAUDE,), policies=(Policy.SERIALIZE, Policy.HOLD)))
    run.started()
    run.end("a", GOOD)
    run.due()
    clash = (PathConflict("a", ConflictKind.CONTENT, "clash"),)
    run.say(e.LandingRefused(at=run.at, task=TaskId("a"), n=1, tip=CommitId("base"), conflicts=clash))
    assert run.state("a") is TaskState.HELD


def test_a_waves_tokens_stop_it_alike() -> None:
    run = play(4, jobs=4, wave_max_tokens=2500)
    assert run.started() == ["t0 claude"]
    run.end("t0", GOOD)
    assert run.started() == ["t1 claude"]
    run.end("t1", GOOD)
    [stop] = [one for one in run.due() if isinstance(one, c.StopForBudget)]
    assert stop.message.startswith("the budget of wave 1 is used up: 2000 of 2500 tokens")


def test_a_worker_has_a_minute_at_least_or_does_not_start() -> None:
    run = play(3, jobs=1, wave_max_time_s=100.0)
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.timeout_s == pytest.approx(100.0)
    run.at += 35.0
    run.end("t0", GOOD)
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.timeout_s == pytest.approx(64.0)
    run.end("t1", GOOD)
    run.at += 10.0
    run.say(ae.PauseOver(at=run.at))
    [stop] = [one for one in run.due() if isinstance(one, c.StopForBudget)]
    assert stop.message.startswith("its time is used up: 5")
