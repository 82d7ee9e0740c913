"""What is tried with results that do not merge, in which order, and that it always comes to an end."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core import commands as c
from gitpar.core.decide import decide
from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.remedies import Remedies
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import Policy
from gitpar.core.settlement import settled_by_policy
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

ALL = (Policy.DRIVERS, Policy.AGENT, Policy.SERIALIZE, Policy.HOLD)
A, B = TaskId("a"), TaskId("b")


def states(run: Run) -> dict[str, str]:
    return {name: found.state.value for name, found in run.tasks.items()}


def simulate(script: Script, *policies: Policy, agent: str | None = None) -> Simulation:
    tasks = [task("a"), task("b", agent=agent), task("c")]
    return Simulation(tasks, script, policies=policies or ALL)


def test_what_drivers_settle_lands_in_its_turn_without_another_attempt() -> None:
    sim = simulate(Script(conflicting={"b"}, settled={"b": "drivers"}))
    run = sim.go()
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed"}
    assert run.tip == "base+a+b+c", "it did not step aside"
    assert len(run.tasks[B].attempts) == 1


def test_what_is_made_by_command_steps_aside_and_is_made_on_what_has_landed() -> None:
    sim = simulate(Script(conflicting={"b"}, settled={"b": "regenerate"}))
    run = sim.go()
    assert run.tip == "base+a+c+b"
    first, second = run.tasks[B].attempts
    assert (second.repair, second.agent, second.timeout_s) == ("regenerate", "command", 300.0)
    assert (first.repair, run.tasks[B].work) == ("", first)


def test_an_agent_repairs_its_own_conflict_after_the_others() -> None:
    sim = simulate(Script(conflicting={"b"}), agent="claude")
    run = sim.go()
    assert run.tip == "base+a+c+b"
    repair = run.tasks[B].last
    assert (repair.repair, repair.agent, repair.base) == ("agent", "claude", "b settled")
    assert run.tasks[B].reruns == 0


def test_a_command_repairs_nothing_and_is_run_again() -> None:
    run = simulate(Script(conflicting={"b"})).go()
    assert [(a.repair, a.rerun) for a in run.tasks[B].attempts] == [("", False), ("", True)]
    assert states(run)["b"] == "landed"


@pytest.mark.parametrize("endings", [["ok", "fail"], ["ok", "timeout"], ["ok", "problem"], ["ok"]])
def test_a_repair_that_comes_to_nothing_leads_to_the_next_policy(endings: list[str]) -> None:
    script = Script(conflicting={"b"}, settled={"b": "badly"}, endings={"b": [*endings, "ok"]})
    run = simulate(script, agent="claude").go()
    assert [(a.repair, a.rerun) for a in run.tasks[B].attempts] == [
        ("", False),
        ("agent", False),
        ("", True),
    ]
    assert states(run)["b"] == "landed"


def test_where_nothing_is_left_to_try_it_is_held_and_says_what_was_tried() -> None:
    script = Script(conflicting={"b"}, settled={"b": "badly"})
    run = simulate(script, Policy.AGENT, Policy.HOLD, agent="claude").go()
    assert states(run) == {"a": "landed", "b": "held", "c": "landed"}
    assert run.tasks[B].reason.endswith("in `shared.txt`; markers are left")


@pytest.mark.parametrize("policies", [(Policy.HOLD,), (Policy.HOLD, Policy.SERIALIZE)])
def test_hold_holds_at_once(policies: tuple[Policy, ...]) -> None:
    run = simulate(Script(conflicting={"b"}), *policies).go()
    assert states(run)["b"] == "held"
    assert len(run.tasks[B].attempts) == 1


def test_a_person_may_have_all_policies_tried_again() -> None:
    sim = simulate(Script(conflicting={"b"}), Policy.HOLD)
    sim.go()
    sim.script.settled["b"] = "drivers"
    sim.decide(Remedies(accept=(B,)))
    assert sim.run.tasks[B].policies == 0
    run = sim.go()
    assert states(run)["b"] == "held", "the policies are the run's"


def test_a_plain_landing_is_not_settled_by_policy() -> None:
    assert settled_by_policy("") == ()
    assert settled_by_policy('{"settled":[],"notes":["\\"settled\\":[{"]}') == ()
    (one,) = settled_by_policy('{"settled":[{"path":"f","policy":"union","gate":""}]}')
    assert (one.path, one.policy.value, one.gate) == ("f", "union", "")


def test_nothing_of_it_is_due_where_all_merges() -> None:
    sim = simulate(Script())
    sim.go(watch=lambda run: _no_settling(decide(run)))
    assert {type(event).__name__ for event in sim.journal} & {"SettlingTried", "LandingSettled"} == set()


def _no_settling(due: list[c.Command]) -> None:
    assert not [command for command in due if isinstance(command, c.SettleLanding)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Task], Script, tuple[Policy, ...]]:
    names = [f"t{n}" for n in range(draw(st.integers(1, 6)))]
    tasks = [
        task(
            name,
            *draw(st.sets(st.sampled_from(names[:at]), max_size=2) if at else st.just(set())),
            agent=draw(st.sampled_from([None, "claude"])),
        )
        for at, name in enumerate(names)
    ]
    endings = st.lists(st.sampled_from(["ok", "ok", "fail", "timeout", "lost"]), min_size=1, max_size=4)
    how = st.sampled_from(["", "drivers", "regenerate", "badly"])
    script = Script(
        endings={name: [*draw(endings), "ok"] for name in names},
        conflicting=draw(st.sets(st.sampled_from(names))),
        settled={name: draw(how) for name in names},
    )
    return tasks, script, tuple(draw(st.permutations(ALL))[: draw(st.integers(1, 4))])


@given(worlds(), st.randoms(use_true_random=False), st.data())
@examples(80)
def test_whatever_is_tried_every_task_comes_to_an_end_also_after_kills(
    world: tuple[list[Task], Script, tuple[Policy, ...]], rng: Random, data: st.DataObject
) -> None:
    tasks, script, policies = world
    sim = Simulation(tasks, script, policies=policies, jobs=2, timeout_s=5.0)
    for _ in range(30):
        kill_at = len(sim.journal) + data.draw(st.integers(1, 40))
        sim.go(rng, stop_after=kill_at)
        if sim.run.end is not None and not sim.run.trouble:
            break
        sim.kill_and_resume()
    else:
        sim.go(rng)
        while sim.run.trouble:  # an attempt was lost after the last kill: that interrupts a run
            sim.kill_and_resume()
            sim.go(rng)
    for found in sim.run.tasks.values():
        assert found.state in {TaskState.LANDED, TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED}
        assert found.reason or found.state is TaskState.LANDED
