"""A small real repository for tests, sealed from whatever the machine has configured."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.core.settings import Strategy
from gitpar.git.repository import RepositoryPlace, discover
from gitpar.ports import Landing

SEAL = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+0000",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+0000",
    "LC_ALL": "C",
}


def sealed_environ(home: Path) -> dict[str, str]:
    """The environment for a process that must see nothing of the machine's configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **SEAL, "HOME": str(home)}


def sealed_repo(monkeypatch: pytest.MonkeyPatch, root: Path) -> Repo:
    """A repository for a test whose own process is sealed as well."""
    repo = Repo(root)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in (*SEAL, "HOME"):
        monkeypatch.setenv(name, repo.environ[name])
    return repo


def landing(
    base: str, result: str, tip: str, strategy: Strategy = Strategy.MERGE, *, task: str = "api"
) -> Landing:
    """What is to land, as task `api` of run `r1` unless another is named."""
    return Landing(
        task=TaskId(task),
        title="Add the  API\nand more",
        n=2,
        run=RunId("r1"),
        base=CommitId(base),
        result=CommitId(result),
        tip=CommitId(tip),
        strategy=strategy,
    )


class Repo:
    """A repository with one user, on branch `main`, without a commit."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.environ = sealed_environ(root.parent)
        self.git("init", "-q", "-b", "main", *options)
        self.git("config", "user.name", "Ada Example")
        self.git("config", "user.email", "ada@example.org")

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Runs git and returns its output without the last newline; fails loudly."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=self.environ,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return os.fsdecode(done.stdout).removesuffix("\n")

    @property
    def place(self) -> RepositoryPlace:
        return discover(self.root)

    def write(self, path: str, text: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str, files: Mapping[str, str | bytes | None] | None = None) -> CommitId:
        """Commits everything; `files` are written before, None deletes."""
        for path, text in (files or {}).items():
            if text is None:
                (self.root / path).unlink()
            else:
                self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return CommitId(self.git("rev-parse", "HEAD"))

    def branch(
        self, base: str, message: str, files: Mapping[str, str | bytes | None] | None = None
    ) -> CommitId:
        """Commits on top of `base` without a branch."""
        self.git("checkout", "-q", "--detach", base)
        return self.commit(message, files)

    def loose(self) -> set[str]:
        """The ids of all loose objects."""
        folders = self.root.glob(".git/objects/[0-9a-f][0-9a-f]/*")
        return {path.parent.name + path.name for path in folders}

    def fsck(self) -> str:
        """What fsck prints, dangling objects included."""
        return self.git("fsck", "--full", "--no-progress")


def lines(*changed: tuple[int, str], count: int = 20) -> str:
    """A file of numbered lines, some of them changed; numbers count from 1."""
    text = {number: f"line {number}" for number in range(1, count + 1)} | dict(changed)
    return "".join(f"{line}\n" for line in text.values())
