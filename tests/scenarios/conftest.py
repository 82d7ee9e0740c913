"""A repository that tasks can conflict in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sealed import git


@pytest.fixture
def shop(repo: Path) -> Path:
    """A repository with a file of twelve numbered lines."""
    (repo / "list.txt").write_text("".join(f"line {n}\n" for n in range(1, 13)), encoding="utf-8")
    git(repo, "add", "list.txt")
    git(repo, "commit", "--quiet", "--message", "List")
    return repo
