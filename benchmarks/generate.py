"""Generates a repository of many text files and task patches for it; a seed gives the same commits.

    python -m benchmarks.generate FOLDER [--files 5000] [--megabytes 57] [--tasks 60] [--seed 1]

FOLDER gets `repository` (one commit on main, checked out) and `changes` (a patch a task).
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.history import Change, History, Workbench, open_scratch
from tests.support.plaingit import PlainGit
from tests.support.sealed import sealed_environment

_WHO = b"Gen Erator <gen@example.org> 1767323045 +0000"
_POOL_LINES = 4000


@dataclass(frozen=True, slots=True)
class Size:
    """How much is generated. A file has about `size_bytes / files` bytes."""

    files: int = 5000
    size_bytes: int = 57_000_000
    tasks: int = 60
    seed: int = 1

    @property
    def name(self) -> str:
        """Says how big it is, for people."""
        return f"generated, {self.files} files, {self.size_bytes / 1e6:.0f} MB"


class Generator:
    """Writes the fast-import stream: the base commit, then every task's commit on top of it."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._chance = random.Random(size.seed)
        self._pool = [self._line() for _ in range(_POOL_LINES)]
        self.files: dict[str, list[bytes]] = {}
        """What the base commit holds, once the stream was read."""

    def stream(self) -> Iterator[bytes]:
        """Yields the stream; tasks end up below refs/tasks/."""
        yield b"commit refs/heads/main\nmark :1\ncommitter " + _WHO + b"\ndata 5\nBegin\n"
        lines = max(8, self._size.size_bytes // self._size.files // 60)
        for n in range(self._size.files):
            path = f"src/area{n // 500:02}/part{n // 25:03}/file{n:05}.txt"
            self.files[path] = self._chance.choices(self._pool, k=lines)
            yield self._file(path, self.files[path])
        paths = list(self.files)
        for n in range(self._size.tasks):
            yield f"commit refs/tasks/{n:04}\ncommitter ".encode() + _WHO + b"\ndata 4\nTask\nfrom :1\n"
            yield from self._task(n, paths)

    def _line(self) -> bytes:
        return f"{self._chance.getrandbits(220):055x} go\n".encode()

    def _file(self, path: str, lines: list[bytes]) -> bytes:
        text = b"".join(lines)
        return f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text + b"\n"

    def _task(self, n: int, paths: list[str]) -> Iterator[bytes]:
        """Three files edited (one of them shared by neighbours, far apart), one added, at times one gone."""
        shared = paths[n // 4]
        edited = [*self._chance.sample(paths[len(paths) // 2 :], 2), shared]
        for path in edited:
            lines = list(self.files[path])
            at = (n % 4) * len(lines) // 4 if path == shared else self._chance.randrange(len(lines))
            lines[at] = f"task {n} was here\n".encode()
            yield self._file(path, lines)
        yield self._file(f"new/task{n:04}.txt", self._chance.choices(self._pool, k=30))
        if n % 5 == 0:
            yield f"D {paths[len(paths) // 4 + n]}\n".encode()


def generate(folder: Path, size: Size, environ: Mapping[str, str]) -> tuple[Path, History]:
    """Makes the repository and its tasks; the repository does not hold the tasks' objects."""
    whole = folder / "whole"
    whole.mkdir(parents=True)
    git = PlainGit(whole, environ)
    git.raw("init", "--quiet", "--initial-branch=main", "--template=")
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=whole, env=git.environ, stdin=subprocess.PIPE
    ) as importing:
        if importing.stdin is None:
            raise AssertionError("a pipe was asked for")
        importing.stdin.writelines(Generator(size).stream())
    repository = folder / "repository"
    git.raw(
        "clone", "--quiet", "--no-local", "--single-branch", "--branch", "main", str(whole), str(repository)
    )
    scratch = open_scratch(repository, folder / "changes" / "scratch", environ)
    bench = Workbench(scratch, git.text("rev-parse", "refs/heads/main"))
    changes: list[Change] = []
    for n in range(size.tasks):
        patch = git.raw(
            "diff-tree", "-p", "--binary", "--full-index", "-M", "refs/heads/main", f"refs/tasks/{n:04}"
        )
        change = bench.change(f"t{n:04}", f"Task {n}", folder / "changes" / f"{n:04}.patch", patch)
        if change is None:
            raise AssertionError(f"the patch of task {n} does not apply")
        changes.append(change)
    return repository, History(bench.base, tuple(changes), scratch)


def main() -> None:
    """Generates from the command line."""
    parser = argparse.ArgumentParser(description="Generate a repository and tasks for it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=5000, help="files of the repository (default 5000)")
    parser.add_argument("--megabytes", type=float, default=57, help="their size altogether (default 57)")
    parser.add_argument("--tasks", type=int, default=60, help="patches to make (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = Size(given.files, int(given.megabytes * 1e6), given.tasks, given.seed)
    repository, history = generate(given.folder, size, sealed_environment(given.folder / "home"))
    plan = history.write_plan(given.folder / "plan.json")
    print(f"{repository}: {size.name}, base {history.base}\n{plan}: {len(history.changes)} tasks")


if __name__ == "__main__":
    main()
