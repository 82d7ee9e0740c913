"""What a run, a wave or a task may take, and how a resume gives it more."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gitpar.core import agent_events as ae
from gitpar.core import commands as c
from gitpar.core import events as e
from gitpar.core.agents import AgentReport, Allowance, Said, Tokens, Trouble
from gitpar.core.conflicts import ConflictKind, PathConflict
from gitpar.core.names import CommitId, TaskId
from gitpar.core.run import TaskState
from gitpar.core.settings import Policy, RunSettings
from tests.support.play import CLAUDE, GOOD, Play, play
from tests.support.simulation import task


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
        f"to go on with more: GITPAR_MAX_COST=11 gitpar resume {run.run.id}"
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
    assert stop.message == (
        "the budget of wave 1 is used up: 2000 of 2500 tokens, an attempt takes about 1000; "
        f"to go on with more: GITPAR_WAVE_MAX_TOKENS=5000 gitpar resume {run.run.id}"
    )
    run.say(e.RunClosed(at=run.at, end=e.RunEnd.INTERRUPTED))
    run.say(e.RunResumed(at=run.at, wave_max_tokens=5000))
    assert run.started() == ["t2 claude", "t3 claude"]


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
    assert re.fullmatch(
        r"the time of wave 1 is used up: 5\d s are left, and a worker needs 60; "
        f"to go on with more: GITPAR_WAVE_MAX_TIME=4m gitpar resume {run.run.id}",
        stop.message,
    )
    run.say(e.RunClosed(at=run.at, end=e.RunEnd.INTERRUPTED))
    run.at += 100_000.0  # the pause is nobody's time
    run.say(e.RunResumed(at=run.at, wave_max_time_s=240.0))
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.timeout_s is not None
    assert 180.0 < start.timeout_s < 200.0


def test_every_limit_that_is_as_good_as_reached_is_named_and_enough_for_another_attempt() -> None:
    run = play(4, jobs=4, max_cost_usd=0.5, wave_max_cost_usd=0.75, wave_max_tokens=100_000)
    run.started()
    run.end("t0", GOOD)
    [stop] = [one for one in run.due() if isinstance(one, c.StopForBudget)]
    assert stop.message.partition("; ")[2] == (
        f"to go on with more: GITPAR_MAX_COST=2 GITPAR_WAVE_MAX_COST=2 gitpar resume {run.run.id}"
    )
    run.say(e.RunClosed(at=run.at, end=e.RunEnd.INTERRUPTED))
    run.say(e.RunResumed(at=run.at, max_cost_usd=2.0, wave_max_cost_usd=2.0, task_max_tokens=7))
    [start] = run.due()
    assert isinstance(start, c.StartAttempt)
    assert start.allowance == Allowance(tokens=7)
