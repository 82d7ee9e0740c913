"""Times starting up: `gitpar --version` against bare Python, in turn, and `gitpar plan` of one task.

    python -m benchmarks.startup [--pairs 15] [--gitpar 'COMMAND']

The goals: `--version` less than 100 ms above bare Python, no start-up above 0.3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.timing import compile_ahead, run, spread
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment

ROOT = Path(__file__).resolve().parents[1]
ABOVE_PYTHON_S = 0.1
STARTUP_S = 0.3


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the times, each as min / median / max; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Time gitpar's start-up.")
    parser.add_argument("--pairs", type=int, default=15, help="runs of each command (default 15)")
    parser.add_argument(
        "--gitpar", default=f"{shlex.quote(sys.executable)} -m gitpar", help="command to time"
    )
    given = parser.parse_args(arguments)
    compile_ahead(ROOT / "gitpar")
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), shlex.split(given.gitpar), given.pairs)


def _measure(folder: Path, gitpar: list[str], pairs: int) -> int:
    environ = sealed_environment(folder / "home")
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    git = PlainGit(folder, environ)
    git.raw("init", "--quiet")
    git.raw("commit", "--quiet", "--allow-empty", "--message", "Begin")
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"tasks": [{"id": "one", "command": "true"}]}))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "gitpar --version": [*gitpar, "--version"],
        "gitpar plan": [*gitpar, "plan", str(plan)],
        "gitpar run --dry-run": [*gitpar, "run", str(plan), "--dry-run"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    # the first round fills caches and is not counted
    for number in range(pairs + 1):
        for name, command in commands.items():
            cost = run(command, folder, environ)
            if cost.status:
                raise SystemExit(f"Error: {shlex.join(command)}: {cost.stderr}")
            if number:
                times[name].append(cost.wall_s)
    for name, values in times.items():
        print(f"{name:22} {spread(values, 3)} s")
    pairs_of = zip(times["gitpar --version"], times["python -c pass"], strict=True)
    above = [own - bare for own, bare in pairs_of]
    print(f"{'--version above python':22} {spread(above, 3)} s (goal {ABOVE_PYTHON_S})")
    slowest = max(statistics.median(values) for values in times.values())
    return 0 if statistics.median(above) < ABOVE_PYTHON_S and slowest <= STARTUP_S else 1


if __name__ == "__main__":
    sys.exit(main())
