"""What all agents that are programs share: the profile, the command line, the prompt."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.core.agents import AgentProfile
from gitpar.core.briefing import Briefing


class CliAgent:
    """An Agent that is a program. Subclasses name it, give its arguments and read its output.

    Nothing of the plan gets into the command: the prompt comes on stdin, or from the
    file that GITPAR_PROMPT_FILE names where a program takes it as an argument only.
    """

    program: Program | None
    resumes = True
    """Whether a session can be gone on with."""
    keys: tuple[str, ...] = ()
    """Globs of the variables that hold its keys and settings: a sandbox lets them in."""
    state: tuple[str, ...] = ()
    """Folders below the home folder with its sessions and the like: a sandbox lets it write there."""
    fixed: tuple[str, ...] = ()
    """What is in these folders and says how it works: not even then."""

    def __init__(self, profile: AgentProfile, template: str | None = None) -> None:
        """`template` is the repository's own for prompts; None takes the one that is shipped."""
        self.profile = profile
        self._template = template
        if profile.program is not None and self.program is not None:
            self.program = Program(profile.program, self.program.oldest, self.program.install)

    def prompt(self, briefing: Briefing) -> str:
        """Returns the prompt that the template makes of the briefing."""
        from gitpar.agents.prompt import render  # noqa: PLC0415 - jinja2 takes 30 ms to import

        return render(briefing, self._template)

    def command(self, work: Assignment) -> str:
        """Returns the command line, ready for a shell."""
        program = self.program.name if self.program is not None else self.profile.kind
        words = shlex.join([program, *self.arguments(work), *self.profile.flags])
        tail = self.tail(work)
        return f"exec {words} {tail}".rstrip()

    def environment(self, work: Assignment) -> Mapping[str, str]:
        """Returns what the program wants in its environment; the profile's own wins."""
        return {**self.own_environment(work), **dict(self.profile.env)}

    # --- for subclasses ------------------------------------------------------------------

    def arguments(self, work: Assignment) -> list[str]:
        """Returns the arguments before the profile's flags, unquoted."""
        raise AssertionError(f"{type(self).__name__} has no arguments for {work.worktree}")

    def tail(self, work: Assignment) -> str:  # noqa: ARG002 - most need none
        """Returns what stands at the end of the command, as a shell reads it."""
        return ""

    def own_environment(self, work: Assignment) -> Mapping[str, str]:  # noqa: ARG002 - most need none
        """Returns the variables that the program itself needs."""
        return {}

    def reader(self) -> OutputReader:
        """Returns who reads the output of one worker."""
        raise AssertionError(f"nobody reads {type(self).__name__}")
