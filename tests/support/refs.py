"""A small real Refs: `git update-ref --stdin`, one process a transaction."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitpar.core.names import CommitId, RefName
from gitpar.errors import RefMoved, UsageError
from gitpar.ports import RefUpdate

_NOTHING = "0" * 40


class UpdateRef:
    """Refs of one repository, by plain git."""

    def __init__(self, common: Path) -> None:
        self._git = ["git", f"--git-dir={common}", "-c", "core.hooksPath=/dev/null"]

    def resolve(self, revision: str) -> CommitId:
        found = self._run("rev-parse", "--verify", "-q", f"{revision}^{{commit}}")
        if found.returncode:
            raise UsageError(f"`{revision}` names no commit")
        return CommitId(found.stdout.strip())

    def read(self, prefix: str) -> Mapping[RefName, CommitId]:
        lines = self._run("for-each-ref", "--format=%(refname) %(objectname)", prefix).stdout.splitlines()
        return {RefName(line.split(" ")[0]): CommitId(line.split(" ")[1]) for line in lines}

    def move(self, updates: Sequence[RefUpdate]) -> None:
        lines = [f"update {one.ref} {one.new or _NOTHING} {one.old or _NOTHING}" for one in updates]
        done = self._run("update-ref", "--stdin", text="\n".join(["start", *lines, "commit", ""]))
        if done.returncode:
            raise RefMoved(updates[0].ref, updates[0].old, done.stderr.strip())

    def close(self) -> None:
        """Nothing runs between two calls."""

    def _run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._git, *arguments], input=text or "", capture_output=True, text=True, check=False
        )
