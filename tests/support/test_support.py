"""The tests' own tools do what the tests rely on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import gitpar, normalised
from tests.support.plans import facts, states, write_plan
from tests.support.sealed import EMAIL, NAME, git, sealed_environment


def test_a_test_sees_no_settings_but_its_own(home: Path) -> None:
    assert os.environ["HOME"] == str(home)
    listed = git(home, "config", "--list", "--show-origin", "--null").split("\0")
    files = {entry for entry in listed if entry.startswith("file:")}
    assert files == {f"file:{home / '.gitconfig'}"}
    assert {name for name in os.environ if name.startswith("GITPAR_")} <= {"GITPAR_SAMPLES", "GITPAR_REPOS"}


def test_commits_of_a_test_have_constant_ids(repo: Path) -> None:
    assert git(repo, "log", "--format=%H %an %ae %cd", "--date=iso") == (
        f"{git(repo, 'rev-parse', 'HEAD')} {NAME} {EMAIL} 2026-01-02 03:04:05 +0000"
    )
    assert git(repo, "rev-parse", "HEAD") == "d84d2737c5458e61f9813d011b88ca039fab5b0f"


def test_a_sealed_environment_drops_what_the_user_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GITPAR_JOBS", "99")
    monkeypatch.setenv("GITPAR_SAMPLES", "/plans")
    sealed = sealed_environment(tmp_path / "home")
    assert "GIT_DIR" not in sealed
    assert "GITPAR_JOBS" not in sealed
    assert sealed["GITPAR_SAMPLES"] == "/plans"
    assert sealed["HOME"] == str(tmp_path / "home")


def test_a_failing_git_says_why(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        git(tmp_path, "rev-parse", "HEAD")
    assert "not a git repository" in failed.value.stderr


def test_normalised_replaces_what_differs_from_run_to_run(tmp_path: Path) -> None:
    text = (
        f"run 7f3a: gitpar/7f3a/level/2 at 0123456789abcdef0123456789abcdef01234567 (0123abc)\n"
        f"log {tmp_path}/logs/a.log after 1.25 s, in all 12s, 3 tasks, faded decade\n"
    )
    assert normalised(text, tmp_path) == (
        "run <run>: gitpar/<run>/level/2 at <commit> (<commit>)\n"
        "log <folder 1>/logs/a.log after <time>, in all <time>, 3 tasks, faded decade\n"
    )


@pytest.mark.parametrize("words", [("--version",), ("status",), ("plan", "nowhere.json", "--json")])
def test_a_fork_that_has_gitpar_loaded_says_what_the_program_says(
    repo: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    forked = gitpar(*words, cwd=repo)
    monkeypatch.setenv("COLD_STARTS", "1")
    assert gitpar(*words, cwd=repo) == forked


def test_a_fork_ends_alone_and_says_how(repo: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": "echo a > a"})
    assert gitpar("run", plan, cwd=repo, env={"GITPAR_FAULT": "landing.moved:1:kill"}).status == -9
    assert states(facts(gitpar("resume", "--json", cwd=repo))) == {"a": "landed"}
