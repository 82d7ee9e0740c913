"""How far both schedules are from the least time possible, on random plans and a simulated clock.

`decide` and `apply` are those of a real run; workers take their time, everything else
none. The bound is the critical path or all work shared among the workers, whichever is
longer. Not every plan allows that: tasks are whole, and of 49 on 8 workers somebody has
to work on 7. What is proved of the plans that stay above the goal is printed with them.

With --real N the first N plans are worked on by sleeping workers, several plans at once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gitpar.core.graph import Task, TaskGraph
from gitpar.core.settings import Schedule
from gitpar.core.timetable import least_s, timetable
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment
from tests.support.timed import Timed, bound_s, random_graph

_GOAL = 1.05
_REAL_S = 300.0
"""The bound that a plan is scaled to where its workers sleep: tasks of 5 to 60 seconds."""
_APART_S = 3.0
"""Plans that are worked on at once do not begin at once, or all would wait for processors to load Python."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what both schedules reach; the exit status is 0 whatever that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plans", type=int, default=200, help="random plans, by seed from 0")
    parser.add_argument("--real", type=int, default=0, metavar="N", help="sleeping workers for so many plans")
    parser.add_argument("--bound", type=float, default=_REAL_S, metavar="S", help="their least time")
    parser.add_argument("--at-once", type=int, default=10, metavar="N", help="so many of them at a time")
    parser.add_argument("--only", choices=list(map(str, Schedule)), help="leave the other schedule out")
    asked = parser.parse_args(arguments)
    chosen = [schedule for schedule in Schedule if asked.only in (None, schedule.value)]
    for schedule in chosen:
        ratios = {seed: _simulated(seed, schedule) for seed in range(asked.plans)}
        _print(f"{schedule}, simulated, {asked.plans} plans", ratios)
    if asked.real:
        for schedule in chosen:
            real = _all_real(schedule, asked.real, asked.bound, asked.at_once)
            _print(f"{schedule}, sleeping workers, {asked.real} plans of {asked.bound:g} s", real)
    return 0


def _print(what: str, ratios: dict[int, float]) -> None:
    values = list(ratios.values())
    within = sum(ratio <= _GOAL for ratio in values)
    print(
        f"{what}: {within} within {_GOAL} of the bound; "
        f"mean {statistics.mean(values):.3f}, median {statistics.median(values):.3f}, max {max(values):.3f}"
    )
    missed = sorted((ratio, seed) for seed, ratio in ratios.items() if ratio > _GOAL)
    if len(missed) <= len(values) // 4:
        print(
            "".join(f"  seed {seed}: {ratio:.3f}{_allowed(seed)}\n" for ratio, seed in reversed(missed)),
            end="",
        )


def _allowed(seed: int) -> str:
    """Says what no order of a plan's tasks can be better than, where that is above the bound."""
    tasks, seconds, jobs = random_graph(seed)
    least = least_s(seconds.values(), jobs) / bound_s(tasks, seconds, jobs)
    return f", where {least:.4f} is the least that {len(tasks)} whole tasks allow {jobs}" if least > 1 else ""


def _simulated(seed: int, schedule: Schedule) -> float:
    tasks, seconds, jobs = random_graph(seed)
    starts = timetable(TaskGraph(tasks), jobs) if schedule is Schedule.DAG else ()
    run = Timed(tasks, seconds, schedule=schedule, jobs=jobs, starts=starts)
    run.pass_time()
    return run.wall_s / bound_s(tasks, seconds, jobs)


def _all_real(schedule: Schedule, plans: int, wanted_s: float, at_once: int) -> dict[int, float]:
    def later(seed: int) -> float:
        time.sleep(_APART_S * seed if seed < at_once else 0)
        return _real(seed, schedule, wanted_s)

    with ThreadPoolExecutor(at_once) as threads:
        return dict(enumerate(threads.map(later, range(plans))))


def _real(seed: int, schedule: Schedule, wanted_s: float) -> float:
    """Wall time of the run itself to the bound, which is computed from how long workers were to sleep."""
    tasks, seconds, jobs = random_graph(seed)
    scale = wanted_s / bound_s(tasks, seconds, jobs)
    with tempfile.TemporaryDirectory(prefix="gitpar-") as name:
        folder = Path(name)
        environ = {**sealed_environment(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
        git = PlainGit(folder, environ)
        git.raw("init", "--quiet", "--template=", str(folder / "repository"))
        git.at(folder / "repository").raw("commit", "--quiet", "--allow-empty", "--message", "Begin")
        plan = folder / "plan.json"
        rows = [_row(task, seconds[task.id] * scale) for task in tasks]
        plan.write_text(json.dumps({"tasks": rows}), encoding="utf-8")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "gitpar", "-C", str(folder / "repository"), "run", str(plan)),
                *("--json", "-q", "--jobs", str(jobs), "--schedule", schedule.value),
            ],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        wall_s: float = json.loads(done.stdout)["metrics"]["wall_s"]
        return wall_s / wanted_s


def _row(task: Task, seconds: float) -> dict[str, object]:
    command = f"sleep {seconds:.3f} && echo {task.id} > {task.id}.txt"
    row = {"id": task.id, "title": task.id, "command": command, "depends_on": list(task.depends_on)}
    return {**row, "estimate_s": round(seconds, 3)}


if __name__ == "__main__":
    sys.exit(main())
