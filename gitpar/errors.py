"""Every way gitpar says no: what failed, what is safe, what to type, and the exit code.

Exceptions are for the user's mistakes and for a machine that cannot do the work.
What happens to a task (a conflict, a failed worker, a moved branch) is an event,
never an exception. Nothing here prints: the command line does.
"""

from __future__ import annotations

from enum import IntEnum

from gitpar.values import dataclass


class ExitCode(IntEnum):
    """What a shell sees when a command ends."""

    OK = 0
    NEEDS_PERSON = 1
    USAGE = 2
    ENVIRONMENT = 3
    INTERRUPTED = 130


class GitparError(Exception):
    """A mistake of the user's or of the machine, with its way on.

    `message` says in one sentence what failed; each hint says what to type or
    what is safe.
    """

    exit_code: ExitCode = ExitCode.NEEDS_PERSON

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints


class UsageError(GitparError):
    """The command line or a setting makes no sense; nothing was started."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One thing wrong in a plan file.

    `line` counts from 1; None where the format has no lines or the whole file is
    meant. `key` is a path such as `tasks[3].dependencies[0]`, empty where there is none.
    """

    file: str
    message: str
    line: int | None = None
    key: str = ""
    hint: str = ""

    def __str__(self) -> str:
        where = f"`{self.file}`" + (f" line {self.line}" if self.line is not None else "")
        return f"{where}: {self.message}" + (f" ({self.key})" if self.key else "")


class PlanError(UsageError):
    """A plan that cannot be run: all of its problems, not only the first."""

    def __init__(self, problems: tuple[PlanProblem, ...], *hints: str) -> None:
        found = dict.fromkeys(problem.hint for problem in problems if problem.hint)
        super().__init__("\n".join(str(problem) for problem in problems), *found, *hints)
        self.problems = problems


class EnvironmentFault(GitparError):
    """The machine or repository cannot do it: git too old, not a repository, locked."""

    exit_code = ExitCode.ENVIRONMENT


class RefMoved(GitparError):
    """A ref is not where it was declared to be, so nothing of the transaction moved."""

    def __init__(self, ref: str, expected: str, found: str) -> None:
        super().__init__(
            f"`{ref}` is at {found[:12] or 'nothing'}, not at {expected[:12] or 'nothing'} as expected"
        )
        self.ref = ref
        self.expected = expected
        self.found = found


class RemoteLost(EnvironmentFault):
    """A remote could not be reached, or the connection broke; what it has done is not known."""


class ForgeRefused(EnvironmentFault):
    """A forge said no; `status` is that of its answer."""

    def __init__(self, status: int, message: str, *hints: str) -> None:
        super().__init__(message, *hints)
        self.status = status


class ForgeUnsure(EnvironmentFault):
    """The answer of a forge was lost, so it may or may not have done what it was asked for."""
