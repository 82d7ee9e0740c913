"""`gitpar demo` from its first line to its last: what a new user sees."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import gitpar
from tests.support.fixtures import PLANS, build
from tests.support.sealed import git


def tree_of_all_tasks(folder: Path) -> str:
    """Works on the plan's tasks one after the other, without gitpar, and returns the tree."""
    repository = build("bookshop", folder)
    for task in json.loads((PLANS / "bookshop.json").read_text(encoding="utf-8"))["tasks"]:
        script = "sleep() { :; }\n" + task["command"]
        git(repository, "-c", f"alias.work=!{_quoted(script)}", "work")
    git(repository, "add", "--all")
    return git(repository, "write-tree")


def _quoted(script: str) -> str:
    return "sh -c '" + script.replace("'", "'\\''") + "'"


def test_lands_all_ten_tasks_and_shows_how(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = gitpar("demo", "--no-color", "--keep", folder, cwd=tmp_path)
    assert done.status == 0, done.stderr

    repository = folder / "bookshop"
    levels = git(
        repository,
        "for-each-ref",
        "--sort=refname",
        "--format=%(refname:short)",
        "refs/heads/gitpar/*/level/*",
    ).splitlines()
    assert [level.rpartition("/")[2] for level in levels] == ["1", "2", "3"]
    assert git(repository, "rev-parse", f"{levels[-1]}^{{tree}}") == tree_of_all_tasks(tmp_path / "by-hand")
    assert git(repository, "rev-parse", "main") == "df4475496635c8662f0c87a9d057f0ab953febf4"
    assert git(repository, "status", "--porcelain", "--ignored") == ""

    attempts = git(repository, "for-each-ref", "--format=%(refname)", "refs/gitpar/keep").splitlines()
    twice = {ref.split("/")[-2] for ref in attempts if ref.endswith("/2")}
    assert twice == {"list-copies", "courier-rates"}

    said = done.stdout.splitlines()
    assert said[:2] == [f"$ cd {repository}", "$ gitpar run ../bookshop.json --on-predicted warn --no-color"]
    drawn = said[said.index("The level branches:") :]
    assert all(any(level in line for line in drawn) for level in levels)
    assert "bookshop/reports.py" in done.stdout, "the conflict report names the file"
    assert "the changes lie apart" in " ".join(done.stdout.split()), "two change the same file and merge"
    assert any(line.startswith(f"  git merge --ff-only {levels[-1]}  ") for line in said)


def test_touches_no_folder_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious", encoding="utf-8")
    done = gitpar("demo", "--keep", tmp_path, cwd=tmp_path)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: `{tmp_path}` is not empty; nothing in it was touched\n"
        "Hint: Name a folder that does not exist yet: gitpar demo --keep DIR\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
