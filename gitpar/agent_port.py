"""What the engine needs of an agent: who turns a task into a command, and who reads what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gitpar.core.agents import AgentReport, Allowance
from gitpar.core.briefing import Briefing
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt as its agent is given it. `prompt` is the file with the prompt, also on stdin."""

    briefing: Briefing
    worktree: Path
    prompt: Path
    folder: Path
    """A folder of the attempt's own, for what the agent's program wants to find in a file."""
    session: str = ""
    """The session of an earlier attempt to go on with; empty begins afresh."""
    allowance: Allowance | None = None
    """What it may take of its task's own budget."""


@dataclass(frozen=True, slots=True)
class Program:
    """The program an agent needs: `oldest` is the first version it was tried with."""

    name: str
    oldest: tuple[int, ...]
    install: str
    """What to type to get it."""


class OutputReader(Protocol):
    """Reads what one worker prints while it prints it. Output may be anything, and never raises."""

    def feed(self, line: bytes) -> None:
        """Takes the next line, without its line end."""
        ...

    def activity(self) -> str:
        """Says what the agent is doing, such as "editing src/x.py"; empty where that is not known."""
        ...

    def report(self) -> AgentReport:
        """Returns what has been told so far; the last word when all lines were fed."""
        ...


class Agent(Protocol):
    """How a task is worked on. It starts nothing; the backend does."""

    program: Program | None

    def prompt(self, briefing: Briefing) -> str:
        """Returns the text handed to the worker on stdin and in the prompt file."""
        ...

    def command(self, work: Assignment) -> str:
        """Returns the shell command that works on the task; values come to it by environment and file."""
        ...

    def environment(self, work: Assignment) -> Mapping[str, str]:
        """Returns variables to add to the worker's; may write files into the attempt's folder."""
        ...

    def reader(self) -> OutputReader | None:
        """Returns who reads the output of one worker; None where it means nothing to gitpar."""
        ...
