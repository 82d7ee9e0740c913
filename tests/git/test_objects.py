"""Objects written through a git that stays: what it takes, what it refuses, and how it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.git.command import GitCommand, GitFailed
from gitpar.git.environment import GitEnvironment
from gitpar.git.objects import ObjectWriter
from tests.support.repo import Repo, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return sealed_repo(monkeypatch, tmp_path / "project")


def test_objects_are_as_git_writes_them_and_a_refused_one_ends_nothing(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit("first", {"f.txt": "1\n"})
    # a worker may have set this; the folder's name holds what a line-based protocol stumbles over
    repo.git("config", "core.worktree", "/nowhere")
    environment = GitEnvironment(repo.root, {"GIT_DIR": str(repo.root / ".git")})
    writer = ObjectWriter(GitCommand(environment), tmp_path / 'a "new\nline"')
    content = GitCommand(environment.at(repo.root, GIT_WORK_TREE=str(repo.root))).run(
        "cat-file", "commit", commit
    )
    assert writer.write("commit", content.stdout) == commit
    changed = writer.write("commit", content.stdout.replace(b"first", b"second"))
    assert writer.write("blob", b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    with pytest.raises(GitFailed, match="hash-object"):
        writer.write("commit", b"tree nothing\n\n")
    assert writer.write("commit", content.stdout.replace(b"first", b"second")) == changed
    writer.close()
    assert not list(writer.folder.iterdir())
    repo.git("config", "--unset", "core.worktree")
    assert repo.git("log", "-1", "--format=%s", changed) == "second"
    assert repo.git("cat-file", "-t", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391") == "blob"
