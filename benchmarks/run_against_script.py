"""Times `gitpar run` against script.sh, in turn: A B B A, each in a fresh clone of the same repository.

    python -m benchmarks.run_against_script [CLONE …] [--tasks 60] [--pairs 3] [--jobs 4] [--json FILE]

Always runs on two generated repositories (5,000 files with 60 tasks, 300 files with 30)
and also on every clone given, with as many of its merged branches as tasks. All
tasks merge cleanly with each other, so both sides do the same work; a run counts only if its
final tree is the one that plain `git merge-tree` makes. The ratio is (gitpar's wall time
less its start-up) to the script's; start-up is that of `gitpar run --dry-run` on a plan
of one task, the median of three in each pair: machines are not equally quick at all times.
CPU a task is what each task after the first adds to a run: loading what a run needs is apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.generate import Size, generate
from benchmarks.instant import with_instant_workers
from benchmarks.timing import Cost, compile_ahead, place_apart, run, spread
from tests.support.fold import fold
from tests.support.history import History, read_history
from tests.support.plaingit import PlainGit
from tests.support.removal import await_removal
from tests.support.sealed import sealed_environment

ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")
SCRIPT = ROOT / "benchmarks" / "script.sh"
LARGE = Size(files=5000, size_bytes=57_000_000, tasks=60)
SMALL = Size(files=300, size_bytes=3_400_000, tasks=30)


@dataclass(frozen=True, slots=True)
class Workload:
    """A repository, the tasks, and the tree that must come out. `goal` is the ratio to reach."""

    name: str
    repository: Path
    folder: Path
    history: History
    tree: str
    goal: float


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one workload; `wrong` says which runs did not count."""

    name: str
    tasks: int
    goal: float
    startup_s: list[float]
    script_s: list[float]
    gitpar_s: list[float]
    ratios: list[float]
    loop_cpu_ms_a_task: list[float]
    own_cpu_ms_a_task: list[float]
    children_cpu_s: list[float]
    cpu_ratios: list[float]
    wrong: list[str]


