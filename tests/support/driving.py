"""Drives gitpar as a user does, by its command line, and reads what it says with `--json`."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.preloaded import Ended, call, python_path, start

_LONGEST_S = 900.0


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended; `facts` is its JSON, empty where it printed none."""

    status: int
    facts: Mapping[str, Any]
    stderr: str

    @property
    def states(self) -> dict[str, str]:
        """The state of every task by id."""
        return {task["id"]: task["state"] for task in self.facts.get("tasks", ())}

    @property
    def reasons(self) -> dict[str, str]:
        """Why tasks are in their state, by id."""
        return {task["id"]: task["reason"] or "" for task in self.facts.get("tasks", ())}

    @property
    def attempts(self) -> dict[str, int]:
        """How many attempts every task had, by id."""
        return {task["id"]: len(task["attempts"]) for task in self.facts.get("tasks", ())}

    @property
    def tip(self) -> str:
        """The commit that holds everything that landed."""
        levels = self.facts.get("levels")
        return str(levels[-1]["commit"] or "HEAD") if levels else "HEAD"

    def __str__(self) -> str:
        counts = dict(Counter(self.states.values()))
        return f"status {self.status}, {counts or 'no tasks'}\n{self.stderr[-4000:]}"


class Driver:
    """A repository in which gitpar is used."""

    def __init__(self, repository: Path, environ: Mapping[str, str]) -> None:
        self.repository = repository
        self.environ = {**environ, "PYTHONPATH": python_path()}

    def say(self, *arguments: str | Path, fault: str = "") -> Said:
        """Runs `gitpar ARGUMENTS --json` to its end."""
        return _said(self._call(*arguments, "--json", fault=fault))

    def clean(self, *, fault: str = "") -> Said:
        """Runs `gitpar clean`, which prints sentences."""
        done = self._call("clean", fault=fault)
        return Said(done.status, {}, done.stderr.decode(errors="replace"))

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Starts `gitpar ARGUMENTS` and does not wait for it."""
        return start([str(each) for each in arguments], self.repository, self.environ)

    def say_until_killed(self, *arguments: str | Path, after_s: float) -> Said | None:
        """Kills the command (and only it: its workers live on) after a while; None where it was killed."""
        try:
            return _said(self._call(*arguments, "--json", longest_s=after_s))
        except subprocess.TimeoutExpired:
            return None

    def _call(self, *arguments: str | Path, fault: str = "", longest_s: float = _LONGEST_S) -> Ended:
        environ = {**self.environ, "GITPAR_FAULT": fault} if fault else self.environ
        return call([str(each) for each in arguments], self.repository, environ, longest_s=longest_s)


def _said(done: Ended) -> Said:
    text = done.stdout.decode(errors="replace").strip()
    stderr = done.stderr.decode(errors="replace")
    if not text:
        return Said(done.status, {}, stderr)
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise AssertionError(f"not JSON on stdout ({error}):\n{text[:4000]}") from error
    return Said(done.status, facts, stderr)
