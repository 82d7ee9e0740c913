"""Times `gitpar conflicts --calibrate` on 1,000 merges and `--dry-run` on a plan of 1,000 tasks.

    python -m benchmarks.forecasting [CLONE] [--merges 1000] [--tasks 1000]

Without CLONE on a generated repository of 5,000 files (57 MB) with as many merges. A few
files are changed again and again, most of them rarely, as in real histories; so more
changes meet than are judged. Each is timed once, start-up included. Goals: 60 s and 15 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.generate import Generator, Size
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment

GOALS_S = {"--calibrate": 60.0, "--dry-run": 15.0}
_WHO = b"committer Gen Erator <gen@example.org> %d +0000"
_FIRST_AT = 1767323045


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints both times; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description="Time forecasts and what they are learned from.")
    parser.add_argument("clone", nargs="?", type=Path, metavar="CLONE", help="a clone with a history")
    parser.add_argument("--merges", type=int, default=1000, help="merges to learn from (default 1000)")
    parser.add_argument("--tasks", type=int, default=1000, help="tasks of the plan (default 1000)")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        environ = sealed_environment(folder / "home")
        git = PlainGit(folder, environ)
        place = folder / "repository"
        if given.clone is None:
            git = _generated(git, place, given.merges)
        else:
            git.raw("clone", "--quiet", "--shared", str(given.clone.resolve()), str(place))
            git = git.at(place)
        paths = git.text("ls-files").splitlines()
        plan = folder / "plan.json"
        plan.write_text(json.dumps({"tasks": list(_tasks(paths, given.tasks))}))
        print(f"{given.clone.name if given.clone else 'generated'}, {len(paths)} files")
        times = {
            "--calibrate": _timed(place, environ, "--calibrate", "--merges", str(given.merges)),
            "--dry-run": _timed(place, environ, str(plan), "--dry-run", "--suggest"),
        }
    for asked, spent in times.items():
        print(f"  conflicts {asked:12} {spent:5.1f} s (goal {GOALS_S[asked]:.0f})")
    return 0 if all(spent <= GOALS_S[asked] for asked, spent in times.items()) else 1


def _timed(place: Path, environ: Mapping[str, str], *asked: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gitpar", "-C", place, "conflicts", *asked, "--json"],
        env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    spent = time.perf_counter() - began
    found = json.loads(done.stdout)
    if asked[0] == "--calibrate":
        print(f"  {found['changes']} changes, {found['meetings']} meetings judged")
    else:
        print(f"  {len(found['waves'])} waves, {len(found['pairs'])} pairs forecast")
    return spent


def _generated(git: PlainGit, place: Path, merges: int) -> PlainGit:
    place.mkdir()
    git = git.at(place)
    git.raw("init", "--quiet", "--initial-branch=main", "--template=")
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=place, env=git.environ, stdin=subprocess.PIPE
    ) as importing:
        if importing.stdin is None:
            raise AssertionError("a pipe was asked for")
        importing.stdin.writelines(_history(merges))
    git.raw("read-tree", "HEAD")
    return git


def _history(merges: int) -> Iterator[bytes]:
    """Yields a stream: the base commit, then branches of one commit, each merged before the next begins."""
    generator = Generator(Size(tasks=0))
    yield from generator.stream()
    files = generator.files
    chance = random.Random(1)
    by_use = chance.sample(sorted(files), len(files))
    tip = 1
    for n in range(merges):
        who = _WHO % (_FIRST_AT + 3600 * n) + b"\ndata 4\nTask\n"
        edits = b"".join(_edit(files, path, n, chance) for path in _some(by_use, chance))
        side, merge = 2 * n + 2, 2 * n + 3
        yield b"commit refs/heads/side\nmark :%d\n%sfrom :%d\n%s" % (side, who, tip, edits)
        yield b"commit refs/heads/main\nmark :%d\n%sfrom :%d\nmerge :%d\n%s" % (merge, who, tip, side, edits)
        tip = merge


def _some(by_use: Sequence[str], chance: random.Random) -> set[str]:
    """Chooses one to six paths, the first ones most often."""
    return {by_use[int(len(by_use) * chance.random() ** 4)] for _ in range(chance.randint(1, 6))}


def _edit(files: dict[str, list[bytes]], path: str, n: int, chance: random.Random) -> bytes:
    lines = files[path] = list(files[path])
    at = chance.randrange(len(lines))
    lines[at : at + chance.randint(0, 4)] = [b"change %d was here\n" % n]
    text = b"".join(lines)
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text)


def _tasks(paths: Sequence[str], count: int) -> Iterator[dict[str, object]]:
    """Yields tasks that declare three files each, one wait among ten."""
    chance = random.Random(2)
    by_use = chance.sample(paths, len(paths))
    for n in range(count):
        task: dict[str, object] = {
            "id": f"t{n:04}",
            "title": f"Task {n}",
            "command": "true",
            "files": {"modify": sorted(_some(by_use, chance))},
            "estimate_s": chance.randint(60, 1800),
        }
        if n % 10 == 9:
            task["depends_on"] = [f"t{n - 9:04}"]
        yield task


if __name__ == "__main__":
    sys.exit(main())
