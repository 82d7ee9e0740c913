"""Runs the real program as a user would, and makes what it prints comparable."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.preloaded import call, python_path

_LONGEST_S = 200.0


@dataclass(frozen=True, slots=True)
class Completed:
    """What a shell would have seen."""

    status: int
    stdout: str
    stderr: str


def program_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment in which `python -m gitpar` is the program of this checkout."""
    return {**os.environ, "PYTHONPATH": python_path(), **(extra or {})}


def gitpar(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Completed:
    """Runs `gitpar ARGUMENTS` in `cwd` to its end, with nothing on stdin.

    `env` is added to the sealed environment of the test. Raises TimeoutExpired after 200 s.
    """
    done = call([str(each) for each in arguments], cwd, program_environment(env), longest_s=_LONGEST_S)
    return Completed(done.status, os.fsdecode(done.stdout), os.fsdecode(done.stderr))


_RULES = (
    (re.compile(r"\b[0-9a-f]{40}\b"), "<commit>"),
    (re.compile(r"(?<=gitpar/)[0-9a-z]+(?=/(?:level|task)/)"), "<run>"),
    (re.compile(r"(?<=\brun )(?:[0-9a-f]{4}|(?=[0-9a-z]*\d)[0-9a-z]{5,})\b"), "<run>"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|min|h)\b"), "<time>"),
    (re.compile(r"\b(?:[0-9a-f]{12}|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,11})\b"), "<commit>"),
)


def normalised(text: str, *folders: Path) -> str:
    """Replaces what differs from run to run by placeholders: folders, ids, durations.

    The n-th of `folders` becomes `<folder n>`, longest first, also where macOS shows it
    under /private.
    """
    numbered = sorted(enumerate(folders, 1), key=lambda item: -len(str(item[1])))
    for n, folder in numbered:
        for spelled in sorted({str(folder), str(folder.resolve())}, key=len, reverse=True):
            text = text.replace(spelled, f"<folder {n}>")
    for pattern, placeholder in _RULES:
        text = pattern.sub(placeholder, text)
    return text


@contextmanager
def running(repo: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Starts gitpar and ends it in any case."""
    with subprocess.Popen(
        [sys.executable, "-m", "gitpar", *map(str, arguments), "--json"],
        cwd=repo,
        env=program_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
