"""What is said where workers were to have a sandbox and cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.agent_programs import settings
from tests.support.cli import gitpar
from tests.support.plans import facts, states, write_plan
from tests.support.sealed import git


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH: git and what shells need, but no bwrap."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("git", "sh", "rm", "chmod", "python3"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def refusing(folder: Path) -> None:
    """Puts a bwrap there that is refused user namespaces."""
    program = folder / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    program.chmod(0o755)


@pytest.mark.parametrize("there", [False, True])
def test_auto_says_so_once_and_bwrap_starts_nothing(
    repo: Path, tmp_path: Path, bare: Path, *, there: bool
) -> None:
    if there:
        refusing(bare)
    why = "No permissions to create a new namespace" if there else "`bwrap` is not on PATH"
    plan = write_plan(tmp_path / "plan.json", {"a": "echo a > a", "b": "echo b > b"})
    done = gitpar("run", plan, "--json", "--sandbox", "auto", cwd=repo)
    assert states(facts(done)) == {"a": "landed", "b": "landed"}
    assert done.stderr.count("workers are in no sandbox: ") == 1
    assert why in done.stderr
    before = git(repo, "for-each-ref")
    done = gitpar("run", plan, "--sandbox", "bwrap", cwd=repo)
    assert done.status == 3
    assert "Error: workers cannot be put into a sandbox: " in done.stderr
    assert why in done.stderr
    assert "--sandbox auto" in done.stderr
    assert git(repo, "for-each-ref") == before
    assert "sandbox" in gitpar("doctor", cwd=repo).stdout
    settings(repo, 'sandbox = "bwrap"\n')
    assert why in gitpar("doctor", cwd=repo).stdout


def test_a_value_that_is_none_is_named(repo: Path, tmp_path: Path) -> None:
    settings(repo, 'sandbox_write = ["cache"]\n')
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": "true"}), cwd=repo)
    assert done.status == 2
    assert "`sandbox_write` must be a list of paths that are absolute or begin with ~/" in done.stderr
