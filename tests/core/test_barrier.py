"""Waves that wait for the merge of the one before: decided from the run alone, whatever is killed."""

from __future__ import annotations

from random import Random

import pytest

from gitpar.core.barrier import awaited
from gitpar.core.events import RunEnd
from gitpar.core.names import CommitId
from gitpar.core.settings import Barrier
from gitpar.errors import UsageError
from tests.support.simulation import Script, Simulation, task

TASKS = [task("a"), task("b"), task("c", "a"), task("idle", "c"), task("d", "idle")]


def waiting(script: Script | None = None) -> Simulation:
    sim = Simulation(TASKS, script, barrier=Barrier.MERGED)
    assert sim.go().end is RunEnd.NEEDS_PERSON
    return sim


def level_of(sim: Simulation) -> int | None:
    level = awaited(sim.run)
    return level.number if level is not None else None


def test_each_wave_starts_from_what_was_merged_of_the_one_before() -> None:
    sim = waiting(Script(unchanged={"idle"}))
    assert (level_of(sim), sim.run.tip) == (1, "base+a+b")
    sim.merge(1, CommitId("main1"))
    assert sim.go(Random(1)).end is RunEnd.NEEDS_PERSON
    assert (level_of(sim), sim.run.tip) == (2, "main1+c")
    sim.merge(2, CommitId("main2"))
    run = sim.go(Random(2))
    # nothing landed on level 3, so there is nothing to merge of it
    assert (run.end, run.tip, level_of(sim)) == (RunEnd.DONE, "main2+d", None)


def test_a_run_that_is_only_taken_over_waits_again() -> None:
    sim = waiting()
    sim.kill_and_resume()
    assert sim.go().end is RunEnd.NEEDS_PERSON
    assert sim.run.tip == "base+a+b"


def test_lifted_the_rest_runs_as_ever() -> None:
    sim = waiting()
    sim.lift()
    assert (sim.go().end, sim.run.tip) == (RunEnd.DONE, "base+a+b+c+idle+d")
    with pytest.raises(UsageError, match="the run waits for no merge"):
        sim.lift()


def test_what_failed_holds_nothing_up_and_is_tried_again_from_what_was_merged() -> None:
    sim = waiting(Script(endings={"b": ["fail"]}))
    assert sim.run.tip == "base+a"
    sim.merge(1, CommitId("main1"))
    assert sim.go().end is RunEnd.NEEDS_PERSON
    sim.merge(2, CommitId("main2"))
    assert sim.go().end is RunEnd.NEEDS_PERSON
    sim.merge(3, CommitId("main3"))
    assert (sim.go().end, sim.run.tip) == (RunEnd.FAILED, "main3+d")
