"""The agent that is a shell command: the task's own, or one template for all tasks.

Nothing is substituted into a command. What it needs to know comes on standard input
(the prompt), in the environment and as files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.agent_port import Assignment, Program
from gitpar.core.briefing import Briefing
from gitpar.core.graph import Task, TaskGraph, TaskStatus
from gitpar.core.port_ranges import first_port
from gitpar.errors import PlanError, PlanProblem
from gitpar.ports import Workplace
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.room_port import Room

_HINT = "Say how tasks are worked on: --agent claude, or --agent-command 'CMD'"


@dataclass(frozen=True, slots=True)
class WorkerFiles:
    """The files a worker and gitpar speak through. All paths are absolute."""

    prompt: Path
    """The prompt, also on standard input."""
    result: Path
    """May be written by the worker: what it wants to say about its result."""
    progress: Path
    """May be written by the worker: a percentage and a line of text."""
    notes: Path
    """May be written by the worker: what the workers of other tasks should know."""
    scratch: Path
    """A folder of the attempt's own, outside the worktree."""


class CommandAgent:
    """The Agent that runs `task.command`, else the template."""

    program: Program | None = None

    def __init__(self, template: str | None = None, env: Mapping[str, str] | None = None) -> None:
        """`template` works on every task that has no command of its own; `env` is added for it."""
        self.template = template
        self._env = env or {}

    def command(self, work: Assignment) -> str:
        """Returns the shell command that works on the task; raises PlanError where there is none."""
        task = work.briefing.task
        command = _command(task, self.template)
        if command is None:
            raise PlanError((_problem(task),))
        return command

    def environment(self, work: Assignment) -> Mapping[str, str]:  # noqa: ARG002 - the same for all
        """Returns what the profile adds to what every worker gets."""
        return self._env

    def reader(self) -> None:
        """Returns None: what a command prints is for people, its exit status tells how it went."""

    def prompt(self, briefing: Briefing) -> str:
        """Returns title, prompt, files and check of the task, and the notes of others, as plain text."""
        if briefing.conflict is not None:
            from gitpar.agents.prompt import render  # noqa: PLC0415 - jinja2 takes 30 ms to import

            return render(briefing)
        task = briefing.task
        parts = [f"# {task.title}", task.prompt.strip(), _files(task)]
        if task.verify:
            parts.append(f"It is done when this command succeeds:\n    {task.verify}")
        if briefing.notes:
            parts.append("# Notes of tasks that have landed")
            parts += [f"## {note.task}\n\n{note.text}" for note in briefing.notes]
        return "\n\n".join(filter(None, parts)) + "\n"


def missing_commands(graph: TaskGraph, template: str | None) -> tuple[PlanProblem, ...]:
    """Returns a problem for every task to be run that nothing says how to work on."""
    pending = (task for task in graph if task.status is TaskStatus.PENDING and not task.agent)
    return tuple(_problem(task) for task in pending if _command(task, template) is None)


def worker_environment(
    environ: Mapping[str, str], place: Workplace, files: WorkerFiles, task: Task
) -> dict[str, str]:
    """Returns the whole environment of a worker.

    `environ` is gitpar's own, without what points git at a particular repository. The
    task's variables win over it; gitpar's own win over both, because by them leftover
    processes are found.
    """
    return {
        **environ,
        **dict(task.env),
        "PWD": str(place.path),
        "GITPAR_RUN": place.key.run,
        "GITPAR_TASK": place.key.task,
        "GITPAR_ATTEMPT": str(place.key.n),
        "GITPAR_BASE": place.base,
        "GITPAR_WORKTREE": str(place.path),
        "GITPAR_PROMPT_FILE": str(files.prompt),
        "GITPAR_RESULT_FILE": str(files.result),
        "GITPAR_PROGRESS": str(files.progress),
        "GITPAR_SCRATCH": str(files.scratch),
        "GITPAR_PORT": str(first_port(place.slot)),
        "GITPAR_NOTES": str(files.notes),
    }


def gate_environment(  # noqa: PLR0913 - what a gate may want to know
    environ: Mapping[str, str],
    run: str,
    *,
    gate: str,
    on: str,
    room: Room,
    scratch: Path,
    more: Mapping[str, str],
) -> dict[str, str]:
    """Returns the whole environment of a gate; `more` says which task or level it is run on."""
    return {
        **environ,
        **more,
        "PWD": str(room.path),
        "GITPAR_RUN": run,
        "GITPAR_GATE": gate,
        "GITPAR_GATE_ON": on,
        "GITPAR_COMMIT": room.commit,
        "GITPAR_WORKTREE": str(room.path),
        "GITPAR_SCRATCH": str(scratch),
        "GITPAR_PORT": str(first_port(room.slot)),
    }


def _command(task: Task, template: str | None) -> str | None:
    """The task's command or the template; a blank one counts as none."""
    return next((text for text in (task.command, template) if text and text.strip()), None)


def _problem(task: Task) -> PlanProblem:
    message = f"task `{task.id}` has no command and no agent was chosen"
    return PlanProblem(task.source.file, message, task.source.line, task.source.key, _HINT)


def _files(task: Task) -> str:
    scope = task.scope
    kinds = (("create", scope.create), ("change", scope.modify), ("read", scope.read))
    lines = list(_lines(kinds))
    return "\n".join(["Files:", *lines]) if lines else ""


def _lines(kinds: Iterable[tuple[str, tuple[str, ...]]]) -> Iterable[str]:
    for verb, paths in kinds:
        for path in paths:
            yield f"- {verb} {path}"
