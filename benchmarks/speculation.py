"""What `--speculate` saves: wall time of runs whose level gate sleeps, with it and without.

One wave of tasks, some of which break the gate. Both runs of a pair are the same but for
the flag and begin together; the gate's own time is nearly all there is, so a busy machine
hardly matters. Every run must hold the broken tasks and land all others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from gitpar.values import dataclass
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment


@dataclass(frozen=True, slots=True)
class Taken:
    """How long one run took, and how often its gate was run."""

    wall_s: float
    gates: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what each number of broken tasks takes; the exit status is 0 whatever that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=16, help="tasks of the wave")
    parser.add_argument("--gate", type=float, default=5.0, metavar="S", help="how long the gate sleeps")
    parser.add_argument("--gate-jobs", type=int, default=4, metavar="N", help="gates at once")
    parser.add_argument("--waves", type=int, default=3, metavar="N", help="pairs for each number")
    asked = parser.parse_args(arguments)
    for broken in (0, 1, 2, 4):
        pairs = [_pair(seed, broken, asked) for seed in range(asked.waves)]
        plain, ahead = ([pair[at] for pair in pairs] for at in range(2))
        ratio = statistics.median(b.wall_s / a.wall_s for a, b in pairs)
        print(
            f"{broken} of {asked.tasks} broken, gate of {asked.gate:g} s, {asked.gate_jobs} at once: "
            f"{_said(plain)} without, {_said(ahead)} with --speculate, {ratio:.2f} of the time"
        )
    return 0


def _said(runs: Sequence[Taken]) -> str:
    wall_s = statistics.median(run.wall_s for run in runs)
    return f"{wall_s:.1f} s and {statistics.median(run.gates for run in runs):g} gates"


def _pair(seed: int, broken: int, asked: argparse.Namespace) -> tuple[Taken, Taken]:
    names = [f"t{n}" for n in range(asked.tasks)]
    bad = frozenset(Random(seed).sample(names, broken))
    with ThreadPoolExecutor(2) as threads:
        plain, ahead = threads.map(lambda more: _run(names, bad, asked, more), ([], ["--speculate"]))
    return plain, ahead


def _run(names: Sequence[str], bad: frozenset[str], asked: argparse.Namespace, more: Sequence[str]) -> Taken:
    with tempfile.TemporaryDirectory(prefix="gitpar-") as name:
        folder = Path(name)
        environ = {**sealed_environment(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
        git = PlainGit(folder, environ)
        git.raw("init", "--quiet", "--template=", str(folder / "repository"))
        git.at(folder / "repository").raw("commit", "--quiet", "--allow-empty", "--message", "Begin")
        rows = [{"id": each, "command": f"echo {each} > {'bad.' * (each in bad)}{each}"} for each in names]
        plan = folder / "plan.json"
        plan.write_text(json.dumps({"tasks": rows}), encoding="utf-8")
        gate = f"sleep {asked.gate} && ! ls bad.* 2> /dev/null"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "gitpar", "-C", str(folder / "repository"), "run", str(plan)),
                *("--json", "-q", "--level-gate", gate, "--gate-jobs", str(asked.gate_jobs), *more),
            ],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        told = json.loads(done.stdout)
        held = {task["id"] for task in told["tasks"] if task["state"] != "landed"}
        if held != bad:
            raise AssertionError(f"held {sorted(held)}, broken {sorted(bad)}: {done.stderr!r}")
        return Taken(told["metrics"]["wall_s"], len(told["gates"]))


if __name__ == "__main__":
    sys.exit(main())
