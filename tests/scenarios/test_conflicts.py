"""`gitpar conflicts` as it is typed, in real repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.plans import write_plan
from tests.support.repo import Repo, lines, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Four branches of one file: `a`, `b` and `d` change neighbouring lines, `c` a line far away."""
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    base = made.commit("base", {"f": lines()})
    for name, line in (("a", 5), ("b", 5), ("c", 15), ("d", 6)):
        made.git("branch", name, made.branch(base, name, {"f": lines((line, name))}))
    made.git("checkout", "-q", "main")
    return made


def test_revisions_are_compared_as_git_merges_them(repo: Repo) -> None:
    done = gitpar("conflicts", "a", "b", "c", "d", cwd=repo.root)
    base = repo.git("rev-parse", "--short=12", "main")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.splitlines()[:4] == [
        f"4 changes compared, from {base}: 3 pairs conflict",
        "  conflict  `a` and `b` both changed `f` line 5: git refuses (content)",
        "  conflict  `a` and `d` both changed `f` lines 5 / 6: git refuses (content)",
        "  conflict  `b` and `d` both changed `f` lines 5 / 6: git refuses (content)",
    ]


def test_the_facts_are_those_of_the_reference(repo: Repo) -> None:
    done = gitpar("conflicts", "a", "c", "--json", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts.pop("base") == repo.git("rev-parse", "main")
    tree = facts["fold"].pop("tree")
    assert repo.git("merge-tree", "--write-tree", "a", "c") == tree
    assert facts == {
        "changes": [{"id": "a", "files": ["f"]}, {"id": "c", "files": ["f"]}],
        "pairs": [
            {
                "a": "a",
                "b": "c",
                "tier": "file",
                "kind": None,
                "paths": [{"path": "f", "a": [5, 1], "b": [15, 1], "kind": None}],
                "probability": None,
                "reasons": [],
            }
        ],
        "order": ["a", "c"],
        "fold": {"landed": ["a", "c"], "conflicting": []},
        "rework": [],
        "together": [],
        "builds": [],
    }


def test_every_way_of_asking_wrongly_says_what_to_type(repo: Repo) -> None:
    said = {}
    for words in (
        (),
        ("a", "nope"),
        ("a", "a"),
        ("a", "--worktrees"),
        ("a", "b", "--watch"),
        ("--run",),
        ("--base", "nope", "a", "b"),
    ):
        done = gitpar("conflicts", *words, cwd=repo.root)
        assert (done.status, done.stdout) == (2, "")
        said[" ".join(words)] = done.stderr.splitlines()
    assert {words: told[0] for words, told in said.items()} == {
        "": "Error: nothing to compare: no revision is given",
        "a nope": "Error: `nope` names no commit in this repository",
        "a a": "Error: `a` is given twice",
        "a --worktrees": "Error: revisions, --run and --worktrees exclude each other",
        "a b --watch": "Error: --watch goes with --worktrees only",
        "--run": f"Error: no run was ever recorded in `{repo.root}`",
        "--base nope a b": "Error: `nope` names no commit in this repository",
    }
    assert all(told[1].startswith("Hint: ") for told in said.values())


def test_what_the_tasks_of_a_run_made_is_compared(repo: Repo, tmp_path: Path) -> None:
    commands = {
        "one": "sed -i.bak 's/^line 3$/one/' f && rm f.bak",
        "two": "sed -i.bak 's/^line 3$/two/' f && rm f.bak",
        "far": "sed -i.bak 's/^line 18$/far/' f && rm f.bak",
        "bad": "false",
    }
    plan = write_plan(tmp_path / "plan.json", commands)
    run = json.loads(gitpar("run", plan, "--json", cwd=repo.root).stdout)
    # `two` was run again after `one`: what both made at once is compared
    assert {task["id"]: task["state"] for task in run["tasks"]}["one"] == "landed"
    for named in ((), (run["run"],)):
        done = gitpar("conflicts", "--json", "--run", *named, cwd=repo.root)
        assert done.status == 1
        assert done.stderr == "note: 1 of 4 tasks have no result and are left out\n"
        facts = json.loads(done.stdout)
        assert facts["base"] == run["base"]
        assert [(p["a"], p["b"], p["tier"]) for p in facts["pairs"]] == [
            ("one", "two", "conflict"),
            ("one", "far", "file"),
            ("two", "far", "file"),
        ]
        assert (facts["order"], facts["fold"]["conflicting"]) == (["one", "far"], ["two"])


ODD = ("a\nnewline", 'qu"ote', "tab\t", "\udcff\udcfe", "größe", " space ", "-dash", "*[glob]?")


def test_odd_names_come_out_as_they_are(repo: Repo) -> None:
    base = repo.git("rev-parse", "main")
    for side in ("left", "right"):
        files = {f"odd/{name}": f"{side}\n" for name in ODD}
        repo.git("branch", side, repo.branch(base, side, files))
    facts = json.loads(gitpar("conflicts", "--json", "left", "right", cwd=repo.root).stdout)
    assert {place["path"] for place in facts["pairs"][0]["paths"]} == {f"odd/{name}" for name in ODD}
    shown = gitpar("conflicts", "left", "right", cwd=repo.root)
    assert (shown.status, shown.stderr) == (1, "")
    assert "and 5 more places: git refuses (add/add)" in " ".join(shown.stdout.split())


@pytest.mark.parametrize("megabytes", [34, pytest.param(100, marks=pytest.mark.long)])
def test_a_huge_file_is_compared(repo: Repo, megabytes: int) -> None:
    repo.git("config", "core.compression", "0")
    whole = (b"0123456789" * 9 + b" 12345678\n") * (megabytes * 10_000)
    base = repo.branch("main", "base", {"big": whole})
    for name, files in {
        "begin": {"big": b"begin\n" + whole},
        "end": {"big": whole + b"end\n"},
        "begin-too": {"big": b"too\n" + whole},
    }.items():
        repo.git("branch", name, repo.branch(base, name, files))
    done = gitpar("conflicts", "--json", "begin", "end", "begin-too", cwd=repo.root)
    facts = json.loads(done.stdout)
    assert {(p["a"], p["b"]): p["tier"] for p in facts["pairs"]} == {
        ("begin", "end"): "touching",  # too large for a look at its lines; git merges it
        ("begin", "begin-too"): "conflict",
        ("end", "begin-too"): "touching",
    }
    assert facts["order"] == ["begin", "end"]
