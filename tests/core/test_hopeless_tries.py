"""What would fail again in the same way is not tried alone after a wave that failed whole."""

from __future__ import annotations

from gitpar.core.agents import AgentReport, Said, Trouble
from gitpar.core.run import TaskState
from tests.support.play import failed, play


def test_a_wave_that_failed_whole_is_tried_once_more_without_those_that_would_fail_alike() -> None:
    run = play(3, jobs=3)
    run.started()
    for name in ("t0", "t1"):
        run.end(name, failed(Trouble.TOO_LONG))
    while run.state("t2") is not TaskState.FAILED and not run.run.levels[0].solo:
        run.end("t2", AgentReport(said=Said.FAILED))
        run.started()
    assert run.run.levels[0].solo_tried
    assert {run.state(name) for name in ("t0", "t1")} == {TaskState.FAILED}
    hopeless = play(2, jobs=2)
    hopeless.started()
    for name in ("t0", "t1"):
        hopeless.end(name, failed(Trouble.TOO_LONG))
    assert not hopeless.run.levels[0].solo_tried
