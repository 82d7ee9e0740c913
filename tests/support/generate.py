"""Generates repositories too large to store: the same arguments give the same object ids.

python tests/support/generate.py INTO [--files 5000] [--bytes 57000000] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_WORDS = tuple(
    f"{a}{b}{c}" for a in ("ka", "lo", "mi", "ru") for b in ("ta", "ne", "so") for c in ("n", "r", "x")
)
_LINE_WORDS = 9
_FILES_A_FOLDER = 25
_WHO = b"Gen Erator <gen@example.org> 1767323045 +0000\n"


@dataclass(frozen=True, slots=True)
class Wide:
    """A repository of one commit: `files` text files of about `size_bytes` in all, 25 a folder."""

    files: int = 5_000
    size_bytes: int = 6_000_000
    seed: int = 1

    def paths(self) -> Iterator[str]:
        """Names the files, in order."""
        for n in range(self.files):
            folder = n // _FILES_A_FOLDER
            yield f"src/part{folder // 10:02d}/unit{folder:03d}/file{n:05d}.txt"

    def stream(self) -> Iterator[bytes]:
        """Yields the fast-import stream."""
        # one line of the pool costs no more than a look-up, so 57 MB take seconds
        chance = random.Random(self.seed)
        pool = [(" ".join(chance.choices(_WORDS, k=_LINE_WORDS)) + "\n").encode() for _ in range(2_000)]
        a_line = sum(map(len, pool)) / len(pool)
        lines = max(1, round(self.size_bytes / max(1, self.files) / a_line))
        message = b"Generate %d files\n" % self.files
        yield b"reset refs/heads/main\ncommit refs/heads/main\nauthor " + _WHO + b"committer " + _WHO
        yield b"data %d\n%s" % (len(message), message)
        for path in self.paths():
            content = f"{path}\n".encode() + b"".join(chance.choices(pool, k=lines))
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


def wide(into: Path, shape: Wide | None = None) -> Path:
    """Makes a wide repository in the folder `into`, checked out on main, and returns that folder."""
    into.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "init", "--quiet", "--template=", "--initial-branch=main", "."], cwd=into, check=True
    )
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=into, stdin=subprocess.PIPE) as importer:
        if importer.stdin is None:
            raise AssertionError("fast-import was started with a pipe")
        for part in (shape or Wide()).stream():
            importer.stdin.write(part)
    if importer.returncode != 0:
        raise subprocess.CalledProcessError(importer.returncode, importer.args)
    subprocess.run(["git", "reset", "--quiet", "--hard", "main"], cwd=into, check=True)
    return into


def _main() -> None:
    parser = argparse.ArgumentParser(description="Generate a wide repository.")
    parser.add_argument("into", type=Path)
    parser.add_argument("--files", type=int, default=Wide().files)
    parser.add_argument("--bytes", type=int, default=Wide().size_bytes, dest="size_bytes")
    parser.add_argument("--seed", type=int, default=Wide().seed)
    options = parser.parse_args()
    wide(options.into, Wide(options.files, options.size_bytes, options.seed))


if __name__ == "__main__":
    _main()
