"""What gates act on, and the files of one run of a gate. Makes nothing, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from gitpar.agent_port import OutputReader
from gitpar.core import gate_commands as gc
from gitpar.core.names import RunId
from gitpar.engine.places import run_folder
from gitpar.ports import Backend, Clock, Job, Repository, Worktrees
from gitpar.room_port import Room, Rooms
from gitpar.values import dataclass


@dataclass(frozen=True, slots=True)
class GatePlaces:
    """The files of one run of a gate, in a folder of its own."""

    folder: Path

    @classmethod
    def of(cls, common_dir: Path, run: RunId, number: int) -> GatePlaces:
        """Names the places of a gate; nothing is made."""
        return cls(run_folder(common_dir, run) / "gates" / str(number))

    @property
    def log(self) -> Path:
        """What the gate prints."""
        return self.folder / "output.log"

    @property
    def exit(self) -> Path:
        """Where its ending is recorded before anybody is told."""
        return self.folder / "exit.json"

    @property
    def prompt(self) -> Path:
        """What an agent is asked that is a gate."""
        return self.folder / "prompt.md"

    @property
    def scratch(self) -> Path:
        """Where the gate may put what it needs and nobody keeps."""
        return self.folder / "scratch"


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent is asked that is a gate: a shell command, the prompt on stdin, who reads the answer."""

    command: str
    prompt: Path
    environment: Mapping[str, str]
    reader: OutputReader


@dataclass(frozen=True, slots=True)
class GateWorld:
    """What gates act on, put together by wiring."""

    common_dir: Path
    clock: Clock
    rooms: Rooms
    worktrees: Worktrees
    backend: Backend
    repository: Repository
    environment: Callable[[gc.RunGate, Room, GatePlaces], Mapping[str, str]]
    """Makes the whole environment of a gate."""
    question: Callable[[gc.RunGate, Room, GatePlaces], Question]
    """Writes down what an agent is asked."""
    reader: Callable[[str], OutputReader]
    """Returns who reads what the agent of a name answers."""
    confined: Callable[[Job, gc.RunGate, Room, Collection[str]], Job]
    """Puts a gate into its sandbox, where it has one; the last argument names the variables that its agent
    adds, which stay."""
