"""`gitpar run --schedule dag` with real workers: early starts, whole levels, kills."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from gitpar.faults import Step
from tests.support.cli import gitpar
from tests.support.killing import Victim
from tests.support.plans import facts, run_json, show, states, write_plan
from tests.support.repo import Repo, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {"list.txt": "".join(f"line {n}\n" for n in range(1, 41))})
    return made


def edit(line: int, text: str) -> str:
    return f"sed -i '{line}s/$/ {text}/' list.txt"


def has(*names: str) -> str:
    return "".join(f"grep -q ' {name}$' list.txt && " for name in names)


def plan_around(done: Path) -> dict[str, str | dict[str, object]]:
    """A first wave that ends when a task of the third has ended, and one that builds on everything."""
    commit = "git add -A && git commit -qm"
    two = f"{commit} 'First {{0}}' && echo {{0}} > {{0}} && {commit} 'Then {{0}}'"
    return {
        "slow": f"until [ -e {done} ]; do sleep 0.02; done; {edit(2, 'slow')}",
        "a": f"{edit(6, 'a')} && {two.format('a')}",
        "b": {"depends_on": ["a"], "command": f"{has('a')} {edit(10, 'b')} && {two.format('b')}"},
        "c": {"depends_on": ["a"], "command": f"{has('a')} {edit(14, 'c')}"},
        "d": {
            "depends_on": ["b", "c"],
            "command": f"{has('b', 'c')} ! grep -q slow list.txt && {edit(18, 'd')} && touch {done}",
        },
        "e": {"depends_on": ["d", "slow"], "command": f"{has('d', 'slow')} {edit(22, 'e')}"},
    }


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_tasks_start_when_they_can_and_every_level_is_as_in_waves(
    repo: Repo, tmp_path: Path, strategy: str
) -> None:
    plan = write_plan(tmp_path / "plan.json", plan_around(tmp_path / "done"))
    run = run_json(repo.root, plan, "--schedule", "dag", "--strategy", strategy, "--jobs", "2")
    assert set(states(run).values()) == {"landed"}
    assert all(len(task["attempts"]) == 1 for task in run["tasks"])
    assert run["schedule"] == "dag"
    marks = {"slow": 2, "a": 6, "b": 10, "c": 14, "d": 18, "e": 22}
    for level, there in ((1, "slow a"), (2, "slow a b c"), (3, "slow a b c d"), (4, "slow a b c d e")):
        lines = show(repo.root, run["levels"][level - 1]["branch"], "list.txt").splitlines()
        assert {name for name, at in marks.items() if lines[at - 1].endswith(f" {name}")} == set(
            there.split()
        )
    verified = gitpar("verify", run["run"], cwd=repo.root)
    assert verified.status == 0, verified
    subjects = repo.git("log", "--format=%s", run["levels"][-1]["branch"]).splitlines()
    kept = {"First a", "Then a", "First b", "Then b"} if strategy != "squash" else set()
    assert kept <= set(subjects)
    assert len(subjects) == {"merge": 15, "rebase": 9, "squash": 7}[strategy], subjects


def test_what_was_built_on_a_result_that_does_not_land_is_done_again(repo: Repo, tmp_path: Path) -> None:
    done = tmp_path / "done"
    tasks: dict[str, str | dict[str, object]] = {
        "slow": f"until [ -e {done} ]; do sleep 0.02; done; {edit(10, 'slow')}",
        "a": edit(6, "a"),
        "b": {"depends_on": ["a"], "command": edit(10, "b")},
        "c": {"depends_on": ["b"], "command": f"grep -q ' b$' list.txt && {edit(14, 'c')} && touch {done}"},
    }
    run = run_json(repo.root, write_plan(tmp_path / "plan.json", tasks), "--schedule", "dag", "--jobs", "2")
    assert set(states(run).values()) == {"landed"}
    assert {t["id"]: len(t["attempts"]) for t in run["tasks"]} == {"slow": 1, "a": 1, "b": 2, "c": 2}
    lines = show(repo.root, run["levels"][-1]["branch"], "list.txt").splitlines()
    assert (lines[9], lines[13]) == ("line 10 slow b", "line 14 c")


def test_the_setting_is_journaled_and_a_level_can_be_undone(repo: Repo, tmp_path: Path) -> None:
    (repo.root / "gitpar.toml").write_text('schedule = "dag"\n')
    plan = write_plan(tmp_path / "plan.json", plan_around(tmp_path / "done"))
    killed = gitpar("run", plan, "--jobs", "2", cwd=repo.root, env={"GITPAR_FAULT": "carry:2:kill"})
    assert killed.status == -signal.SIGKILL
    (repo.root / "gitpar.toml").unlink()
    run = facts(gitpar("resume", "--json", cwd=repo.root))
    assert set(states(run).values()) == {"landed"}
    # e may have been at work when gitpar was killed
    assert all(len(task["attempts"]) == 1 for task in run["tasks"] if task["id"] != "e")
    undone = gitpar("undo", run["run"], "--level", "3", cwd=repo.root)
    assert undone.status == 0, undone
    assert repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads/gitpar/*/level/*").split() == [
        level["branch"] for level in run["levels"][:2]
    ]


def test_an_undisturbed_run_is_what_the_killed_ones_are_compared_with(tmp_path: Path) -> None:
    victim = Victim(tmp_path, os.environ, dag=True)

    said = victim.driver.say(*victim.arguments)

    wrong = victim.wrong(said, {})
    assert not wrong, "\n".join([str(said), *wrong])
    assert sorted(victim.log.read_text().split()) == ["five", "four", "left", "one", "right", "three", "two"]


@pytest.mark.parametrize("seed", [21, 22])
def test_killed_at_random_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, seed: int) -> None:
    victim = Victim(tmp_path, os.environ, pause_s=0.15, dag=True)

    killed = victim.kill_at_random(random.Random(seed), kills=3, longest_s=1.8)

    assert not killed.wrong, f"seed {seed}: {killed}"


@pytest.mark.parametrize("fault", [f"{Step.FOOTING}:1:kill", f"{Step.CARRY}:1:kill", f"{Step.CARRY}:3:kill"])
def test_killed_where_only_dag_comes_by(tmp_path: Path, fault: str) -> None:
    victim = Victim(tmp_path, os.environ, dag=True)
    killed = victim.driver.say(*victim.arguments, fault=fault)
    assert killed.status == -signal.SIGKILL, str(killed)
    settled: dict[str, int] = {}
    victim.note_finished(settled)

    wrong = victim.wrong(victim.driver.say("resume"), settled)

    assert not wrong, "\n".join(wrong)
