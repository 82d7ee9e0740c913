"""`gitpar conflicts --dry-run` and `--calibrate` as they are typed, in real repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import everything_of_the_user, write_plan
from tests.support.repo import Repo, lines, sealed_repo

TASKS: dict[str, str | dict[str, Any]] = {
    "ctx": {"files": {"modify": ["src/ctx.py", "CHANGES.md"]}, "estimate_s": 600},
    "cli": {"files": {"modify": ["src/cli.py", "CHANGES.md"]}, "estimate_s": 60},
    "json": {"files": {"create": ["src/fast.py"]}, "prompt": "as in `dump_all`", "estimate_s": 60},
    "tags": {"files": {"create": ["src/fast.py"], "modify": ["gone.py", "out.log"]}, "estimate_s": 60},
    "talk": {"title": "Say nothing"},
    "late": {"files": {"modify": ["docs/a.md"]}, "depends_on": ["ctx"], "estimate_s": 60},
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    files = ("src/ctx.py", "src/cli.py", "CHANGES.md", "docs/a.md")
    made.commit("base", {path: f"{path}\n" for path in files} | {".gitignore": "*.log\n"})
    write_plan(made.root / "tasks.json", TASKS)
    return made


def test_a_forecast_in_words(repo: Repo) -> None:
    before = everything_of_the_user(repo.root)
    done = gitpar("conflicts", "tasks.json", "--dry-run", "--suggest", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    shown = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    assert "97%   json    both create `src/fast.py`" in shown
    assert "both declare `CHANGES.md`, which many tasks add to (two changes clash in 30% of cases)" in shown
    assert "`tags` after `json` (97%)" in shown
    assert "`talk` says nothing of files: not forecast" in shown
    told = shown[shown.index("Declared files") :].splitlines()
    assert told == [
        "Declared files",
        "  `tags` declares `gone.py`, which is not there and which no task creates",
        "  `tags` declares `out.log`, which is not there and which no task creates",
        "  `json` and `tags` both create `src/fast.py`",
        "  `tags` declares `out.log`, which git ignores: it will not be part of the result",
        "",
        "Suggestions",
        (
            "  `late` waits for `ctx`, with which it has nothing in common: without it `late` could run in "
            "wave 1"
        ),
        "  instead of 2",
    ]
    assert everything_of_the_user(repo.root) == before
    assert not (repo.root / ".git" / "gitpar").exists()


def test_of_tasks_that_name_no_file_it_does_not_say_that_they_merge(repo: Repo) -> None:
    silent: dict[str, str | dict[str, Any]] = {"one": {"title": "This"}, "two": {"title": "That"}}
    write_plan(repo.root / "tasks.json", silent)
    done = gitpar("conflicts", "tasks.json", "--dry-run", cwd=repo.root)
    assert "Forecast: not possible for 1 wave\n" in done.stdout
    assert "Wave 1 (2 tasks): not forecast\n" in done.stdout
    assert "no conflict expected" not in done.stdout


def test_the_heat_map_shows_every_task_that_meets_another(repo: Repo) -> None:
    done = gitpar("conflicts", "tasks.json", "--dry-run", cwd=repo.root)
    rows = [
        line.split()
        for line in done.stdout.splitlines()
        if line.startswith("    ") and line.strip()[:1] in "1234"
    ]
    assert rows[-4:] == [
        ["1", "ctx", "-", rows[-4][3], ".", "."],
        ["2", "cli", rows[-4][3], "-", ".", "."],
        ["3", "json", ".", ".", "-", "97"],
        ["4", "tags", ".", ".", "97", "-"],
    ]


def test_the_facts_of_a_forecast(repo: Repo) -> None:
    done = gitpar("conflicts", "tasks.json", "--dry-run", "--json", "--jobs", "2", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["base"] == repo.git("rev-parse", "main")
    assert facts["changes"][0] == {"id": "ctx", "files": ["src/ctx.py", "CHANGES.md"]}
    first = facts["pairs"][0]
    assert (first["a"], first["b"], first["tier"], first["probability"]) == ("json", "tags", "file", 0.97)
    assert first["reasons"] == ["both create `src/fast.py`"]
    assert first["paths"] == [{"path": "src/fast.py", "a": None, "b": None, "kind": None}]
    wave = facts["waves"][0]
    assert wave["expected_conflicts"] == pytest.approx(sum(p["probability"] for p in facts["pairs"]))
    assert {"first": "json", "later": "tags"}.items() <= wave["serialize"][0].items()
    assert wave["advised_s"] < wave["planned_s"]
    assert (facts["jobs"], facts["estimated"], facts["calibrated"]) == (2, True, False)
    assert [p["kind"] for p in facts["problems"]] == ["absent", "absent", "made twice", "ignored"]


def test_a_page_needs_nothing_from_outside(repo: Repo) -> None:
    write_plan(
        repo.root / "odd.json",
        {"<b>": {"files": {"modify": ["src/cli.py"]}}, "c": {"files": {"modify": ["src/cli.py"]}}},
    )
    done = gitpar("conflicts", "odd.json", "--dry-run", "--html", "out.html", cwd=repo.root)
    assert done.status == 0
    page = (repo.root / "out.html").read_text()
    assert "both declare <code>src/cli.py</code>" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page


def test_the_only_plan_is_found_and_several_are_listed(repo: Repo) -> None:
    (repo.root / "task-notes.json").write_text('{"no": "plan"}')
    assert gitpar("conflicts", "--dry-run", "--json", cwd=repo.root / "src").status == 0
    write_plan(repo.root / "docs" / "plan.yaml", {"x": "true"})
    done = gitpar("conflicts", "--dry-run", cwd=repo.root)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "Error: no plan is named, and there are several plan files:",
        "         docs/plan.yaml",
        "         tasks.json",
        "Hint: Name one of them: gitpar conflicts PLAN --dry-run",
    ]
    (repo.root / "gitpar.toml").write_text('plan = "tasks.json"\n')
    named = gitpar("conflicts", "--dry-run", "--json", cwd=repo.root)
    assert json.loads(named.stdout)["plan"].endswith("tasks.json")


def test_without_a_plan_it_says_so(repo: Repo) -> None:
    (repo.root / "tasks.json").unlink()
    done = gitpar("conflicts", "--dry-run", cwd=repo.root)
    assert done.status == 2
    assert done.stderr.startswith("Error: no plan is named, and no plan file was found here\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--calibrate", "--dry-run"], "`--calibrate` takes no plan"),
        (["--suggest", "main"], "`--suggest` belongs to `--dry-run`"),
        (["--dry-run", "--since", "2020-01-01"], "`--since` belongs to `--calibrate`"),
        (["--dry-run", "nowhere.json"], "nowhere.json"),
        (["--dry-run", "tasks.json", "--base", "nothing"], "nothing"),
        (["--dry-run", "tasks.json", "--html", "no/such/folder.html"], "cannot be written"),
        (["--calibrate", "--since", "2100-01-01"], "there is no history since 2100-01-01 to learn from"),
    ],
)
def test_what_cannot_be_is_said(repo: Repo, words: list[str], said: str) -> None:
    done = gitpar("conflicts", *words, cwd=repo.root)
    assert done.status in {2, 3}
    assert said in done.stderr
    assert done.stdout == ""


def test_what_was_learned_is_used_afterwards(repo: Repo) -> None:
    log = ""
    for n in range(30):
        # every change writes on top of NOTES, and far from the others in its own part of calm
        log = f"entry {n}\n{log}"
        repo.git("checkout", "-q", "-b", f"b{n}")
        calm = lines(*((at * 5 + 3, f"by {at}") for at in range(n + 1)), count=200)
        repo.commit(f"work {n}", {"NOTES": log} if n % 2 else {"calm": calm})
        repo.git("checkout", "-q", "main")
        repo.git("merge", "-q", "--no-ff", "-m", f"Merge {n}", f"b{n}")
    refs = repo.git("for-each-ref")
    done = gitpar("conflicts", "--calibrate", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith("Learned from 30 merges, 2026-01-02 to 2026-01-02\n")
    facts = json.loads(gitpar("conflicts", "--calibrate", "--json", cwd=repo.root).stdout)
    declared = next(row for row in facts["signals"] if row["signal"] == "declared files meet")
    assert declared["recall"] == 1
    assert declared["right"] == facts["conflicts"]
    assert 0.3 < declared["precision"] < 0.7
    plan = write_plan(
        repo.root / "plan.json",
        {
            name: {"files": {"modify": [path]}}
            for name, path in zip("abcd", ["NOTES", "NOTES", "calm", "calm"], strict=True)
        },
    )
    found = json.loads(gitpar("conflicts", plan, "--dry-run", "--json", cwd=repo.root).stdout)
    chance = {(p["a"], p["b"]): p["probability"] for p in found["pairs"]}
    assert found["calibrated"]
    assert chance["a", "b"] > 0.7
    assert chance["c", "d"] < 0.3
    assert repo.git("for-each-ref") == refs
