"""A finished run with two levels, a remote beside it, and a forge in front of that.

The run is made once and copied; what is published from each copy is the copy's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.driving import Driver
from tests.support.hosting import Hosting, hosting
from tests.support.removal import await_removal
from tests.support.sealed import git

LINES = "".join(f"line {n}\n" for n in range(1, 25))
KINDS = ("github", "gitlab", "gitea")

_TASKS = [
    {"id": "one", "title": "Do one <b>@team</b> | fixes #1", "command": "sed -i.b '2s/$/ one/' f; rm f.b"},
    {"id": "two", "title": "Do two", "command": "sed -i.b '12s/$/ two/' f; rm f.b"},
    {"id": "idle", "title": "Do nothing", "command": "true"},
    {"id": "x/3", "title": "Do three", "command": "echo 3 > three", "depends_on": ["one"]},
]
FINAL = {"f": LINES.replace("line 2\n", "line 2 one\n").replace("line 12\n", "line 12 two\n"), "three": "3\n"}
"""Every file of the tree in which everything landed."""


def make(folder: Path, environ: Mapping[str, str], *, tasks: list[dict[str, Any]] | None = None) -> None:
    """Makes `shop` with a run that has ended, and its remote `origin.git`."""
    shop = folder / "shop"
    git(folder, "init", "-q", "--bare", "--initial-branch=main", "origin.git")
    git(folder, "init", "-q", "--initial-branch=main", "shop")
    (shop / "f").write_text(LINES, encoding="utf-8")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "base")
    git(shop, "remote", "add", "origin", "../origin.git")
    git(shop, "push", "-q", "origin", "main")
    (folder / "plan.json").write_text(json.dumps({"tasks": tasks or _TASKS}), encoding="utf-8")
    said = Driver(shop, environ).say("run", folder / "plan.json")
    assert "run" in said.facts, str(said)
    await_removal(shop)  # copies are made of it


@dataclass
class Shop:
    """One copy: its repository, its remote and its forge."""

    folder: Path
    forge: Hosting

    @property
    def repository(self) -> Path:
        return self.folder / "shop"

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    @property
    def run(self) -> str:
        """The id of the run."""
        refs = git(self.repository, "for-each-ref", "--format=%(refname)", "refs/heads/gitpar")
        return refs.split("/")[3]

    def tip(self, branch: str, where: Path | None = None) -> str:
        """Where a branch of the remote stands, or of the folder that is given."""
        return git(where or self.origin, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def level(self, number: int) -> str:
        """The name of a level's branch."""
        return f"gitpar/{self.run}/level/{number}"

    def landed(self, task: str) -> str:
        """The name of the branch that a task is published as."""
        return f"gitpar/{self.run}/landed/{task}"

    def files(self, branch: str) -> dict[str, str]:
        """The tree of a branch of the remote."""
        names = git(self.origin, "ls-tree", "-r", "--name-only", branch).splitlines()
        return {name: git(self.origin, "show", f"{branch}:{name}") + "\n" for name in names}

    def stack(self) -> list[tuple[str, str, str]]:
        """Every request: head, base and state."""
        return [(pull.head, pull.base, "merged" if pull.merged else pull.state) for pull in self.forge.pulls]


@contextmanager
def opened(template: Path, folder: Path, kind: str) -> Iterator[Shop]:
    """Copies a finished run and puts a forge before its remote; nothing may breach the interface."""
    shutil.copytree(template, folder, symlinks=True)
    with hosting(folder / "origin.git", kind) as forge:
        yield Shop(folder, forge)
        assert forge.breaches == []
