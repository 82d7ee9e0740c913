"""What is started, retried, landed, held and blocked, and that a kill changes none of it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.apply import apply
from gitpar.core.events import RunEnd, StopRequested
from gitpar.core.graph import Task
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import OnRevert
from gitpar.core.view import view
from tests.support.amounts import examples
from tests.support.simulation import BASE, Script, Simulation, task


def states(run: Run) -> dict[str, str]:
    return {task_id: found.state.value for task_id, found in run.tasks.items()}


def test_waves_run_one_after_another_and_land_in_plan_order() -> None:
    sim = Simulation([task("c", "a"), task("b"), task("a"), task("d", "b", "c")], jobs=4)
    run = sim.go(Random(1))
    assert run.end is RunEnd.DONE
    assert run.tip == "base+b+a+c+d"
    assert [level.tip for level in run.levels] == ["base+b+a", "base+b+a+c", "base+b+a+c+d"]
    assert [level.base for level in run.levels] == [BASE, "base+b+a", "base+b+a+c"]


def test_no_more_than_jobs_at_once() -> None:
    seen: list[int] = []
    sim = Simulation([task(f"t{n}") for n in range(20)], jobs=3)
    sim.go(Random(2), watch=lambda run: seen.append(len(run.active)))
    assert max(seen) == 3


def test_a_failure_is_retried_once_by_default_and_then_blocks_only_what_waits_for_it() -> None:
    sim = Simulation(
        [
            task("bad"),
            task("good"),
            task("after-bad", "bad"),
            task("after-good", "good"),
            task("last", "after-bad"),
        ],
        Script(endings={"bad": ["fail"]}),
    )
    run = sim.go()
    assert states(run) == {
        "bad": "failed",
        "good": "landed",
        "after-bad": "blocked",
        "after-good": "landed",
        "last": "blocked",
    }
    assert [n for name, n in sim.started if name == "bad"] == [1, 2]
    assert run.tasks["last"].reason == "waits for `bad`, which failed"  # type: ignore[index]
    assert run.end is RunEnd.FAILED


def test_a_timeout_is_retried_once_with_twice_the_limit_apart_from_the_retries() -> None:
    sim = Simulation(
        [task("slow"), task("other")], Script(endings={"slow": ["timeout", "fail", "ok"]}), timeout_s=30.0
    )
    run = sim.go()
    slow = run.tasks["slow"]  # type: ignore[index]
    assert [a.timeout_s for a in slow.attempts] == [30.0, 60.0, 60.0]
    assert slow.state is TaskState.LANDED


def test_two_timeouts_fail_the_task() -> None:
    sim = Simulation([task("slow"), task("other")], Script(endings={"slow": ["timeout"]}), timeout_s=1.0)
    run = sim.go()
    assert states(run) == {"slow": "failed", "other": "landed"}
    assert run.tasks["slow"].reason == "no end within 2 s"  # type: ignore[index]


def test_a_wave_that_fails_whole_is_tried_once_more_one_at_a_time() -> None:
    seen: list[int] = []
    sim = Simulation(
        [task("a"), task("b"), task("c", "a")],
        Script(endings={"a": ["fail", "fail", "ok"], "b": ["fail"]}),
        jobs=4,
    )
    run = sim.go(watch=lambda run: seen.append(len(run.active)) if len(sim.started) >= 4 else None)
    assert sim.started[4:6] == [("a", 3), ("b", 3)]
    assert max(seen) == 1
    assert states(run) == {"a": "landed", "b": "failed", "c": "landed"}


def test_a_single_task_that_fails_gets_no_third_try() -> None:
    sim = Simulation([task("a")], Script(endings={"a": ["fail"]}))
    sim.go()
    assert sim.started == [("a", 1), ("a", 2)]


def test_what_does_not_merge_is_run_again_after_the_others_from_the_new_tip() -> None:
    sim = Simulation([task("a"), task("b"), task("c")], Script(conflicting={"a", "b"}), jobs=3)
    run = sim.go()
    # `a` is first onto the base and so merges; `b` steps aside, `c` lands, `b` is run again
    assert run.tip == "base+a+c+b"
    assert sim.started[-1] == ("b", 2)
    again = run.tasks["b"]  # type: ignore[index]
    assert again.last.base == "base+a+c"
    assert view(run, sim.clock).metrics.conflict_rate == pytest.approx(1 / 3)


def test_a_rerun_that_fails_is_held_and_blocks_what_waits_for_it() -> None:
    sim = Simulation(
        [task("a"), task("b"), task("c", "b")],
        Script(endings={"b": ["ok", "fail"]}, conflicting={"b"}),
        retries=0,
    )
    run = sim.go()
    assert states(run) == {"a": "landed", "b": "held", "c": "blocked"}
    assert run.end is RunEnd.NEEDS_PERSON


@pytest.mark.parametrize(("on_revert", "state"), [(OnRevert.HOLD, "held"), (OnRevert.WARN, "landed")])
def test_a_rerun_that_undoes_a_landed_line(on_revert: OnRevert, state: str) -> None:
    sim = Simulation([task("a"), task("b")], Script(conflicting={"b"}, undoing={"b"}), on_revert=on_revert)
    assert states(sim.go()) == {"a": "landed", "b": state}


def test_a_task_that_changes_nothing_has_landed_and_satisfies_who_waits() -> None:
    sim = Simulation([task("check"), task("next", "check")], Script(unchanged={"check"}))
    run = sim.go()
    assert states(run) == {"check": "landed", "next": "landed"}
    assert run.tip == "base+next"


def test_a_worker_that_leaves_a_rebase_fails_although_it_exits_0() -> None:
    sim = Simulation([task("a")], Script(endings={"a": ["problem"]}))
    run = sim.go()
    assert run.tasks["a"].reason == "left a rebase in progress"  # type: ignore[index]


def test_a_full_disk_stops_the_run_and_a_resume_goes_on() -> None:
    sim = Simulation([task("a"), task("b")], Script(endings={"a": ["lost", "ok"]}), jobs=1)
    run = sim.go()
    assert run.end is RunEnd.INTERRUPTED
    assert run.trouble == "No space left on device"
    sim.kill_and_resume()
    assert sim.go().end is RunEnd.DONE


def test_a_stop_lets_running_workers_end_and_starts_nothing_new() -> None:
    sim = Simulation([task(f"t{n}") for n in range(6)], jobs=2)

    def ask_once(run: Run) -> None:
        if len(sim.started) == 1 and not run.stop_requested:
            apply(run, StopRequested(at=0.0, now=False))

    run = sim.go(watch=ask_once)
    assert run.end is RunEnd.INTERRUPTED
    assert len(sim.started) <= 3
    sim.kill_and_resume()
    assert sim.go().end is RunEnd.DONE
    assert sorted(sim.started) == [(f"t{n}", 1) for n in range(6)]


# --- properties ---------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Task], Script, int]:
    count = draw(st.integers(1, 9))
    names = [f"t{n}" for n in range(count)]
    tasks = [
        task(name, *draw(st.sets(st.sampled_from(names[:at]), max_size=3))) if at else task(name)
        for at, name in enumerate(names)
    ]
    ending = st.sampled_from(["ok", "ok", "ok", "fail", "timeout", "problem"])
    script = Script(
        endings={name: draw(st.lists(ending, min_size=1, max_size=4)) for name in names},
        conflicting=draw(st.sets(st.sampled_from(names))),
        unchanged=draw(st.sets(st.sampled_from(names), max_size=2)),
        undoing=draw(st.sets(st.sampled_from(names), max_size=2)),
    )
    return tasks, script, draw(st.integers(1, 4))


@given(worlds(), st.randoms(use_true_random=False))
@examples(80)
def test_every_run_ends_with_every_task_told(world: tuple[list[Task], Script, int], rng: Random) -> None:
    tasks, script, jobs = world
    sim = Simulation(tasks, script, jobs=jobs, timeout_s=5.0)
    run = sim.go(rng)
    for found in run.tasks.values():
        assert found.state in {TaskState.LANDED, TaskState.HELD, TaskState.FAILED, TaskState.BLOCKED}
        if found.state is TaskState.LANDED:
            assert all(run.tasks[d].state is TaskState.LANDED for d in found.task.depends_on)
        else:
            assert found.reason
    assert run.max_concurrent <= jobs


@given(worlds(), st.randoms(use_true_random=False), st.data())
@examples(80)
def test_killed_anywhere_a_resume_reaches_the_same_end(
    world: tuple[list[Task], Script, int], rng: Random, data: st.DataObject
) -> None:
    tasks, script, jobs = world
    # what an attempt does must not depend on its number: a kill adds attempts
    script.endings = {name: endings[:1] for name, endings in script.endings.items()}
    calm = Simulation(tasks, script, jobs=jobs, timeout_s=5.0).go()
    sim = Simulation(tasks, script, jobs=jobs, timeout_s=5.0)
    finished: set[tuple[str, int]] = set()
    for _ in range(3):
        kill_at = len(sim.journal) + data.draw(st.integers(1, 25))
        sim.go(rng, stop_after=kill_at)
        if sim.run.end is not None:
            break
        finished |= {(t.task.id, a.n) for t in sim.run.tasks.values() for a in t.attempts if a.captured}
        before = len(sim.started)
        sim.kill_and_resume()
        assert not finished & set(sim.started[before:])
    run = sim.run if sim.run.end is not None else sim.go(rng)
    assert states(run) == states(calm)
    assert run.tip == calm.tip
