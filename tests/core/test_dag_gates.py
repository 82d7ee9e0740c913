"""`--schedule dag` with gates and policies: the run ends, and nothing stands on what did not land."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import GateOn, GateRules, LevelPolicy, Policy, Schedule
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

LEVEL = GateRules(name="tests", command="make test")
ALONE = GateRules(name="lint", command="make lint", on=(GateOn.TASK,))


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Task], Script]:
    """Chains and joins, some tasks that no gate lets pass, some that clash."""
    size = draw(st.integers(2, 8))
    names = [f"t{n}" for n in range(size)]
    tasks = []
    for n, name in enumerate(names):
        before = draw(st.sets(st.integers(0, n - 1), max_size=2)) if n else set()
        tasks.append(task(name, *(names[each] for each in sorted(before))))
    some = st.sampled_from(names)
    script = Script(
        endings=draw(
            st.dictionaries(some, st.lists(st.sampled_from(["ok", "fail"]), min_size=1), max_size=2)
        ),
        clashing=draw(st.sets(st.tuples(some, some), max_size=2)),
        broken=draw(st.lists(st.sets(some, min_size=1, max_size=2), max_size=2)),
    )
    return tasks, script


@examples(150)
@given(
    plans(),
    st.integers(0, 10_000),
    st.sampled_from([(LEVEL,), (ALONE,), (ALONE, LEVEL)]),
    st.tuples(st.sampled_from(LevelPolicy), st.integers(0, 1)),
    st.lists(st.integers(1, 60), max_size=2),
)
def test_whatever_a_gate_refuses_the_run_ends_and_nothing_stands_on_it(
    plan: tuple[list[Task], Script],
    seed: int,
    gates: tuple[GateRules, ...],
    policy: tuple[LevelPolicy, int],
    kills: list[int],
) -> None:
    tasks, script = plan
    whole, retries = policy
    rng = Random(seed)
    sim = Simulation(
        tasks, script, jobs=3, schedule=Schedule.DAG, gates=gates, level_policy=whole, retries=retries
    )
    for each in kills:
        sim.go(rng, stop_after=len(sim.journal) + each)
        if sim.run.end is None:
            sim.kill_and_resume()
    run = sim.go(rng)
    _check(run, sim)


@pytest.mark.parametrize("seed", [15, 24, 85])
def test_what_was_under_way_is_not_begun_again_when_what_it_stands_on_was_lost(seed: int) -> None:
    joined = [
        ("t0",),
        ("t1", "t0"),
        ("t2", "t0", "t1"),
        ("t3",),
        ("t4", "t0", "t1"),
        ("t5", "t2"),
        ("t6", "t2"),
    ]
    tasks = [task(*each) for each in joined]
    again = 0
    for stop_after in range(45, 60):
        sim = Simulation(
            tasks,
            Script(broken=[{"t0", "t1"}]),
            jobs=3,
            schedule=Schedule.DAG,
            gates=(LEVEL,),
            level_policy=LevelPolicy.ALL,
            retries=0,
        )
        rng = Random(seed)
        sim.go(rng, stop_after=stop_after)
        if sim.run.end is None:
            sim.kill_and_resume()
            again += 1
        _check(sim.go(rng), sim)
    assert again


@examples(150)
@given(
    plans(),
    st.integers(0, 10_000),
    st.permutations(list(Policy)),
    st.dictionaries(
        st.sampled_from([f"t{n}" for n in range(8)]), st.sampled_from(["drivers", "regenerate", "badly"])
    ),
    st.lists(st.integers(1, 60), max_size=2),
)
def test_whatever_policies_settle_the_run_ends_and_nothing_stands_on_what_did_not_land(
    plan: tuple[list[Task], Script],
    seed: int,
    policies: list[Policy],
    settled: dict[str, str],
    kills: list[int],
) -> None:
    tasks, script = plan
    script.broken, script.settled = [], settled
    tasks = [replace(each, agent="claude") if n % 3 == 0 else each for n, each in enumerate(tasks)]
    rng = Random(seed)
    chosen = tuple(policies[: seed % 5])
    sim = Simulation(tasks, script, jobs=3, schedule=Schedule.DAG, policies=chosen, retries=0)
    for each in kills:
        sim.go(rng, stop_after=len(sim.journal) + each)
        if sim.run.end is None:
            sim.kill_and_resume()
    _check(sim.go(rng), sim)


def _check(run: Run, sim: Simulation) -> None:
    landed: set[str] = set()
    for level in run.levels:
        landed |= {each for each in level.tasks if run.tasks[each].state is TaskState.LANDED}
        if level.tip is not None:
            assert sim.holds[level.tip] == landed
    for task_id in landed:
        before = run.tasks[TaskId(task_id)].task.depends_on
        assert all(run.tasks[each].state is TaskState.LANDED for each in before)
    over = {"landed", "failed", "held", "blocked"}
    assert {found.state.value for found in run.tasks.values()} <= over
