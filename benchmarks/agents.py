"""Measures gitpar's share of the CPU time of a run of eight real agents, at work at the same time.

    python -m benchmarks.agents FOLDER [--agent claude] [--steps 5,30,60] [--latency 1.0] [--rounds 1]

FOLDER holds the agent's program (`make test-agents` makes one: `.agents/node_modules/.bin`). The model
is the scripted one of the tests, which answers after `--latency` seconds; each step of an agent is one
answer and one small shell command. The model's server runs in the benchmark's own process, so it is in
neither sum.

The whole is what gitpar's process and everything it started took until it was reaped; the agents' part
is what their programs and tools took, told by a script around the program (`times` of bash). What is left
is gitpar's: its own process, git and the supervisors of the workers. A first run, which is not counted, fills
the caches: the agent's own, Python's, and gitpar's memory of the program's version.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import Size, generate
from benchmarks.timing import Cost, compile_ahead, run, spread
from tests.support.agent_profiles import profile
from tests.support.model_server import Model, scripted, serving
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment

ROOT = Path(__file__).resolve().parents[1]
GOAL = 0.05
WORKERS = 8
FILES = Size(files=300, size_bytes=3_400_000, tasks=1)
_AROUND = """\
#!/bin/bash
# the look at its version is gitpar's doing, so it is not among what the agents took
[ "$1" = --version ] && exec {real} "$@"
{real} "$@"
status=$?
times >> {told}
exit $status
"""


@dataclass(frozen=True, slots=True)
class Share:
    """What one run took of the CPUs, in seconds."""

    cost: Cost
    agents_s: float

    @property
    def started_s(self) -> float:
        """Git, the supervisors, the look at the version."""
        return self.cost.children_cpu_s - self.agents_s

    @property
    def share(self) -> float:
        """Gitpar's part of the whole."""
        return (self.cost.cpu_s - self.agents_s) / self.cost.cpu_s


class Sitting:
    """A repository and an agent that tells what it took."""

    def __init__(self, folder: Path, programs: Path, agent: str, gitpar: Sequence[str]) -> None:
        self._folder = folder
        self._agent = agent
        self._gitpar = list(gitpar)
        self._told = folder / "told"
        real = shutil.which(agent, path=str(programs))
        if real is None:
            raise SystemExit(f"Error: there is no program `{agent}` in `{programs}`")
        around = folder / "bin" / agent
        around.parent.mkdir()
        around.write_text(_AROUND.format(real=shlex.quote(real), told=shlex.quote(str(self._told))))
        around.chmod(0o755)
        self._environ = sealed_environment(folder / "home")
        self._environ["PATH"] = f"{around.parent}{os.pathsep}{self._environ['PATH']}"
        self._environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._repository, _ = generate(folder / "generated", FILES, self._environ)

    def work(self, model: Model, steps: int, latency_s: float) -> Share:
        """Runs as many tasks as there are workers, each of so many steps."""
        clone = self._folder / f"clone-{steps}"
        shutil.rmtree(clone, ignore_errors=True)
        shutil.copytree(self._repository, clone)
        PlainGit(clone, self._environ).raw("status")  # a copy's files are all to be looked at once
        (clone / "gitpar.toml").write_text(profile(self._agent, model))
        each = [
            {"bash": f"echo {n} > made-by-$GITPAR_TASK-{n}; git status --short | tail -1", "hang": latency_s}
            for n in range(steps)
        ]
        prompt = scripted("Do it.", *each, {"say": "TASK COMPLETE", "hang": latency_s})
        plan = self._folder / "plan.json"
        tasks = [{"id": f"t{n}", "prompt": prompt} for n in range(WORKERS)]
        plan.write_text(json.dumps({"tasks": tasks}))
        self._told.write_text("")
        cost = run([*self._gitpar, "run", str(plan), "--jobs", str(WORKERS), "--json"], clone, self._environ)
        if cost.status:
            raise SystemExit(f"Error: the run ended with status {cost.status}\n{cost.stderr}")
        told = self._told.read_text().split()
        if len(told) != 4 * WORKERS:
            raise SystemExit(f"Error: {len(told) // 4} of {WORKERS} agents told what they took")
        return Share(cost, sum(map(_seconds, told)))


def _seconds(text: str) -> float:
    """Reads `0m1.234s`."""
    minutes, _, rest = text.rstrip("s").partition("m")
    return int(minutes) * 60 + float(rest)


def _told(found: Sequence[Share]) -> str:
    """Returns the figures of some runs, each as min / median / max."""
    figures = (
        ("its own process", [each.cost.own_cpu_s for each in found]),
        ("what it started", [each.started_s for each in found]),
        ("the agents", [each.agents_s for each in found]),
        ("wall", [each.cost.wall_s for each in found]),
    )
    seconds = ", ".join(f"{name} {spread(values)} s" for name, values in figures)
    return f"gitpar {spread([100 * each.share for each in found], 1)} % (goal {GOAL:.0%}); {seconds}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the shares; 1 where the goal is missed at any number of steps."""
    parser = argparse.ArgumentParser(description="Measure gitpar's share beside eight real agents.")
    parser.add_argument("programs", type=Path, metavar="FOLDER", help="where the agent's program is")
    parser.add_argument("--agent", default="claude", help="which agent (default claude)")
    parser.add_argument("--steps", default="5,30,60", help="answers before the last (default 5,30,60)")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds to an answer (default 1.0)")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each (default 1)")
    parser.add_argument(
        "--gitpar", default=f"{shlex.quote(sys.executable)} -m gitpar", help="what to measure"
    )
    given = parser.parse_args(arguments)
    compile_ahead(ROOT / "gitpar")
    missed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, serving() as model:
        sitting = Sitting(Path(folder), given.programs.resolve(), given.agent, shlex.split(given.gitpar))
        sitting.work(model, 1, 0.0)  # fills caches, and the agent's home
        for steps in map(int, given.steps.split(",")):
            found = [sitting.work(model, steps, given.latency) for _ in range(given.rounds)]
            shares = [each.share for each in found]
            missed |= min(shares) > GOAL
            print(f"{WORKERS} x {given.agent}, {steps} steps: {_told(found)}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
