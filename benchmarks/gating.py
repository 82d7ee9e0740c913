"""How often level gates are run for each task that lands, on seeded waves in which tasks break things.

`decide` and `apply` are those of a real run; what a gate says is known beforehand. Every
wave is checked: what is broken is held, everything else lands. Then the same waves once
more with a gate of the run that asks the same of the tree that has just passed.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from gitpar.core.run import TaskState
from gitpar.core.settings import GateOn, GateRules
from gitpar.values import dataclass
from tests.support.simulation import Script, Simulation, task

GOAL = 0.45
_TESTS = GateRules(name="tests", command="make test")
_AGAIN = GateRules(name="again", command="make test", on=(GateOn.RUN,))


@dataclass(frozen=True, slots=True)
class Wave:
    """What one wave came to. `proved` are runs of a gate on a tree that had passed it."""

    tasks: int
    runs: int
    landed: int
    held: int
    proved: int


def wave(seed: int, rate: float, *, size: tuple[int, int] = (4, 60), pairs: float = 0.0) -> Wave:
    """Runs one wave; each task is broken at a rate, each neighbouring pair together at another.

    Raises AssertionError where somebody else is held than who must be.
    """
    chance = Random(seed)
    names = [f"t{n}" for n in range(chance.randint(*size))]
    broken = [{name} for name in names if chance.random() < rate]
    broken += [{one, other} for one, other in pairwise(names) if chance.random() < pairs]
    history = (round(1000 * rate), 1000)
    script = Script(broken=broken)
    simulation = Simulation(
        [task(name) for name in names], script, gates=(_TESTS, _AGAIN), gate_history=history
    )
    run = simulation.go()
    held = {name for name, found in run.tasks.items() if found.state is TaskState.HELD}
    landed = set(names) - held
    if any(group <= landed for group in broken) or any(not _guilty(name, broken) for name in held):
        raise AssertionError(f"wave {seed}: held {sorted(held)}, broken {broken}")
    on_level = [commit for gate, commit in simulation.gated if gate == "tests"]
    return Wave(len(names), len(on_level), len(landed), len(held), len(simulation.gated) - len(on_level))


def _guilty(name: str, broken: Sequence[set[str]]) -> bool:
    return any(name in group for group in broken)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints runs a landed task; the exit status is 0 whatever that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--waves", type=int, default=400, help="waves of 4 to 60 tasks, by seed from 0")
    asked = parser.parse_args(arguments)
    for rate, pairs in ((0.0, 0.0), (0.01, 0.0), (0.05, 0.0), (0.05, 0.01), (0.2, 0.0)):
        found = [wave(seed, rate, pairs=pairs) for seed in range(asked.waves)]
        each = [one.runs / one.landed for one in found if one.landed]
        tasks, landed = sum(one.tasks for one in found), sum(one.landed for one in found)
        print(
            f"{rate:.0%} of tasks broken, {pairs:.0%} of pairs: {tasks} tasks in {len(found)} waves, "
            f"{landed} landed, {sum(one.runs for one in found) / landed:.3f} runs a landed task "
            f"(by wave: median {statistics.median(each):.3f}, most {max(each):.2f}), "
            f"{sum(one.proved for one in found)} on a tree that had passed"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
