"""Forecasts judged on a made-up history; tests/long/test_forecasts.py judges them on real ones."""

from __future__ import annotations

import pytest

from gitpar.core.advice import Wave, advise
from gitpar.core.forecast import PairForecast
from gitpar.core.names import TaskId
from tests.support.foretelling import (
    Judged,
    average_precision,
    calibration_error,
    intersection_precision,
    judge,
    made_up,
    wall_time,
)


def test_what_was_learned_forecasts_what_comes() -> None:
    verdict = judge(made_up(3), jobs=(4, 20))
    assert calibration_error(verdict.pairs) <= 0.03, str(verdict)
    assert average_precision(verdict.pairs) >= 1.4 * intersection_precision(verdict.pairs), str(verdict)
    for played in verdict.makespans.values():
        assert played.oracle <= played.advised < min(played.parallel, played.apart), str(verdict)


def test_what_is_measured_is_what_it_is_called() -> None:
    sure = [Judged(0.9, shares=True, conflict=True), Judged(0.1, shares=True, conflict=False)]
    wrong = [Judged(0.1, shares=True, conflict=True), Judged(0.9, shares=True, conflict=False)]
    assert (average_precision(sure), average_precision(wrong), intersection_precision(wrong)) == (
        1.0,
        0.5,
        0.5,
    )
    assert calibration_error(sure) == pytest.approx(0.1)
    assert calibration_error(wrong) == pytest.approx(0.9)


@pytest.mark.parametrize("jobs", [1, 2, 4, 8])
def test_of_known_conflicts_the_advice_foretells_the_wall_time(jobs: int) -> None:
    tasks = [TaskId(name) for name in "abcdefgh"]
    wave = Wave(tuple(tasks), {task: 1.0 + n % 3 for n, task in enumerate(tasks)}, jobs)
    true = [(tasks[a], tasks[b]) for a, b in [(0, 1), (0, 3), (1, 2), (3, 5), (4, 5), (2, 7), (1, 7)]]
    found = advise(wave, [PairForecast(a, b, 1.0, ()) for a, b in true])
    edges = [(edge.first, edge.later) for edge in found.edges]
    assert found.advised_s == wall_time(wave, edges, true) <= found.planned_s == wall_time(wave, [], true)
