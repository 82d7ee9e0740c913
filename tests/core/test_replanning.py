"""A run takes its plan anew: `gitpar resume --replan`."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.apply import fold
from gitpar.core.graph import Task, TaskStatus
from gitpar.core.names import TaskId
from gitpar.core.replanning import difference
from gitpar.core.run import Run, TaskState
from gitpar.core.settings import Schedule
from gitpar.errors import UsageError
from tests.support.amounts import examples
from tests.support.simulation import Script, Simulation, task

PLAN = [task("a"), task("b"), task("c", "a"), task("d", "c", "b")]


def states(run: Run) -> dict[str, str]:
    return {task_id: found.state.value for task_id, found in run.tasks.items()}


def begun(*, landed: str, plan: list[Task] = PLAN, script: Script | None = None) -> Simulation:
    """A run that was killed when a task had landed."""
    sim = Simulation(plan, script, jobs=2)
    found = Simulation(plan, script, jobs=2)
    found.go()
    stop = next(n for n, event in enumerate(found.journal, 1) if _lands(event, landed))
    sim.go(stop_after=stop)
    assert sim.run.end is None
    return sim


def _lands(event: object, task_id: str) -> bool:
    return type(event).__name__ == "Landed" and getattr(event, "task", None) == task_id


def test_what_is_added_is_worked_on_behind_what_was_begun() -> None:
    sim = begun(landed="b")
    sim.replan([*PLAN, task("e"), task("f", "e", "d")])
    run = sim.go()
    assert set(states(run).values()) == {"landed"}
    assert [level.tasks for level in run.levels] == [("a", "b"), ("c",), ("d", "e"), ("f",)]
    assert [name for name, _ in sim.started].count("a") == 1


def test_what_is_removed_is_left_out_and_what_is_changed_is_worked_on_as_it_is_now() -> None:
    sim = begun(landed="b")
    changed = replace(PLAN[2], command="echo more")
    sim.replan([PLAN[0], PLAN[1], changed])
    run = sim.go()
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed", "d": "skipped"}
    assert run.tasks[TaskId("d")].reason == "no longer in the plan"
    assert run.tasks[TaskId("c")].task.command == "echo more"
    assert run.end is not None
    assert run.end.value == "done"


def test_a_finished_run_goes_on_with_new_tasks() -> None:
    sim = Simulation(PLAN, jobs=2)
    tip = sim.go().tip
    sim.replan([*PLAN, task("e", "d")])
    run = sim.go()
    assert run.tip == f"{tip}+e"
    assert run.levels[-1].tasks == ("e",)


def test_a_failed_task_that_changed_is_tried_again_with_what_it_blocked() -> None:
    sim = Simulation(PLAN, Script(endings={"c": ["fail", "fail", "ok"]}), jobs=2)
    assert states(sim.go()) == {"a": "landed", "b": "landed", "c": "failed", "d": "blocked"}
    sim.replan([PLAN[0], PLAN[1], replace(PLAN[2], prompt="otherwise"), PLAN[3]])
    run = sim.go()
    assert set(states(run).values()) == {"landed"}


def test_what_blocks_others_may_be_taken_out_of_their_way() -> None:
    sim = Simulation(PLAN, Script(endings={"c": ["fail"]}), jobs=2)
    sim.go()
    sim.replan([PLAN[0], PLAN[1], task("d", "b")])
    run = sim.go()
    assert states(run) == {"a": "landed", "b": "landed", "d": "landed", "c": "skipped"}


def test_what_the_file_says_is_done_need_not_be_done() -> None:
    sim = begun(landed="b")
    sim.replan([PLAN[0], PLAN[1], replace(PLAN[2], status=TaskStatus.DONE, status_text="done"), PLAN[3]])
    run = sim.go()
    assert states(run) == {"a": "landed", "b": "landed", "c": "skipped", "d": "landed"}


def test_a_plan_that_contradicts_what_has_landed_is_refused_by_id() -> None:
    sim = begun(landed="b")
    before = len(sim.journal)
    wrong = [replace(PLAN[1], command="rm -r ."), task("c"), task("d", "c"), task("e")]
    with pytest.raises(UsageError) as raised:
        sim.replan(wrong)
    assert raised.value.message.splitlines()[1:] == [
        "`a` has landed and is no longer in the plan",
        "`b` has landed, and its command changed",
    ]
    with pytest.raises(UsageError, match="`a` has landed, and now depends on `b`"):
        sim.replan([task("a", "b"), *PLAN[1:]])
    assert len(sim.journal) == before


def test_titles_places_and_statuses_are_no_contradiction() -> None:
    sim = begun(landed="b")
    done = replace(PLAN[0], title="Another", status=TaskStatus.DONE, status_text="done")
    known = fold(sim.journal)
    assert not difference(known, [done, *PLAN[1:]])


def test_what_was_at_work_is_not_changed_under_it() -> None:
    sim = Simulation(PLAN, jobs=2)
    sim.go(stop_after=5)
    assert set(sim.run.active) == {"a", "b"}
    with pytest.raises(UsageError, match="`a` was at work when gitpar ended, and changed"):
        sim.replan([replace(PLAN[0], command="x"), *PLAN[1:]])
    sim.replan([*PLAN, task("e")])
    assert set(states(sim.go()).values()) == {"landed"}


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[Task], list[Task], Script]:
    """A plan, another one made of it, and what happens."""
    size = draw(st.integers(2, 7))
    names = [f"t{n}" for n in range(size)]
    tasks = [
        task(name, *(names[b] for b in sorted(draw(st.sets(st.integers(0, n - 1), max_size=2)))))
        if n
        else task(name)
        for n, name in enumerate(names)
    ]
    gone = set(draw(st.sets(st.sampled_from(names), max_size=2)))
    kept = [
        replace(each, depends_on=tuple(d for d in each.depends_on if d not in gone))
        for each in tasks
        if each.id not in gone
    ]
    changed = draw(st.sets(st.sampled_from(names), max_size=2))
    kept = [replace(each, prompt="new") if each.id in changed else each for each in kept]
    there = [str(each.id) for each in kept]
    some = st.sets(st.sampled_from(there), max_size=2) if there else st.just(set())
    added = [task(f"n{n}", *sorted(draw(some))) for n in range(draw(st.integers(0, 2)))]
    endings = st.lists(st.sampled_from(["ok", "fail", "problem"]), min_size=1, max_size=3)
    script = Script(
        endings=draw(st.dictionaries(st.sampled_from(names), endings, max_size=2)),
        clashing=draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=2)),
    )
    return tasks, [*kept, *added], script


@examples(200)
@given(edits(), st.integers(0, 10_000), st.integers(2, 60), st.sampled_from(Schedule))
def test_whenever_the_plan_is_taken_anew_the_run_ends_as_it_says(
    edit: tuple[list[Task], list[Task], Script], seed: int, stop: int, schedule: Schedule
) -> None:
    tasks, other, script = edit
    sim = Simulation(tasks, script, jobs=2, schedule=schedule)
    rng = Random(seed)
    sim.go(rng, stop_after=stop)
    landed = {t for t, found in fold(sim.journal).tasks.items() if found.state is TaskState.LANDED}
    try:
        sim.replan(other)
    except UsageError:
        sim.kill_and_resume()
        other = tasks
    run = sim.go(rng)
    again = fold(sim.journal)
    assert states(again) == states(run)
    assert {t for t in landed if run.tasks[t].state is not TaskState.LANDED} == set()
    wanted = {each.id for each in other}
    for task_id, found in run.tasks.items():
        over = ("landed", "failed", "held", "blocked") if task_id in wanted else ("skipped",)
        assert found.state.value in over, task_id
        if found.state is TaskState.LANDED:
            before = [run.tasks[d].state for d in found.task.depends_on]
            assert all(each is TaskState.LANDED for each in before)
    for level in run.levels:
        if level.tip is not None:
            below = {t for each in run.levels[: level.number] for t in each.tasks}
            assert sim.holds[level.tip] <= below
