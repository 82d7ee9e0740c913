"""The order in which tasks start under `--schedule dag`, and the least time that whole tasks take."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.graph import TaskGraph
from gitpar.core.settings import Schedule
from gitpar.core.timetable import least_s, timetable
from tests.support.simulation import task
from tests.support.timed import Timed, bound_s, random_graph


def shortest_s(seconds: list[float], jobs: int) -> float:
    """The best of all orders of tasks that wait for nothing; one of them is the best there is."""
    best = sum(seconds)
    for order in permutations(seconds):
        free = [0.0] * jobs
        for each in order:
            free[free.index(min(free))] += each
        best = min(best, max(free))
    return best


@given(st.lists(st.integers(1, 20).map(float), min_size=1, max_size=6), st.integers(1, 4))
def test_no_order_is_quicker_than_the_least_time(seconds: list[float], jobs: int) -> None:
    assert least_s(seconds, jobs) <= shortest_s(seconds, jobs) + 1e-9


@pytest.mark.parametrize(
    ("seconds", "jobs", "least"),
    [([3.0, 3.0, 3.0], 2, 6.0), ([9.0, 1.0, 1.0], 2, 9.0), ([2.0] * 4, 2, 4.0), ([5.0] * 49, 8, 35.0)],
)
def test_the_least_time_counts_whole_tasks(seconds: list[float], jobs: int, least: float) -> None:
    assert least_s(seconds, jobs) == least


@pytest.mark.parametrize("seed", [15, 69, 128])
def test_a_timetable_is_quicker_than_going_by_the_longest_way(seed: int) -> None:
    tasks, seconds, jobs = random_graph(seed)
    starts = timetable(TaskGraph(tasks), jobs)
    assert sorted(starts) == sorted(each.id for each in tasks)
    assert starts == timetable(TaskGraph(tasks), jobs), "the same answer every time"
    by_rank = Timed(tasks, seconds, schedule=Schedule.DAG, jobs=jobs)
    by_table = Timed(tasks, seconds, schedule=Schedule.DAG, jobs=jobs, starts=starts)
    by_rank.pass_time()
    by_table.pass_time()
    assert by_table.wall_s < by_rank.wall_s
    least = max(bound_s(tasks, seconds, jobs), least_s(seconds.values(), jobs))
    assert least <= by_table.wall_s <= 1.03 * least


def test_where_the_longest_way_is_good_enough_or_nothing_is_known_there_is_none() -> None:
    even = TaskGraph([task("a", estimate_s=60.0), task("b", "a", estimate_s=60.0)])
    assert timetable(even, 2) == ()
    tasks, _, jobs = random_graph(15)
    unknown = [task(each.id, *each.depends_on) for each in tasks]
    assert timetable(TaskGraph(unknown), jobs) == ()


def test_predicted_waits_are_reckoned_with() -> None:
    tasks, _, jobs = random_graph(15)
    graph = TaskGraph(tasks)
    widest = max(graph.waves, key=len)
    chain = list(pairwise(widest))
    assert timetable(graph, jobs)
    assert timetable(graph, jobs, chain) == (), "one after the other: the longest way is all there is"
