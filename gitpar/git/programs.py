"""The programs beside git that worktrees need: chmod, cp, rm, and the user's own `setup` and `teardown`.

Knows nothing of slots or attempts.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gitpar.core.names import RunId
from gitpar.core.port_ranges import first_port
from gitpar.errors import EnvironmentFault
from gitpar.git.environment import without_local
from gitpar.values import dataclass

_DELETE = """
count=$1; shift
( while [ "$count" -gt 0 ]; do
    rm -rf -- "$1" || { chmod -R u+rwx "$1"; rm -rf -- "$1"; }
    shift; count=$((count - 1))
  done
  for folder; do [ ! -e "$folder" ] || rmdir -- "$folder" || break; done ) </dev/null >/dev/null 2>&1"""


def open_up(folder: Path) -> None:
    """Gives the owner back the right to read, write and enter everything below a folder."""
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, capture_output=True)


def copy_into(worktree: Path, target: Path) -> bool:
    """Copies a worktree's files with their rights and times, not its `.git`; says whether that went well.

    Raises OSError where there is no `cp`, or too many names for it.
    """
    names = [f"./{found.name}" for found in worktree.iterdir() if found.name != ".git"]
    copying = ["cp", "-pPR", *names, str(target)]
    return subprocess.run(copying, cwd=worktree, check=False, capture_output=True).returncode == 0


def remove(folder: Path) -> None:
    """Removes a folder of gitpar's own, where there is one; what cannot be removed stays.

    A thousand files take Python 20 ms, and `rm` five.
    """
    try:
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # no `rm`, or no process left


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


@dataclass(frozen=True, slots=True)
class Preparation:
    """A worktree that a command of the user's prepares, or clears up after; `log` gets what is printed."""

    worktree: Path
    run: RunId
    slot: int
    log: Path


def run_setup(command: str, at: Preparation, timeout_s: float) -> None:
    """Runs the `setup` command in a worktree.

    Raises EnvironmentFault where it fails or does not end in time; its whole process
    group is ended then.
    """
    if problem := _run(command, at, timeout_s):
        raise EnvironmentFault(f"`setup` {problem}", f"What it printed: {at.log}")


def run_teardown(command: str, at: Preparation, timeout_s: float) -> str:
    """Runs the `teardown` command in a worktree; returns what went wrong, empty where nothing did."""
    try:
        problem = _run(command, at, timeout_s)
    except OSError as error:
        problem = f"cannot be run: {error}"
    return f"`teardown` {problem} in worktree {at.slot} (what it printed: {at.log})" if problem else ""


def _run(command: str, at: Preparation, timeout_s: float) -> str:
    """Runs a command to its end; returns what went wrong, as the rest of a sentence."""
    at.log.parent.mkdir(parents=True, exist_ok=True)
    own = {
        "PWD": str(at.worktree),
        "GITPAR_RUN": at.run,
        "GITPAR_WORKTREE": str(at.worktree),
        "GITPAR_PORT": str(first_port(at.slot)),
    }
    with at.log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=at.worktree,
            env={**without_local(os.environ), **own},
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
            return f"did not end within {timeout_s:g} s"
    return f"ended with status {status}" if status else ""
