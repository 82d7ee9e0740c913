"""Times landing alone: prepared branches, `git merge --no-ff` in a checkout against gitpar's prove and move.

    python -m benchmarks.landing [CLONE] [--tasks 60] [--pairs 3]

Without CLONE on the generated repository of 5,000 files. gitpar's side is every landing
proved and its level branch moved durably, with its certificate as a
note, imports done before. Both must end with the
tree that plain `git merge-tree` makes. Goal: at most 0.25 of the merge loop's time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.run_against_script import LARGE, Benchmark, Workload
from benchmarks.timing import place_apart, spread
from gitpar.core.landings import GATHER_S
from gitpar.core.names import CommitId, RunId, TaskId, level_ref
from gitpar.core.settings import Strategy
from gitpar.git.analysis import GitRepository
from gitpar.git.refs import GitRefs
from gitpar.git.repository import discover
from gitpar.git.site import default_root, delete_behind
from gitpar.ports import Landing, Proof, RefUpdate
from tests.support.plaingit import PlainGit
from tests.support.removal import await_removal

GOAL = 0.25


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints both times and their ratio as min / median / max; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description="Time landing against git merge.")
    parser.add_argument("clone", nargs="?", type=Path, metavar="CLONE", help="clone with merged branches")
    parser.add_argument("--tasks", type=int, default=60, help="branches to land (default 60)")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs (default 3)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        benchmark = Benchmark(Path(name), [], 1)
        os.environ.update(benchmark.environ)
        if given.clone is None:
            workload = benchmark.generated(LARGE)
        else:
            workload = benchmark.cloned(given.clone.resolve(), given.tasks)
        # the first round imports and fills caches, and is not counted
        pairs = [_pair(benchmark, workload) for _ in range(given.pairs + 1)][1:]
    merges, landings = zip(*pairs, strict=True)
    ratios = [ours / theirs for theirs, ours in pairs]
    print(f"{workload.name}, {len(workload.history.changes)} branches")
    print(f"  git merge        {spread(merges)} s")
    print(f"  prove and move   {spread(landings)} s")
    print(f"  ratio            {spread(ratios, 3)} (goal {GOAL})")
    return 0 if statistics.median(ratios) <= GOAL else 1


def _pair(benchmark: Benchmark, workload: Workload) -> tuple[float, float]:
    times = []
    for land in (_merge, _prove_and_move):
        place = place_apart(benchmark.folder)
        clone = place / "repository"
        git = PlainGit(benchmark.folder, benchmark.environ)
        git.raw("clone", "--quiet", "--local", str(workload.repository), str(clone))
        git = git.at(clone)
        commits = [f"{change.commit}:refs/heads/task/{change.id}" for change in workload.history.changes]
        scratch = workload.history.scratch.folder
        workload.history.scratch.raw("config", "uploadpack.allowAnySHA1InWant", "true")
        git.raw("fetch", "--quiet", str(scratch), *commits)
        git.raw("checkout", "--quiet", "-b", "level", workload.history.base)
        os.sync()
        started = time.perf_counter()
        tip = land(git, workload)
        times.append(time.perf_counter() - started)
        if git.tree(tip) != workload.tree:
            raise SystemExit(f"Error: {land.__name__} made the tree {git.tree(tip)}, not {workload.tree}")
        await_removal(clone)
        shutil.rmtree(place)
    return times[0], times[1]


def _merge(git: PlainGit, workload: Workload) -> str:
    for change in workload.history.changes:
        git.raw("merge", "--quiet", "--no-ff", "--message", f"Merge {change.id}", f"task/{change.id}")
    return "HEAD"


def _prove_and_move(git: PlainGit, workload: Workload) -> str:
    place, run = discover(git.folder), RunId("bench")
    repository, refs = GitRepository(place, run), GitRefs(place)
    ledger = repository.ledger(refs)
    base = tip = CommitId(workload.history.base)
    branch = level_ref("gitpar", run, 1)
    refs.move([RefUpdate(branch, base, CommitId(""))])
    # as a run does, which moves a level over all landings that were proved within a moment
    at, waiting, began = tip, list[tuple[CommitId, str]](), time.perf_counter()
    for change in workload.history.changes:
        proved = repository.prove(
            Landing(
                task=TaskId(change.id),
                title=change.title,
                n=1,
                run=run,
                base=base,
                result=CommitId(change.commit),
                tip=tip,
                strategy=Strategy.MERGE,
            )
        )
        if not isinstance(proved, Proof):
            raise SystemExit(f"Error: {change.id} does not land: {proved}")
        waiting.append((proved.commit, proved.certificate))
        tip = proved.commit
        if time.perf_counter() >= began + GATHER_S:
            ledger.land(branch, at, waiting)
            at, waiting, began = tip, [], time.perf_counter()
    if waiting:
        ledger.land(branch, at, waiting)
    # behind, as a run does it
    repository.close(partial(delete_behind, worktrees=default_root(git.folder)[0] / run))
    refs.close()
    return tip


if __name__ == "__main__":
    sys.exit(main())
