"""The gates that `gitpar plan` and `gitpar run --dry-run` list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.repo import Repo, sealed_repo

SETTINGS = """
[gates.unit]
command = "make test"
on = ["task", "level"]

[gates.review]
agent = "claude"
prompt = "Is it\\nsafe?"
on = "run"
timeout = 0
"""
PLAN = {
    "verify": "make lint",
    "tasks": [
        {"id": "a", "command": "true", "verify": "test -f a.txt"},
        {"id": "b", "command": "true", "depends_on": ["a"], "status": "done", "verify": "test -f b.txt"},
    ],
}
TEXT = """\

Gates
  task a         verify       test -f a.txt
  each task      plan verify  make lint
  each task      unit         make test
  each wave      unit         make test
  the whole run  review       claude is asked: Is it safe?
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {"gitpar.toml": SETTINGS, "plan.json": json.dumps(PLAN), "src/x": "x\n"})
    return made


def said(*words: str, cwd: Path) -> str:
    done = gitpar(*words, cwd=cwd)
    assert done.status == 0, done
    return done.stdout


def test_they_are_listed_by_where_they_are_run(repo: Repo, tmp_path: Path) -> None:
    assert said("plan", "plan.json", cwd=repo.root).endswith(TEXT)
    assert said("run", "../plan.json", "--dry-run", cwd=repo.root / "src").endswith(TEXT)
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert said("plan", "plan.json", cwd=tmp_path / "linked").endswith(TEXT)
    assert "Gates" not in said("run", "plan.json", "--dry-run", "--no-gates", cwd=repo.root)


def test_they_are_in_json_with_those_that_are_typed(repo: Repo) -> None:
    row = {"task": None, "agent": None, "prompt": None, "timeout_s": 3600.0}
    own = {**row, "gate": "verify", "on": ["task"], "task": "a", "command": "test -f a.txt"}
    plans = {**row, "gate": "plan verify", "on": ["task"], "command": "make lint"}
    typed = {**row, "gate": "make e2e", "on": ["run"], "command": "make e2e"}
    unit = {**row, "gate": "unit", "on": ["task", "level"], "command": "make test"}
    asked = {"command": None, "agent": "claude", "prompt": "Is it\nsafe?", "timeout_s": None}
    review = {**row, "gate": "review", "on": ["run"], **asked}
    planned = json.loads(said("plan", "plan.json", "--json", cwd=repo.root))
    assert planned["gates"] == [own, plans, unit, review]
    dry = json.loads(said("run", "plan.json", "--dry-run", "--json", "--run-gate", "make e2e", cwd=repo.root))
    assert dry["gates"] == [own, plans, typed, unit, review]


def test_settings_that_a_run_would_refuse_are_refused(repo: Repo) -> None:
    (repo.root / "gitpar.toml").write_text("[gates.unit]\n")
    done = gitpar("plan", "plan.json", cwd=repo.root)
    assert (done.status, done.stdout) == (2, "")
    assert "has no command" in done.stderr
