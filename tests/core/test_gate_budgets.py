"""What gates may take of the budgets of a run: time, tokens and money that are left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gitpar.core.accounts import told_to_slow_down
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import AgentReport, Allowance
from gitpar.core.commands import Command, Pause, StopForBudget
from gitpar.core.gate_book import GateRun
from gitpar.core.gate_budgets import afforded, spend
from gitpar.core.gate_commands import RunGate
from gitpar.core.gate_events import GateEnded, GateOpened, Verdict
from gitpar.core.names import TreeId
from gitpar.core.run import Run
from gitpar.core.settings import GateOn, GateRules
from tests.support.simulation import BASE, Simulation, task

TESTS = GateRules(name="tests", command="make test")
REVIEW = GateRules(name="review", agent="claude")


def due(run: Run, *rules: GateRules) -> list[Command]:
    assert run.gates is not None
    return afforded(run, run.gates, [RunGate(0, each, GateOn.LEVEL, BASE, 1) for each in rules])


def a_run(**limits: Any) -> Run:
    run = Simulation([task("a")], gates=(TESTS, REVIEW), **limits).run
    run.last_at = 100.0
    return run


@pytest.mark.parametrize(
    ("left_s", "timeout_s"),
    [(5000.0, None), (3599.0, 3599.0), (70.0, 70.0), (60.0, 60.0)],
)
def test_a_gate_has_the_time_that_is_left(left_s: float, timeout_s: float | None) -> None:
    run = a_run(max_time_s=9000.0)
    run.worked_s = 9000.0 - left_s
    [found] = due(run, TESTS)
    assert isinstance(found, RunGate)
    assert found.timeout_s == timeout_s


def test_a_gate_for_which_less_than_a_minute_is_left_stops_the_run() -> None:
    run = a_run(max_time_s=9000.0)
    run.worked_s = 8941.0
    why = "the time is used up: 59 s are left, and gate `tests` needs 60; to go on with more: "
    assert due(run, TESTS) == [StopForBudget(f"{why}GITPAR_MAX_TIME=300m gitpar resume {run.id}")]
    of_wave = a_run(wave_max_time_s=70.0)
    of_wave.levels[0].opened_at = 89.0
    assert due(of_wave, TESTS) == [StopForBudget(f"{why}GITPAR_WAVE_MAX_TIME=3m gitpar resume {run.id}")]


def test_a_gate_with_a_short_limit_of_its_own_needs_no_more_than_that() -> None:
    run = a_run(max_time_s=9000.0)
    run.worked_s = 8970.0
    [found] = due(run, replace(TESTS, timeout_s=20.0))
    assert isinstance(found, RunGate)
    assert found.timeout_s is None


def test_an_agent_has_what_is_left_of_the_run_and_of_the_wave() -> None:
    run = a_run(max_cost_usd=2.0, wave_max_cost_usd=1.0, max_tokens=1000)
    run.spent.usd = run.levels[0].spent.usd = 0.25
    run.spent.tokens = 400
    [found] = due(run, REVIEW)
    assert isinstance(found, RunGate)
    assert found.allowance == Allowance(usd=0.75, tokens=600)
    [found] = due(run, TESTS)
    assert isinstance(found, RunGate)
    assert found.allowance is None


def test_an_agent_that_takes_more_than_is_left_stops_the_run_and_a_command_does_not() -> None:
    run = a_run(max_cost_usd=2.0)
    assert run.gates is not None
    run.spent.usd = 1.5
    run.gates.spent.attempts, run.gates.spent.usd = 2, 1.2
    [found] = due(run, REVIEW)
    assert isinstance(found, StopForBudget)
    assert found.message == (
        "the budget is used up: $0.50 are left for gate `review`; "
        f"to go on with more: GITPAR_MAX_COST=4 gitpar resume {run.id}"
    )
    assert [type(each) for each in due(run, TESTS)] == [RunGate]


def test_an_agent_that_was_told_to_slow_down_is_asked_again_after_the_pause_and_closes_the_breaker() -> None:
    run = a_run(agents=(AgentRules(name="claude", account="acme", cooling_s=10.0),))
    assert run.gates is not None
    told_to_slow_down(run, "claude", 100.0, surely=True)
    [pause] = due(run, REVIEW)
    assert isinstance(pause, Pause)
    assert 108.0 <= pause.until <= 112.0
    assert [type(each) for each in due(run, TESTS)] == [RunGate]
    run.last_at = pause.until
    assert [type(each) for each in due(run, REVIEW)] == [RunGate]
    opened = GateOpened(at=1.0, number=1, gate="review", on=GateOn.LEVEL, commit=BASE, level=1)
    ended = GateEnded(
        at=2.0, number=1, verdict=Verdict.PASSED, tree=TreeId("t"), report=AgentReport(verdict="pass")
    )
    spend(run, run.gates, GateRun(opened, "review", ended=ended, agent="claude"))
    assert run.accounts == {}


def test_while_nobody_knows_what_an_agent_takes_one_works_alone() -> None:
    run = a_run(max_tokens=1000)
    assert len(due(run, REVIEW, REVIEW)) == 1
    assert run.gates is not None
    run.gates.spent.attempts, run.gates.spent.tokens = 1, 100
    assert len(due(run, REVIEW, REVIEW)) == 2
    assert len(due(a_run(), REVIEW, REVIEW)) == 2
