"""Drives gitpar as a user does, by its command line, and reads what it says with `--json`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def __init__(self, repository: Path, environ: Mapping[str, str], command: Sequence[str] = ()) -> None:
        self.repository = repository
        root = Path(__file__).resolve().parents[2]
        paths = [str(root), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        self.environ = {**environ, "PYTHONPATH": os.pathsep.join(paths)}
        self._command = tuple(command) or (sys.executable, "-m", "gitpar")

    def say(self, *arguments: str | Path, fault: str = "") -> Said:
        """Runs `gitpar ARGUMENTS --json` to its end."""
        return self._finish(self.start(*arguments, "--json", fault=fault), facts=True)

    def clean(self, *, fault: str = "") -> Said:
        """Runs `gitpar clean`, which prints sentences."""
        return self._finish(self.start("clean", fault=fault), facts=False)

    def _finish(self, process: subprocess.Popen[bytes], *, facts: bool) -> Said:
        try:
            stdout, stderr = process.communicate(timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            stderr += b"\nkilled: it did not end\n"
        return _said(process.returncode, stdout if facts else b"", stderr)

    def start(self, *arguments: str | Path, fault: str = "") -> subprocess.Popen[bytes]:
        """Starts `gitpar ARGUMENTS` in a session of its own."""
        return subprocess.Popen(
            [*self._command, *map(str, arguments)],
            cwd=self.repository,
            env={**self.environ, "GITPAR_FAULT": fault} if fault else self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def say_until_killed(self, *arguments: str | Path, after_s: float) -> Said | None:
        """Kills the command (and only it: its workers live on) after a while; None where it was killed."""
        process = self.start(*arguments, "--json")
        try:
            stdout, stderr = process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            return None
        return _said(process.returncode, stdout, stderr)


def _said(status: int, stdout: bytes, stderr: bytes) -> Said:
    text = stdout.decode(errors="replace").strip()
    if not text:
        return Said(status, {}, stderr.decode(errors="replace"))
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise AssertionError(f"not JSON on stdout ({error}):\n{text[:4000]}") from error
    return Said(status, facts, stderr.decode(errors="replace"))
