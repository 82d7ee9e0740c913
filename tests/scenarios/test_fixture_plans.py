"""The plans of fixtures/plans in Markdown, which newcomers try first: each runs as it is said there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.plans.reading import read_plans
from tests.support.fixtures import PLANS
from tests.support.plans import run_json, show, tip
from tests.support.sealed import git

CHANGED = [
    "CHANGELOG.md",
    "bookshop/__init__.py",
    "bookshop/cli.py",
    "bookshop/pricing.py",
    "bookshop/reports.py",
    "bookshop/search.py",
    "data/postage.csv",
    "docs/usage.md",
    "pyproject.toml",
    "tests/test_author_search.py",
    "tests/test_courier.py",
]


@pytest.mark.parametrize("name", ["table", "ralph", "spec-kit"])
def test_a_plan_runs_and_its_statuses_are_written_back(
    name: str, bookshop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = tmp_path / "bin" / "sleep"  # the tasks sleep so that a person can watch
    quick.parent.mkdir()
    quick.write_text("#!/bin/sh\n")
    quick.chmod(0o755)
    monkeypatch.setenv("PATH", f"{quick.parent}:{os.environ['PATH']}")
    plan = tmp_path / f"bookshop.{name}.md"
    shutil.copy(PLANS / plan.name, plan)
    before = plan.read_text(encoding="utf-8").splitlines()
    worker = f"sh '{PLANS / 'worker.sh'}'"
    run = run_json(bookshop, plan, "--agent-command", worker, "--write-back", "--jobs", "4")
    assert [len(level["tasks"]) for level in run["levels"]] == [5, 3, 2]
    assert {task["state"] for task in run["tasks"]} == {"landed"}
    assert git(bookshop, "diff", "--name-only", f"main..{tip(run)}").splitlines() == CHANGED
    assert 'COLUMNS = ("title", "author", "isbn", "copies")' in show(
        bookshop, tip(run), "bookshop/reports.py"
    )
    after = plan.read_text(encoding="utf-8").splitlines()
    assert {task.status for task in read_plans([plan]).graph} == {TaskStatus.DONE}
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    assert len(changed) == {"table": 20}.get(name, 10)
