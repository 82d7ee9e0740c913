"""Which tasks should wait for which, and what it costs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.advice import Wave, advise, ancestors, expected_end, finish_times, start_order, waiting
from gitpar.core.forecast import PairForecast
from gitpar.core.names import TaskId
from gitpar.core.prediction import makespan

NAMES = [TaskId(name) for name in "abcdefgh"]


def wave(*lengths_s: float, jobs: int = 4) -> Wave:
    tasks = tuple(NAMES[: len(lengths_s)])
    return Wave(tasks, dict(zip(tasks, lengths_s, strict=True)), jobs)


def pair(a: str, b: str, probability: float) -> PairForecast:
    return PairForecast(TaskId(a), TaskId(b), probability, ())


def test_a_sure_conflict_is_waited_for_where_jobs_are_few() -> None:
    found = advise(wave(10, 10, 10, 10, jobs=2), [pair("a", "b", 0.9)])
    assert [(e.first, e.later) for e in found.edges] == [("a", "b")]
    assert (found.planned_s, found.advised_s, round(found.left, 9)) == (29.0, 20.0, 0)


def test_an_unlikely_conflict_of_two_long_tasks_is_not_waited_for() -> None:
    found = advise(wave(100, 100), [pair("a", "b", 0.3)])
    assert (found.edges, found.planned_s, found.conflicts) == ((), 130.0, 0.3)


def test_a_sure_conflict_of_two_alone_costs_the_same_either_way() -> None:
    found = advise(wave(10, 10), [pair("a", "b", 1.0)])
    assert (found.edges, found.planned_s) == ((), 20.0)


def test_a_short_task_is_waited_for_before_a_long_one() -> None:
    found = advise(wave(1, 10), [pair("a", "b", 0.5)])
    assert [(e.first, e.later, e.gain_s) for e in found.edges] == [("a", "b", 4.0)]


def test_who_ends_at_once_lands_in_the_order_of_the_plan() -> None:
    """Not in that of a set, which differs from process to process: `a` and `f` land, `g` is done again."""
    a, b, f, g = (TaskId(name) for name in "abfg")
    waits = waiting((TaskId(name), b) for name in "agfedc")
    risks = {a: [(g, 1.0)], f: [(g, 0.5)], g: [(a, 1.0), (f, 0.5)]}
    assert expected_end(wave(*[5.0] * 8, jobs=8), waits, risks) == 15.0


def test_the_head_of_a_chain_is_started_first() -> None:
    made = wave(5, 5, 5, 5, jobs=1)
    assert start_order(made, waiting([(TaskId("c"), TaskId("d"))])) == ("c", "a", "b", "d")
    assert start_order(made, {}) == tuple(NAMES[:4])


risks = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.floats(0, 1)), max_size=12)


@given(st.lists(st.integers(1, 50), min_size=8, max_size=8), st.integers(1, 8), risks)
def test_advice_is_never_worse_than_all_at_once_and_never_goes_in_circles(
    lengths: list[int], jobs: int, drawn: list[tuple[int, int, float]]
) -> None:
    made = wave(*map(float, lengths), jobs=jobs)
    pairs = [
        pair(NAMES[a], NAMES[b], p) for a, b, p in {(a, b): (a, b, p) for a, b, p in drawn if a < b}.values()
    ]
    found = advise(made, pairs)
    waits = waiting((e.first, e.later) for e in found.edges)
    assert found.advised_s <= found.planned_s + 1e-6
    assert all(task not in ancestors(task, waits) for task in made.tasks)
    assert sorted(found.order) == sorted(made.tasks)
    ends = finish_times(made, waits)
    assert all(ends[e.first] <= ends[e.later] - made.lengths_s[e.later] + 1e-9 for e in found.edges)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 8))
def test_without_risks_a_wave_takes_what_the_plan_predicts(lengths: list[int], jobs: int) -> None:
    made = wave(*map(float, lengths), jobs=jobs)
    assert expected_end(made, {}, {}) == makespan(map(float, lengths), jobs)
