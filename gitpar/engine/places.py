"""Where the files of an attempt are: prompt, log, result. Makes folders, decides nothing."""

from __future__ import annotations

import functools
from pathlib import Path

from gitpar.core.names import CommitId, RunId, TaskId, encode_id
from gitpar.ports import AttemptKey
from gitpar.values import dataclass


def run_folder(common_dir: Path, run: RunId) -> Path:
    """Returns the folder of a run inside the common git directory."""
    return common_dir / "gitpar" / "runs" / run


def conflict_folder(common_dir: Path, run: RunId, task: TaskId, settlement: CommitId) -> Path:
    """Returns the folder with the versions of the files that a settlement leaves in conflict."""
    return run_folder(common_dir, run) / "conflicts" / encode_id(task) / settlement[:12]


@dataclass(frozen=True, slots=True)
class AttemptPlaces:
    """The files of one attempt, all in one folder of its own."""

    folder: Path

    @classmethod
    @functools.cache
    def of(cls, common_dir: Path, key: AttemptKey) -> AttemptPlaces:
        """Names the places of an attempt; nothing is made."""
        return cls(run_folder(common_dir, key.run) / "attempts" / encode_id(key.task) / str(key.n))

    @property
    def prompt(self) -> Path:
        """What the worker gets on stdin."""
        return self.folder / "prompt.md"

    @property
    def log(self) -> Path:
        """What the worker prints."""
        return self.folder / "output.log"

    @property
    def progress(self) -> Path:
        """Where the worker may write a percentage and a line."""
        return self.log.with_suffix(".progress")

    @property
    def result(self) -> Path:
        """Where the worker may write a result."""
        return self.folder / "result"

    @property
    def notes(self) -> Path:
        """Where the worker may write what workers of other tasks should know."""
        return self.folder / "notes.md"

    @property
    def exit(self) -> Path:
        """Where its ending is recorded before anybody is told."""
        return self.folder / "exit.json"

    @property
    def scratch(self) -> Path:
        """Where the worker may put what it needs and nobody keeps."""
        return self.folder / "scratch"

    def make(self, prompt: str) -> None:
        """Makes the folder and the prompt file."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.prompt.write_text(prompt, encoding="utf-8", errors="surrogateescape")
