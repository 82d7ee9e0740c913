"""Predicted wall time: list scheduling in plan order, wave by wave."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitpar.core.graph import Source, Task, TaskGraph, WaveNote
from gitpar.core.names import TaskId
from gitpar.core.prediction import Prediction, makespan, predict


def task(name: str, seconds: float | None, *after: str) -> Task:
    waits = tuple(map(TaskId, after))
    return Task(id=TaskId(name), title=name, source=Source("p"), depends_on=waits, estimate_s=seconds)


def test_each_task_starts_as_soon_as_a_job_is_free() -> None:
    assert makespan([3, 1, 2, 2], 2) == 5
    assert makespan([], 2) == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.integers(1, 8))
def test_a_schedule_lies_between_its_bound_and_grahams(durations: list[int], jobs: int) -> None:
    bound = max(*durations, sum(durations) / jobs)
    assert bound <= makespan(durations, jobs) <= bound * (2 - 1 / jobs) + 1e-9


def test_waves_follow_each_other() -> None:
    graph = TaskGraph([task("a", 10), task("b", 4), task("c", 5, "b")])
    assert predict(graph, (), 2) == Prediction(15, 19)


def test_a_wave_without_its_tasks_estimates_takes_what_the_plan_says() -> None:
    graph = TaskGraph([task("a", None), task("b", 4), task("c", 5, "b"), task("d", None, "b")])
    assert predict(graph, (WaveNote(1, "", 60),), 1) == Prediction(65, None, (TaskId("d"),))


@pytest.mark.parametrize("notes", [(), (WaveNote(1, "why"),)])
def test_a_plan_without_durations_has_no_prediction(notes: tuple[WaveNote, ...]) -> None:
    assert predict(TaskGraph([task("a", None)]), notes, 2) is None
