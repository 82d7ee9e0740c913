"""Tasks into waves: order, circles named in full, declared waves, and speed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitpar.core.graph import Source, Task, TaskGraph, TaskStatus
from gitpar.core.names import TaskId
from gitpar.errors import PlanError


def task(
    name: str, *after: str, wave: int | None = None, status: TaskStatus = TaskStatus.PENDING, line: int = 1
) -> Task:
    return Task(
        id=TaskId(name),
        title=name,
        source=Source("plan.json", line),
        depends_on=tuple(map(TaskId, after)),
        wave=wave,
        status=status,
    )


def complaints(*tasks: Task) -> list[str]:
    with pytest.raises(PlanError) as caught:
        TaskGraph(tasks)
    return [problem.message for problem in caught.value.problems]


def test_waves_are_in_plan_order() -> None:
    graph = TaskGraph([task("c", "a"), task("b"), task("a"), task("d", "b", "c")])
    assert graph.waves == (("b", "a"), ("c",), ("d",))


def test_a_circle_is_named_in_full_from_the_waiting_task_to_what_it_waits_for() -> None:
    found = complaints(task("x"), task("a", "b"), task("b", "c", "x"), task("c", "a"), task("d", "a"))
    assert found == ["the tasks wait for each other in a circle: `a` → `b` → `c` → `a`"]


def test_every_separate_circle_is_named() -> None:
    found = complaints(task("a", "b"), task("b", "a"), task("c", "d"), task("d", "c"), task("e", "a", "d"))
    assert found == [
        "the tasks wait for each other in a circle: `a` → `b` → `a`",
        "the tasks wait for each other in a circle: `c` → `d` → `c`",
    ]


def test_a_circle_is_named_from_the_first_task_of_the_plan() -> None:
    assert complaints(task("a", "c"), task("b", "c"), task("c", "b")) == [
        "the tasks wait for each other in a circle: `b` → `c` → `b`"
    ]


def test_twice_used_ids_name_both_places() -> None:
    assert complaints(task("a", line=3), task("a", line=7), task("A", line=9)) == [
        "task id `a` is used twice, first in `plan.json` line 3",
        "task id `A` differs only by case from `a` in `plan.json` line 3",
    ]


def test_unknown_and_own_dependencies_are_reported_together() -> None:
    with pytest.raises(PlanError) as caught:
        TaskGraph([task("build", "biuld", "tset"), task("test", "build")])
    assert [problem.message for problem in caught.value.problems] == [
        "task `build` depends on `biuld`, which is not in the plan",
        "task `build` depends on `tset`, which is not in the plan",
    ]
    assert caught.value.hints == ("Did you mean `build`?", "Did you mean `test`?")
    assert complaints(task("a", "a")) == ["task `a` depends on itself"]


def test_a_declared_wave_is_kept() -> None:
    graph = TaskGraph([task("a", wave=1), task("b", wave=2), task("c", "a")])
    assert graph.waves == (("a",), ("b", "c"))


def test_a_wave_that_holds_a_task_and_what_it_waits_for_is_wrong() -> None:
    assert complaints(task("a", wave=1), task("b", "a", wave=1)) == [
        "task `b` of wave 1 depends on `a` of wave 1"
    ]


def test_a_wave_that_is_too_early_through_a_task_without_one_is_wrong() -> None:
    assert complaints(task("a", wave=2), task("b", "a"), task("c", "b", wave=2)) == [
        "task `c` of wave 2 depends on `b`, which is in no declared wave and cannot run before wave 3"
    ]


def test_what_is_done_holds_no_wave_back() -> None:
    graph = TaskGraph([task("a", status=TaskStatus.DONE), task("b", "a", wave=1), task("c", wave=2)])
    assert graph.waves == (("b",), ("c",))


def test_critical_path_follows_the_longest_durations() -> None:
    graph = TaskGraph([task("a"), task("b"), task("c", "a", "b"), task("d", "c")])
    assert graph.critical_path({TaskId("a"): 5, TaskId("b"): 9}) == ("b", "c", "d")
    assert graph.critical_path({}) == ("a", "c", "d")


@pytest.mark.parametrize("shape", ["chain", "wide"])
def test_ten_thousand_tasks_build_within_a_second(shape: str) -> None:
    size = 10_000
    names = [f"t{number}" for number in range(size)]
    if shape == "chain":
        tasks = [task(name, *names[at - 1 : at]) for at, name in enumerate(names)]
    else:
        tasks = [
            task(name, *names[max(0, at // 10 * 10 - 10) : at // 10 * 10]) for at, name in enumerate(names)
        ]
    began = time.process_time()
    graph = TaskGraph(tasks)
    assert time.process_time() - began < 1
    assert len(graph.waves) == (size if shape == "chain" else size // 10)


def test_ten_thousand_unknown_names_are_reported_within_seconds() -> None:
    began = time.process_time()
    found = complaints(*(task(f"t{number}", f"unknown-{number}") for number in range(10_000)))
    assert len(found) == 10_000
    assert time.process_time() - began < 4


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    """Acyclic tasks in any order, some of them done."""
    size = draw(st.integers(1, 12))
    tasks = []
    for number in range(size):
        after = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=4)) if number else []
        done = draw(st.booleans())
        status = TaskStatus.DONE if done else TaskStatus.PENDING
        tasks.append(task(f"t{number}", *(f"t{other}" for other in after), status=status))
    return list(draw(st.permutations(tasks)))


@settings(deadline=None)
@given(plans())
def test_every_pending_task_is_in_one_wave_as_early_as_it_can_be(tasks: list[Task]) -> None:
    graph = TaskGraph(tasks)
    wave_of = {task_id: number for number, wave in enumerate(graph.waves) for task_id in wave}
    assert sorted(wave_of) == sorted(t.id for t in tasks if t.status is TaskStatus.PENDING)
    assert sum(map(len, graph.waves)) == len(wave_of)
    for task_id, number in wave_of.items():
        before = [wave_of[other] for other in graph[task_id].depends_on if other in wave_of]
        assert number == max(before, default=-1) + 1


@settings(deadline=None)
@given(plans(), st.data())
def test_adding_a_way_back_is_always_found_and_named_truly(tasks: list[Task], data: st.DataObject) -> None:
    graph = TaskGraph(tasks)
    waiting = [(a, b) for a in graph.tasks for b in graph.downstream([a])]
    if not waiting:
        return
    first, last = data.draw(st.sampled_from(waiting))
    bent = [
        task(one.id, *one.depends_on, *((last,) if one.id == first else ()), status=one.status)
        for one in tasks
    ]
    [message] = complaints(*bent)
    chain = message.split(": ")[1].replace("`", "").split(" → ")
    assert chain[0] == chain[-1]
    assert {first, last} <= set(chain)
    assert follows(chain, {one.id: one.depends_on for one in bent})


def follows(chain: Sequence[str], after: Mapping[TaskId, Sequence[TaskId]]) -> bool:
    return all(b in after[TaskId(a)] for a, b in pairwise(chain))
