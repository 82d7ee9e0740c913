"""Results that do not merge and policies that settle them, as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

LOG = "# Changes\n\n- first\n"


@pytest.fixture
def shop(repo: Path) -> Path:
    """A repository with a file of twelve numbered lines and a log that is declared to be added to."""
    (repo / "list.txt").write_text("".join(f"line {n}\n" for n in range(1, 13)), encoding="utf-8")
    (repo / "CHANGELOG.md").write_text(LOG, encoding="utf-8")
    configure(repo, '[merge]\nunion = ["CHANGELOG.md"]\n')
    return repo


def configure(repo: Path, text: str) -> None:
    (repo / "gitpar.toml").write_text(text, encoding="utf-8")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "Settings")


def edit(line: int, text: str) -> str:
    """A command that puts something behind one line of list.txt, whatever stands there."""
    return f"sed '{line}s/$/ {text}/' list.txt > new && mv new list.txt"


def note(name: str) -> str:
    """A command that adds to the log and makes a file."""
    return f"echo '- {name}' >> CHANGELOG.md && echo {name} > {name}.txt"


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_additions_to_a_log_land_without_another_run(shop: Path, tmp_path: Path, strategy: str) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b"), "c": note("c")})
    run = run_json(shop, plan, "--strategy", strategy)
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed"}
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- a\n- b\n- c\n"
    assert [len(task["attempts"]) for task in run["tasks"]] == [1, 1, 1]
    row = {"path": "CHANGELOG.md", "policy": "union", "gate": None}
    assert [task["settled"] for task in run["tasks"]] == [[], [row], [row]]
    said = git(shop, "log", "--first-parent", "--format=%(trailers:key=Gitpar-Settled)", f"main..{tip(run)}")
    assert said.splitlines().count("Gitpar-Settled: union CHANGELOG.md") == 2


def test_people_are_told_where_a_policy_settled_something(shop: Path, tmp_path: Path) -> None:
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")}), cwd=shop)
    assert done.status == 0, done.stderr
    assert "b: settled by union (`CHANGELOG.md`)" in done.stderr
    assert "`b` was settled by union (`CHANGELOG.md`)" in " ".join(done.stdout.split())
    assert "`b`: settled by union (`CHANGELOG.md`); no gate is configured" in done.stdout
    verified = gitpar("verify", cwd=shop)
    assert verified.status == 0
    assert "landing of `b`, settled by union, all else proved: `CHANGELOG.md`" in verified.stdout
    assert json.loads(gitpar("verify", "--json", cwd=shop).stdout)["counts"]["alarm"] == 0


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (["hold"], {"a": "landed", "b": "held"}),
        (["serialize"], {"a": "landed", "b": "landed"}),
        (["drivers", "hold"], {"a": "landed", "b": "landed"}),
    ],
)
def test_only_the_policies_that_are_asked_for_are_tried(
    shop: Path, tmp_path: Path, policies: list[str], expected: dict[str, str]
) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")})
    asked = [word for policy in policies for word in ("--policy", policy)]
    run = run_json(shop, plan, *asked, status=0 if "held" not in expected.values() else 1)
    assert states(run) == expected
    reruns = [len(task["attempts"]) for task in run["tasks"]]
    assert reruns == ([1, 2] if policies == ["serialize"] else [1, 1])


def test_policies_of_the_settings_that_are_none_are_refused(shop: Path, tmp_path: Path) -> None:
    configure(shop, 'policies = ["driver"]\n')
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": "true"}), cwd=shop)
    assert done.status == 2
    assert done.stderr == (
        "Error: `gitpar.toml` line 1: `policies` must be a list of "
        '"drivers", "agent", "serialize" and "hold", not ["driver"]\nHint: Nothing was started\n'
    )


def test_a_resume_decides_by_the_policies_the_run_began_with(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")})
    killed = gitpar("run", plan, cwd=shop, env={"GITPAR_FAULT": "settle.settled:1:kill"})
    assert killed.status != 0
    configure(shop, 'policies = ["hold"]\n')
    run = facts(gitpar("resume", "--json", cwd=shop))
    assert states(run) == {"a": "landed", "b": "landed"}
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- a\n- b\n"
