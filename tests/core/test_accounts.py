"""The breaker of an account, agents that take over, budgets: what is started when; a replay agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import AgentReport, Trouble
from gitpar.core.briefing import briefing
from gitpar.core.names import CommitId, TaskId
from gitpar.core.run import AttemptState, TaskState
from gitpar.core.settings import RunSettings, StreamRules
from tests.support.play import CLAUDE, GOOD, Play, failed, play
from tests.support.simulation import task


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
