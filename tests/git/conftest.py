"""A sealed repository without a commit, and gitpar's view of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitpar.core.names import RunId
from gitpar.git.analysis import GitRepository
from tests.support.repo import Repo, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository on main; the test's own process is sealed as well."""
    return sealed_repo(monkeypatch, tmp_path / "project")


@pytest.fixture
def repository(repo: Repo) -> Iterator[GitRepository]:
    """The repository as run `r1` works on it."""
    opened = GitRepository(repo.place, RunId("r1"))
    yield opened
    opened.close()
