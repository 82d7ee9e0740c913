"""`--schedule dag`: tasks start when what they depend on is there, and levels stay whole."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.ahead_events import CarryTried
from gitpar.core.events import Landed
from gitpar.core.graph import Task
from gitpar.core.names import TaskId
from gitpar.core.run import AttemptState, Run, TaskState
from gitpar.core.settings import Barrier, Policy, Schedule
from tests.support.amounts import WHOLE, examples
from tests.support.simulation import Script, Simulation, task
from tests.support.timed import Timed, bound_s, random_graph

DAG = Schedule.DAG
ALL = (Policy.DRIVERS, Policy.AGENT, Policy.SERIALIZE, Policy.HOLD)
MEANS = ["drivers", "regenerate", "badly"]


def states(run: Run) -> dict[str, str]:
    return {task_id: found.state.value for task_id, found in run.tasks.items()}


def timed(tasks: list[Task], seconds: dict[str, float], script: Script | None = None, jobs: int = 2) -> Timed:
    return Timed(tasks, seconds, script, schedule=DAG, jobs=jobs)


def whole(sim: Simulation) -> None:
    """Every level holds what landed on it and below it, once, and nothing of the levels above."""
    moved = [event.task for event in sim.journal if isinstance(event, Landed)]
    assert len(moved) == len(set(moved))
    landed: set[str] = set()
    for level in sim.run.levels:
        landed |= {t for t in level.tasks if sim.run.tasks[t].state is TaskState.LANDED}
        if level.tip is not None:
            assert sim.holds[level.tip] == landed - sim.script.unchanged


def test_a_chain_goes_on_while_another_task_of_the_first_wave_is_at_work() -> None:
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "b"), task("d", "c", "slow")]
    sim = timed(tasks, {"slow": 10.0})
    sim.pass_time()
    assert sim.wall_s == 11.0
    assert [level.tip for level in sim.run.levels] == [
        "base+a+slow",
        "base+a+slow+b",
        "base+a+slow+b+c",
        "base+a+slow+b+c+d",
    ]
    bases = {task_id: found.attempts[0] for task_id, found in sim.run.tasks.items()}
    assert bases[TaskId("c")].own == ("b#1", "c#1"), "its base was the result that it waited for"
    whole(sim)


def test_a_result_that_comes_while_its_level_is_cut_is_carried_over_once() -> None:
    for seed in range(8):
        sim = Simulation([task("a"), task("b", "a")], schedule=DAG)
        sim.go(Random(seed))
        assert [e.task for e in sim.journal if isinstance(e, CarryTried)] in ([], ["b"])
        whole(sim)


def test_results_that_do_not_follow_from_each_other_are_laid_together() -> None:
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")]
    sim = timed(tasks, {"slow": 10.0})
    sim.pass_time()
    assert sim.run.tasks[TaskId("d")].attempts[0].own == ("b#1~c", "d#1")
    assert sim.wall_s == 10.0
    whole(sim)


def test_the_longest_way_to_the_end_goes_first() -> None:
    quick = [task(name, estimate_s=1.0) for name in ("x", "y", "long")]
    tasks = [*quick, task("after", "long", estimate_s=50.0)]
    sim = timed(tasks, {"after": 50.0}, jobs=1)
    sim.pass_time()
    assert [name for name, _ in sim.started][:2] == ["long", "after"]


def test_a_task_without_dependencies_in_a_later_wave_of_the_plan_need_not_wait() -> None:
    tasks = [task("a", wave=1), task("b", wave=2)]
    sim = timed(tasks, {"a": 5.0, "b": 5.0})
    sim.pass_time()
    assert sim.wall_s == 5.0
    assert [level.tasks for level in sim.run.levels] == [("a",), ("b",)]
    whole(sim)


def test_who_waits_for_reviewers_starts_nothing_early() -> None:
    sim = Simulation([task("slow"), task("a"), task("b", "a")], schedule=DAG, barrier=Barrier.MERGED)
    assert not sim.run.dag


def test_where_what_it_builds_on_does_not_merge_early_a_task_waits_for_its_wave() -> None:
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")]
    sim = timed(tasks, {"slow": 10.0}, Script(clashing={("b", "c")}))
    run = sim.pass_time()
    assert set(states(run).values()) == {"landed"}
    assert [n for name, n in sim.started if name == "c"] == [1, 2]
    assert [n for name, n in sim.started if name == "d"] == [1]
    whole(sim)


def test_what_was_built_on_a_result_that_did_not_land_is_done_again() -> None:
    # b does not merge with slow, which lands below it; c was built on the b of before
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "b")]
    sim = timed(tasks, {"slow": 10.0}, Script(clashing={("b", "slow")}))
    run = sim.pass_time()
    assert set(states(run).values()) == {"landed"}
    assert [(name, n) for name, n in sim.started if name in "bc"] == [("b", 1), ("c", 1), ("b", 2), ("c", 2)]
    whole(sim)


def test_what_fails_for_good_blocks_what_waits_for_it_and_nothing_else() -> None:
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "b"), task("e", "a"), task("d", "c")]
    sim = timed(tasks, {"slow": 10.0}, Script(endings={"b": ["fail"]}))
    run = sim.pass_time()
    assert states(run) == {
        "slow": "landed",
        "a": "landed",
        "b": "failed",
        "c": "blocked",
        "e": "landed",
        "d": "blocked",
    }
    whole(sim)


def test_what_is_held_below_blocks_work_that_had_been_done_already() -> None:
    script = Script(clashing={("b", "slow")}, endings={"b": ["ok", "fail"]})
    tasks = [task("slow"), task("a"), task("b", "a"), task("c", "b")]
    sim = Timed(tasks, {"slow": 10.0}, script, schedule=DAG, jobs=2, retries=0)
    run = sim.pass_time()
    assert states(run) == {"slow": "landed", "a": "landed", "b": "held", "c": "blocked"}
    assert run.tasks[TaskId("c")].reason == "waits for `b`, which is held"
    whole(sim)


def around_slow(script: Script, *policies: Policy, agent: str | None = None) -> Run:
    """A task of the second wave that is over before the first, and does not merge with what that brings."""
    tasks = [task("slow"), task("a"), task("b", "a", agent=agent), task("c", "b")]
    script.clashing = {("b", "slow")}
    sim = Timed(tasks, {"slow": 10.0}, script, schedule=DAG, jobs=2, policies=policies or ALL)
    run = sim.pass_time()
    whole(sim)
    return run


def test_what_cannot_be_carried_over_is_settled_by_drivers_without_another_attempt() -> None:
    run = around_slow(Script(settled={"b": "drivers"}))
    assert set(states(run).values()) == {"landed"}
    b = run.tasks[TaskId("b")]
    assert [len(run.tasks[TaskId(name)].attempts) for name in "bc"] == [1, 1]
    assert (b.work.own, b.work.base) == (("base+a", "b#1"), "base+a+slow")
    assert b.work.carried is not None
    assert b.work.carried.tip == "base+a+slow"


@pytest.mark.parametrize(("settled", "by"), [("", "agent"), ("regenerate", "regenerate")])
def test_what_cannot_be_carried_over_is_repaired_where_its_level_was_cut(settled: str, by: str) -> None:
    run = around_slow(Script(settled={"b": settled}), agent="claude")
    assert set(states(run).values()) == {"landed"}
    b = run.tasks[TaskId("b")]
    assert [(each.repair, each.base) for each in b.attempts] == [("", "base+a+slow"), (by, "b settled")]
    assert b.reruns == 0


def test_what_no_policy_settles_is_run_again_or_held() -> None:
    run = around_slow(Script(settled={"b": "badly"}), agent="claude")
    assert [(each.repair, each.rerun) for each in run.tasks[TaskId("b")].attempts] == [
        ("", False),
        ("agent", False),
        ("", True),
    ]
    held = around_slow(Script(settled={"b": "badly"}), Policy.AGENT, Policy.HOLD, agent="claude")
    assert states(held) == {"slow": "landed", "a": "landed", "b": "held", "c": "blocked"}
    assert held.tasks[TaskId("b")].reason.endswith("; markers are left")


@examples(150)
@given(
    st.sampled_from(["", "drivers", "regenerate", "badly"]),
    st.integers(0, 9999),
    st.lists(st.integers(1, 30)),
)
def test_killed_while_it_is_settled_a_resume_settles_it(settled: str, seed: int, kills: list[int]) -> None:
    tasks = [task("slow"), task("a"), task("b", "a", agent="claude"), task("c", "b")]
    script = Script(clashing={("b", "slow")}, settled={"b": settled})
    sim = Simulation(tasks, script, schedule=DAG, jobs=2, policies=ALL)
    rng = Random(seed)
    for each in kills[:4]:
        sim.go(rng, stop_after=len(sim.journal) + each)
        if sim.run.end is None:
            sim.kill_and_resume()
    run = sim.go(rng)
    assert set(states(run).values()) == {"landed"}
    repairs = [
        each.repair for each in run.tasks[TaskId("b")].attempts if each.state is AttemptState.SUCCEEDED
    ]
    assert len(repairs) == len(set(repairs)) + run.tasks[TaskId("b")].reruns, "nothing is settled twice"
    whole(sim)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Task], Script, int]:
    size = draw(st.integers(1, 9))
    tasks = []
    for n in range(size):
        before = draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set()
        agent = draw(st.sampled_from([None, "claude"]))
        tasks.append(task(f"t{n}", *(f"t{b}" for b in sorted(before)), agent=agent))
    names = [str(each.id) for each in tasks]
    endings = st.lists(st.sampled_from(["ok", "fail", "timeout", "problem", "lost"]), min_size=1, max_size=3)
    script = Script(
        endings=draw(st.dictionaries(st.sampled_from(names), endings, max_size=3)),
        clashing=draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=3)),
        unchanged=draw(st.sets(st.sampled_from(names), max_size=2)),
        settled=draw(st.dictionaries(st.sampled_from(names), st.sampled_from(MEANS), max_size=4)),
    )
    return tasks, script, draw(st.integers(1, 4))


@examples(250)
@given(plans(), st.integers(0, 10_000))
def test_whatever_happens_the_run_ends_and_its_levels_are_whole(
    plan: tuple[list[Task], Script, int], seed: int
) -> None:
    tasks, script, jobs = plan
    sim = Simulation(tasks, script, schedule=DAG, jobs=jobs, policies=ALL)
    running: list[int] = []
    sim.go(Random(seed), watch=lambda run: running.append(len(run.active)))
    _resume_until_over(sim, Random(seed))
    assert max(running) <= jobs
    over = {"landed", "failed", "held", "blocked"}
    assert set(states(sim.run).values()) <= over
    for found in sim.run.tasks.values():
        if found.state is TaskState.LANDED:
            assert all(sim.run.tasks[d].state is TaskState.LANDED for d in found.task.depends_on)
    whole(sim)


def _resume_until_over(sim: Simulation, rng: Random) -> None:
    """A machine in trouble (`lost`) stops a run; each resume tries again."""
    for _ in range(40):
        if sim.run.end is not None and sim.run.end.value != "interrupted":
            return
        sim.kill_and_resume()
        sim.go(rng)
    sim.script.endings = {}
    sim.kill_and_resume()
    sim.go(rng)


@examples(250)
@given(plans(), st.integers(0, 10_000), st.lists(st.integers(1, 40), max_size=4))
def test_a_killed_run_lands_what_an_undisturbed_one_lands(
    plan: tuple[list[Task], Script, int], seed: int, kills: list[int]
) -> None:
    tasks, script, jobs = plan
    script.endings = {}
    script.clashing = set()
    rng = Random(seed)
    sim = Simulation(tasks, script, schedule=DAG, jobs=jobs)
    stop = 0
    for each in kills:
        stop = len(sim.journal) + each
        sim.go(rng, stop_after=stop)
        if sim.run.end is None:
            sim.kill_and_resume()
    run = sim.go(rng)
    assert set(states(run).values()) == {"landed"}
    assert sim.holds[run.tip] == {str(t.id) for t in tasks} - script.unchanged
    whole(sim)


def test_random_graphs_come_close_to_what_is_possible() -> None:
    for seed in range(12 if WHOLE else 4):
        tasks, seconds, jobs = random_graph(seed)
        sim = timed(tasks, seconds, jobs=jobs)
        sim.pass_time()
        assert sim.wall_s <= 1.05 * bound_s(tasks, seconds, jobs), seed
        whole(sim)
