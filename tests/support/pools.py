"""Sealed repositories and pools of worktrees over them, for the tests of gitpar.git."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from gitpar.core.names import CommitId, RunId, TaskId, keep_ref, task_ref
from gitpar.git.coordinator import Coordinator
from gitpar.git.index_trees import IndexTrees
from gitpar.git.repository import discover
from gitpar.git.site import PoolSettings
from gitpar.git.worktrees import GitWorktrees
from gitpar.ports import AttemptKey, Capture, Workplace
from tests.support.refs import UpdateRef

RUN = RunId("r1")
_made: list[tuple[GitWorktrees, Coordinator]] = []


@dataclass(frozen=True, slots=True)
class Repo:
    """One repository with a main worktree."""

    path: Path

    @property
    def common(self) -> Path:
        return self.path / ".git"

    def git(self, *arguments: str, cwd: Path | None = None, status: int = 0) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        assert done.returncode == status, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)

    def commit(self, message: str = "change") -> CommitId:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.head

    @property
    def head(self) -> CommitId:
        return CommitId(self.git("rev-parse", "HEAD"))

    def pool(self, **settings: object) -> GitWorktrees:
        root = self.path.with_name(f"{self.path.name}.worktrees")
        chosen = PoolSettings(root=root, **settings)  # type: ignore[arg-type] # the caller names fields
        coordinator = Coordinator(discover(self.path), self.common / "gitpar" / f"trees-{len(_made)}")
        trees = IndexTrees(coordinator)
        pool = GitWorktrees(self.common, self.path, RUN, UpdateRef(self.common), chosen, index_trees=trees)
        _made.append((pool, coordinator))
        return pool

    def ref(self, name: str) -> str:
        return self.git("for-each-ref", "--format=%(objectname)", name)

    def kept(self, key: AttemptKey) -> str:
        return self.ref(keep_ref(key.run, key.task, key.n))

    def branch(self, key: AttemptKey) -> str:
        return self.ref(task_ref("gitpar", key.run, key.task, key.n))

    def reachable_contents(self, commit: str) -> str:
        """Every blob that a commit leads to, one after the other."""
        names = [line.split(" ")[0] for line in self.git("rev-list", "--objects", commit).splitlines()]
        kinds = self._batch("--batch-check", names).splitlines()
        blobs = [line.split(" ")[0] for line in kinds if line.split(" ")[1] == "blob"]
        return self._batch("--batch", blobs)

    def _batch(self, option: str, names: list[str]) -> str:
        done = subprocess.run(
            ["git", "cat-file", option],
            cwd=self.path,
            input="\n".join(names).encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode(errors="replace")

    def tree(self, commit: str) -> list[str]:
        return self.git("ls-tree", "-r", "--name-only", commit).splitlines()


def key(task: str = "t1", n: int = 1) -> AttemptKey:
    return AttemptKey(RUN, TaskId(task), n)


def shell(place: Path | Workplace, script: str) -> None:
    """Runs a worker's script in a worktree."""
    cwd = place.path if isinstance(place, Workplace) else place
    who = {f"GIT_{role}_{part}": "worker" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    environ = {**os.environ, **who}
    done = subprocess.run(
        ["sh", "-ec", script], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def work(repo: Repo, pool: GitWorktrees, script: str) -> tuple[Workplace, Capture]:
    """Opens the first attempt, runs a script in it, captures it."""
    place = pool.open(key(), repo.head)
    shell(place, script)
    return place, pool.capture(place, processes_gone=True)


def recorded(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts a program before the real one that writes down its calls, each after `called`; returns where."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / program).write_text(
        f'#!/bin/sh\necho "called $*" >>"{tmp_path}/calls"\nexec {shutil.which(program)} "$@"\n'
    )
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


def end_pools() -> None:
    """Ends the processes that serve the pools a test has made and left open."""
    while _made:
        pool, coordinator = _made.pop()
        pool.end()
        coordinator.close()


def child(repo: Repo, code: str, fault: str = "") -> subprocess.CompletedProcess[str]:
    """Runs Python code in a process of its own, with a planned fault; it gets the repository's path."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "GITPAR_FAULT": fault}
    command = [sys.executable, "-c", code, str(repo.path)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the machine's git configuration out of the test's way."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")


@cache
def _template() -> Path:
    """Makes the repository once: a copy takes a tenth of the time."""
    folder = Path(tempfile.mkdtemp(prefix="gitpar-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _build(folder / "repo")
    return folder / "repo"


def new_repo(path: Path) -> Repo:
    """Makes a repository of a few files and folders, with a `.gitignore`."""
    shutil.copytree(_template(), path)
    return Repo(path)


def _build(path: Path) -> None:
    path.mkdir()
    repo = Repo(path)
    repo.git("init", "-q", "-b", "main", "--template=")
    repo.git("config", "user.name", "Ada")
    repo.git("config", "user.email", "ada@example.org")
    repo.write(
        {
            ".gitignore": "*.log\n.env\n__pycache__/\nnode_modules/\nsecret/\n",
            "a.txt": "one\ntwo\nthree\n",
            "src/b.py": "b = 1\n",
            "src/c.py": "c = 1\n",
            "docs/d.md": "d\n",
        }
    )
    repo.commit("first")
    repo.write({"a.txt": "one\ntwo\nthree\nfour\n"})
    repo.commit("second")