class Benchmark:
    """One sitting: where it works, what it measures with."""

    def __init__(self, folder: Path, gitpar: Sequence[str], jobs: int, *, patches: bool = False) -> None:
        """With `patches` workers have git apply them instead of copying files."""
        self.patches = patches
        self.folder = folder
        self.gitpar = list(gitpar)
        self.jobs = jobs
        self.environ = sealed_environment(folder / "home") | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            # a gc that either side sets off would be paid for by whoever runs next
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "gc.auto",
            "GIT_CONFIG_VALUE_0": "0",
        }

    def generated(self, size: Size) -> Workload:
        """Prepares a generated repository."""
        place = self.folder / f"generated-{size.files}"
        repository, history = generate(place, size, self.environ)
        goal = 0.12 if size.files >= LARGE.files else 0.35
        return self._workload(size.name, repository, place, (history, size.tasks, goal))

    def cloned(self, clone: Path, tasks: int) -> Workload:
        """Prepares a repository of the user's; a fifth more branches than needed, as some conflict."""
        place = self.folder / f"clone-{clone.name}"
        history = read_history(clone, place / "changes", self.environ, wanted=tasks + tasks // 5)
        if not history.changes:
            raise SystemExit(f"Error: `{clone}` has no merged branches that apply onto one commit")
        files = len(history.scratch.lines("ls-tree", "-r", "--name-only", history.base))
        goal = 0.12 if files > 2000 else 0.35
        return self._workload(f"{clone.name}, {files} files", clone, place, (history, tasks, goal))

    def _workload(
        self, name: str, repository: Path, place: Path, what: tuple[History, int, float]
    ) -> Workload:
        history, tasks, goal = what
        chosen = history.only(fold(history).merged[:tasks])
        if not self.patches:
            chosen = with_instant_workers(chosen, place / "files")
        folded = fold(chosen)
        if folded.aside:
            raise AssertionError(f"{name}: tasks that merged no longer do: {folded.aside}")
        return Workload(name, repository, place, chosen, folded.tree, goal)

    def startup(self, workload: Workload) -> Cost:
        """Returns the one of three `run --dry-run` of a plan of one task that took the middle time."""
        return self._in_clone(workload, self._dry_runs)

    def _dry_runs(self, workload: Workload, clone: Path) -> Cost:
        command = [*self.gitpar, "run", str(_one(workload)), "--dry-run", "--json"]
        costs = [run(command, clone, self.environ) for _ in range(3)]
        if any(cost.status for cost in costs):
            raise SystemExit(f"Error: {shlex.join(command)}: {costs[0].stderr}")
        return sorted(costs, key=lambda cost: cost.wall_s)[1]

    def script(self, workload: Workload) -> tuple[Cost, str]:
        """Runs the script once; returns what it cost and what its result's tree is."""
        return self._in_clone(workload, self._run_script)

    def _run_script(self, workload: Workload, clone: Path) -> tuple[Cost, str]:
        tasks = Path(tempfile.mkdtemp(dir=workload.folder))
        for change in workload.history.changes:
            (tasks / f"{change.id}.sh").write_text(change.command + "\n")
        (tasks / "order").write_text("".join(f"{change.id}\n" for change in workload.history.changes))
        command = ["bash", str(SCRIPT), str(clone), workload.history.base, str(tasks), str(self.jobs)]
        cost = run(command, clone, self.environ)
        return cost, self._tree(clone, "script/level")

    def own(self, workload: Workload) -> tuple[Cost, str]:
        """Runs gitpar once; returns what it cost and what its last level's tree is."""
        return self._in_clone(workload, self._run_own)

    def first(self, workload: Workload) -> Cost:
        """Returns what a run of one task costs: the one of three that took the least CPU."""
        return min((self._in_clone(workload, self._run_first) for _ in range(3)), key=lambda one: one.cpu_s)

    def _run_first(self, workload: Workload, clone: Path) -> Cost:
        cost = run([*self.gitpar, "run", str(_one(workload)), "--json"], clone, self.environ)
        if cost.status:
            raise SystemExit(f"Error: a run of one task ended with status {cost.status}: {cost.stderr}")
        return cost

    def _run_own(self, workload: Workload, clone: Path) -> tuple[Cost, str]:
        plan = workload.history.write_plan(workload.folder / "plan.json")
        cost = run([*self.gitpar, "run", str(plan), "--jobs", str(self.jobs), "--json"], clone, self.environ)
        try:
            facts: dict[str, Any] = json.loads(cost.stdout)
            return cost, self._tree(clone, facts["levels"][-1]["commit"])
        except (ValueError, LookupError) as error:
            return cost, f"none ({error!r})"

    def _tree(self, clone: Path, revision: str) -> str:
        done = PlainGit(clone, self.environ).attempt(
            "rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}"
        )
        return done.stdout.decode().strip() or "none"

    def _in_clone(self, workload: Workload, what: Callable[[Workload, Path], T]) -> T:
        place = place_apart(workload.folder)
        clone = place / "repository"
        git = PlainGit(workload.folder, self.environ)
        git.raw("clone", "--quiet", "--local", str(workload.repository), str(clone))
        try:
            return what(workload, clone)
        finally:
            await_removal(clone)
            shutil.rmtree(place)


def _one(workload: Workload) -> Path:
    """Writes a plan of the first task alone."""
    plan = workload.history.plan()
    path = workload.folder / "one.json"
    path.write_text(json.dumps({**plan, "tasks": plan["tasks"][:1]}))
    return path


def compare(benchmark: Benchmark, workload: Workload, pairs: int) -> Result:
    """Runs both sides in turn and returns the figures."""
    first = benchmark.first(workload)
    tasks = len(workload.history.changes)
    result = Result(workload.name, tasks, workload.goal, [], [], [], [], [], [], [], [], [])
    for number in range(1, pairs + 1):
        startup = benchmark.startup(workload)
        if number % 2:
            (theirs, script_tree), (ours, own_tree) = benchmark.script(workload), benchmark.own(workload)
        else:
            (ours, own_tree), (theirs, script_tree) = benchmark.own(workload), benchmark.script(workload)
        for side, cost, tree in (("script", theirs, script_tree), ("gitpar", ours, own_tree)):
            if tree != workload.tree or cost.status:
                said = cost.stderr.strip()[-1500:]
                result.wrong.append(f"pair {number}: {side}: status {cost.status}, tree {tree}: {said}")
        if result.wrong and result.wrong[-1].startswith(f"pair {number}:"):
            continue
        result.startup_s.append(startup.wall_s)
        result.script_s.append(theirs.wall_s)
        result.gitpar_s.append(ours.wall_s)
        result.ratios.append((ours.wall_s - startup.wall_s) / theirs.wall_s)
        result.loop_cpu_ms_a_task.append((ours.main_cpu_s - first.main_cpu_s) * 1000 / (tasks - 1))
        result.own_cpu_ms_a_task.append((ours.own_cpu_s - first.own_cpu_s) * 1000 / (tasks - 1))
        result.children_cpu_s.append(ours.children_cpu_s)
        result.cpu_ratios.append((ours.cpu_s - startup.cpu_s) / theirs.cpu_s)
    return result


def report(result: Result) -> str:
    """Returns the figures as text; all are min / median / max."""
    reached = (
        "reached" if result.ratios and statistics.median(result.ratios) <= result.goal else "not reached"
    )
    lines = [
        f"{result.name}, {result.tasks} tasks",
        f"  script           {spread(result.script_s)} s",
        f"  gitpar           {spread(result.gitpar_s)} s, of that start-up {spread(result.startup_s)} s",
        f"  ratio            {spread(result.ratios, 3)} (goal {result.goal}: {reached})",
        f"  loop's CPU, task {spread(result.loop_cpu_ms_a_task)} ms (goal 5)",
        f"  own CPU a task   {spread(result.own_cpu_ms_a_task)} ms, git work done without a process in it",
        f"  children's CPU   {spread(result.children_cpu_s)} s",
        f"  ratio of all CPU {spread(result.cpu_ratios, 3)}",
        *(f"  does not count: {line}" for line in result.wrong),
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark from the command line; 1 where a run did not come out right."""
    parser = argparse.ArgumentParser(description="Time gitpar against a good shell script.")
    parser.add_argument("clones", nargs="*", type=Path, metavar="CLONE", help="clones with merged branches")
    parser.add_argument("--tasks", type=int, default=60, help="tasks on clones (default 60)")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs (default 3)")
    parser.add_argument("--jobs", type=int, default=4, help="workers at once (default 4)")
    parser.add_argument(
        "--gitpar", default=f"{shlex.quote(sys.executable)} -m gitpar", help="command to time"
    )
    parser.add_argument(
        "--patches", action="store_true", help="workers apply patches instead of copying files"
    )
    parser.add_argument("--only", choices=("large", "small", "clones"), help="leave out the others")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    given = parser.parse_args(arguments)
    compile_ahead(ROOT / "gitpar")
    with tempfile.TemporaryDirectory(dir=given.folder, ignore_cleanup_errors=True) as folder:
        benchmark = Benchmark(Path(folder), shlex.split(given.gitpar), given.jobs, patches=given.patches)
        results = []
        for workload in _workloads(benchmark, given):
            results.append(compare(benchmark, workload, given.pairs))
            print(report(results[-1]), flush=True)
            shutil.rmtree(workload.folder)
    if given.json:
        given.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return 1 if any(result.wrong for result in results) else 0


def _workloads(benchmark: Benchmark, given: argparse.Namespace) -> Iterator[Workload]:
    """Prepares one workload after another, so that only one takes up room."""
    for name, size in (("small", SMALL), ("large", LARGE)):
        if given.only in (None, name):
            yield benchmark.generated(size)
    if given.only in (None, "clones"):
        for clone in given.clones:
            yield benchmark.cloned(clone.resolve(), given.tasks)


if __name__ == "__main__":
    sys.exit(main())
