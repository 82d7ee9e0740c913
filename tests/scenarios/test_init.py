"""`gitpar init` in repositories of every kind."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from gitpar.config import load_settings
from tests.support.cli import gitpar
from tests.support.plans import everything_of_the_user
from tests.support.repo import Repo, sealed_repo

AGENTS = ("claude", "codex", "gemini", "aider", "opencode", "qwen")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    # no agents but those that a test puts there
    folders = [path for path in os.environ["PATH"].split(os.pathsep) if not has_agents(Path(path))]
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path / "bin"), *folders)))
    return sealed_repo(monkeypatch, tmp_path / "shop")


def has_agents(folder: Path) -> bool:
    return any((folder / name).exists() for name in AGENTS)


def agent(repo: Repo, name: str) -> None:
    path = repo.root.parent / "bin" / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)


def test_settings_and_a_first_plan_that_runs_as_it_is(repo: Repo) -> None:
    makefile = "all:\n\ntest: all\n\techo\n"
    repo.commit("base", {"README.md": "x\n", "Makefile": makefile, ".gitignore": ".env\n"})
    (repo.root / ".env").write_text("KEY=1\n")
    agent(repo, "codex")
    done = gitpar("init", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == (
        "wrote tasks.yaml\nwrote gitpar.toml\nfound a test command: make test\n"
        "found on PATH: codex (none is used unless you say so)\nnext: gitpar plan tasks.yaml\n"
    )
    settings = tomllib.loads((repo.root / "gitpar.toml").read_text())
    assert settings == {"plan": "tasks.yaml", "copy": [".env"]}
    plan = gitpar("plan", "tasks.yaml", "--json", cwd=repo.root)
    assert plan.stderr == ""
    assert json.loads(plan.stdout)["waves"] == [["readme", "tests"], ["check"]]
    assert '    verify: "make test"\n' in (repo.root / "tasks.yaml").read_text()
    work = 'echo "$GITPAR_TASK" > "$GITPAR_TASK.txt"'
    ran = gitpar("run", "tasks.yaml", "--json", "--agent-command", work, cwd=repo.root)
    assert [task["state"] for task in json.loads(ran.stdout)["tasks"]] == ["landed"] * 3


def test_every_line_that_is_shown_may_be_said(repo: Repo) -> None:
    repo.commit("base", {"a": "x\n"})
    assert gitpar("init", cwd=repo.root).status == 0
    path = repo.root / "gitpar.toml"
    shown = re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.MULTILINE)
    assert len(tomllib.loads(shown)) == 15
    path.write_text(shown)
    settings, warnings = load_settings(repo.root, {}, {})
    assert warnings == ()
    assert settings.run.timeout_s == 3600


def test_what_is_there_is_left_as_it_is(repo: Repo) -> None:
    repo.commit("base", {"plan.md": "- [ ] T001 Build\n", "README.md": "T001\n"})
    done = gitpar("init", "--json", cwd=repo.root)
    facts = json.loads(done.stdout)
    assert facts == {"written": ["gitpar.toml"], "plans": ["plan.md"], "test_command": None, "agents": []}
    assert 'plan = "plan.md"\n' in (repo.root / "gitpar.toml").read_text()
    before = everything_of_the_user(repo.root)
    done = gitpar("init", cwd=repo.root)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: there are settings and a plan already; nothing was written\n"
        "Hint: See the plan: gitpar plan plan.md\n"
    )
    assert everything_of_the_user(repo.root) == before


def test_of_several_plans_none_is_chosen(repo: Repo) -> None:
    repo.commit("base", {"a/tasks.md": "- [ ] T001 A\n", "b/tasks.md": "- [ ] T001 B\n"})
    done = gitpar("init", cwd=repo.root)
    assert "found 2 plans: a/tasks.md, b/tasks.md\n" in done.stdout
    text = (repo.root / "gitpar.toml").read_text()
    assert '\n# plan = "tasks.yaml"\n' in text
    assert "Found here: a/tasks.md, b/tasks.md." in text
    assert not (repo.root / "tasks.yaml").exists()


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"package.json": '{"scripts": {"test": "vitest"}}'}, "npm test"),
        ({"package.json": '{"scripts": {"test": "vitest"}}', "pnpm-lock.yaml": "x"}, "pnpm test"),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, None),
        ({"package.json": "[", "Makefile": "testing:\n\ttrue\ntest:=1\n"}, None),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python -m pytest"),
        ({"pyproject.toml": "= [", "tests/test_a.py": "x"}, "python -m pytest"),
        ({"Cargo.toml": "[package]\n"}, "cargo test"),
        ({"go.mod": "module a\n"}, "go test ./..."),
        ({"Gemfile": "x\n", "spec/a_spec.rb": "x\n"}, "bundle exec rspec"),
        ({"justfile": "test *args:\n  cargo test\n", "Cargo.toml": "x"}, "just test"),
        ({"README": "x"}, None),
    ],
)
def test_the_test_command_is_the_one_the_project_names(
    repo: Repo, files: dict[str, str], command: str | None
) -> None:
    repo.commit("base", files)
    assert json.loads(gitpar("init", "--json", cwd=repo.root).stdout)["test_command"] == command


def test_without_a_repository_or_a_commit_nothing_is_written(repo: Repo, tmp_path: Path) -> None:
    bare = tmp_path / "nothing"
    bare.mkdir()
    for folder, status in ((bare, 3), (repo.root, 2)):
        done = gitpar("init", cwd=folder)
        assert (done.status, done.stdout) == (status, "")
        assert done.stderr.startswith("Error: ")
        assert not (folder / "gitpar.toml").exists()
