"""`--order`: which results of a wave are tried first."""

from __future__ import annotations

from random import Random

import pytest

from gitpar.core.events import AttemptCaptured
from gitpar.core.settings import Order
from tests.support.simulation import Script, Simulation, task

CLASHING = Script(clashing={("a", "b"), ("a", "c")})


def landed(order: Order, *, rng: Random | None = None, script: Script = CLASHING) -> str:
    tasks = [task("a"), task("b"), task("c"), task("d")]
    return Simulation(tasks, script, jobs=4, order=order).go(rng).tip


def test_in_plan_order_the_first_lands_and_those_that_clash_with_it_are_run_again() -> None:
    assert landed(Order.PLAN) == "base+a+d+b+c"


def test_for_the_most_one_steps_aside_for_two() -> None:
    assert landed(Order.MOST) == "base+b+c+d+a"


def test_what_others_wait_for_weighs_more() -> None:
    tasks = [task("a"), task("b"), task("c"), task("x", "a"), task("y", "x")]
    sim = Simulation(tasks, CLASHING, jobs=4, order=Order.MOST)
    assert sim.go().levels[0].tip == "base+a+b+c"


def test_what_landed_early_leaves_no_choice() -> None:
    script = Script(clashing={("a", "b"), ("b", "c")})
    assert landed(Order.MOST, script=script) == "base+a+c+d+b"


@pytest.mark.parametrize("seed", range(6))
def test_as_they_finished_and_after_a_kill_in_the_same_order(seed: int) -> None:
    tasks = [task(f"t{n}") for n in range(6)]
    sim = Simulation(tasks, jobs=6, order=Order.FINISHED)
    whole = sim.go(Random(seed))
    came = [event.task for event in sim.journal if isinstance(event, AttemptCaptured)]
    assert whole.tip == "+".join(["base", *came])
    again = Simulation(tasks, jobs=6, order=Order.FINISHED)
    again.go(Random(seed), stop_after=len(sim.journal) - 12)
    again.kill_and_resume()
    assert again.go().tip == whole.tip
