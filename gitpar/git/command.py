"""Runs git commands: the one door. GitPython's command object lives here and nowhere else.

Knows nothing of what the commands mean. Every process is started in a group of its
own, so that a Ctrl-C at the terminal reaches gitpar and not a git in the middle of a step.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from gitpar.errors import GitparError
from gitpar.git.environment import LOCAL_VARIABLES, GitEnvironment

if TYPE_CHECKING:
    from git.cmd import Git


class GitFailed(GitparError):
    """A git command ended with a status nobody allowed for.

    `stderr` is git's own text; the message quotes its last line.
    """

    def __init__(self, arguments: Sequence[str], status: int, stderr: str) -> None:
        last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "no message")
        super().__init__(f"`git {' '.join(arguments)}` ended with status {status}: {last}")
        self.arguments = tuple(arguments)
        self.status = status
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class GitResult:
    """What a git command said. `stdout` is bytes: paths may be anything."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Standard output without its last newline."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def fields(self) -> list[str]:
        """Standard output of a `-z` command, cut at its NULs."""
        return [os.fsdecode(part) for part in self.stdout.split(b"\0")[:-1]]


class GitCommand:
    """Runs git in one environment. Safe to share between threads."""

    def __init__(self, environment: GitEnvironment) -> None:
        self.environment = environment
        self._options = environment.options()
        self._environ = environment.environ()

    def run(self, *arguments: str, stdin: bytes | None = None, ok: Sequence[int] = (0,)) -> GitResult:
        """Runs `git ARGUMENTS` to its end.

        Raises GitFailed where the status is not among `ok`.
        """
        process = self._start(arguments, subprocess.PIPE if stdin is not None else subprocess.DEVNULL)
        stdout, stderr = process.communicate(stdin)
        result = GitResult(process.returncode, stdout, stderr.decode(errors="replace"))
        if result.status not in ok:
            raise GitFailed(arguments, result.status, result.stderr)
        return result

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts a git that is spoken to through its pipes; the caller ends it."""
        return self._start(arguments, subprocess.PIPE)

    def at(self, environment: GitEnvironment) -> GitCommand:
        """Returns the same door in another environment."""
        return GitCommand(environment)

    def _start(self, arguments: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["git", *self._options, *arguments],
            cwd=self.environment.cwd,
            env=self._environ,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )


class UserGitCommand(GitCommand):
    """Git in the user's own repository, through GitPython.

    What is asked there may meet remotes and credential-bearing URLs, which GitPython
    keeps out of what it logs. It costs three times as much own CPU per command as
    GitCommand (measured 0.9 against 0.3 ms), so worktrees and landings, which take ten
    commands a task, do without it.
    """

    def _start(self, arguments: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
        process = _git()(str(self.environment.cwd)).execute(
            ["git", *self._options, *arguments],
            istream=cast("Any", stdin),
            as_process=True,
            env=self._environ,
            process_group=0,
        )
        # GitPython wraps the process in an object that ends it when collected
        return cast("subprocess.Popen[bytes]", process)


@functools.cache
def _git() -> type[Git]:
    """Imports GitPython when the first command is run: it takes 80 ms.

    GitPython adds its environment to this process's own, so what points git at one
    particular repository is taken out of that.
    """
    for name in LOCAL_VARIABLES:
        os.environ.pop(name, None)
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git.cmd import Git as GitPythonCommand  # noqa: PLC0415 - see above

    return GitPythonCommand
