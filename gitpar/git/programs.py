"""The programs beside git that worktrees need: chmod, rm, and the user's own `setup`.

Knows nothing of slots or attempts.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gitpar.errors import EnvironmentFault
from gitpar.git.environment import without_local

_DELETE = """
count=$1; shift
( while [ "$count" -gt 0 ]; do
    rm -rf -- "$1" || { chmod -R u+rwx "$1"; rm -rf -- "$1"; }
    shift; count=$((count - 1))
  done
  for folder; do rmdir -- "$folder" || break; done ) </dev/null >/dev/null 2>&1"""


def open_up(folder: Path) -> None:
    """Gives the owner back the right to read, write and enter everything below a folder."""
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, capture_output=True)


def delete(trash: Sequence[Path], emptied: Sequence[Path] = (), *, behind: bool = True) -> None:
    """Deletes folders, then removes those of `emptied` that are empty, in order.

    With `behind` that goes on in a process that outlives this one. What could not be
    deleted is found by `gitpar clean`.
    """
    subprocess.run(
        ["sh", "-c", _DELETE + " &" * behind, "sh", str(len(trash)), *map(str, trash), *map(str, emptied)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )


def run_setup(command: str, worktree: Path, log: Path, timeout_s: float) -> None:
    """Runs the `setup` command in a worktree, its output going to `log`.

    Raises EnvironmentFault where it fails or does not end in time; its whole process
    group is ended then.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=worktree,
            env=without_local(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            problem = f"`setup` did not end within {timeout_s:g} s"
        else:
            problem = f"`setup` ended with status {status}" if status else ""
    if problem:
        raise EnvironmentFault(problem, f"What it printed: {log}")
