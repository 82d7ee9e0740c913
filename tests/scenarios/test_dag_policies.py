"""Results that cannot be carried over as they are, and the policies that settle them, as a user sees it."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.repo import Repo, sealed_repo

LOG = "# Changes\n\n- first\n"
SETTINGS = """
policies = ["drivers", "agent", "serialize", "hold"]
schedule = "dag"
jobs = 2
[merge]
union = ["CHANGELOG.md"]
[merge.regenerate]
"app.lock" = "sort deps.txt > app.lock"
[agents.own]
command = "sh own.sh"
"""
OWN = """
echo "$GITPAR_TASK" >> "$(git rev-parse --git-common-dir)/worked"
case "$(cat)" in
*'Settle a conflict'*)
    cp "$GITPAR_PROMPT_FILE" "$(git rev-parse --git-common-dir)/told"
    sed '/^<<<<<<<\\|^=======\\|^>>>>>>>\\|two$/d;s/slow$/slow two/' list.txt > new && mv new list.txt ;;
*) sed '5s/$/ two/' list.txt > new && mv new list.txt ;;
esac
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    files = {
        "list.txt": "".join(f"line {n}\n" for n in range(1, 13)),
        "deps.txt": "".join(f"dep{n}\n" for n in range(20)),
        "app.lock": "".join(f"{n}\n" for n in range(20)),
        "CHANGELOG.md": LOG,
        "gitpar.toml": SETTINGS,
        "own.sh": OWN,
    }
    made.commit("base", files)
    return made


def change(line: int, name: str, file: str) -> str:
    return f"sed '{line}s/$/-{name}/' {file} > new && mv new {file}"


def plan_around(done: Path) -> dict[str, Any]:
    """A first wave that ends last, and results of the second that meet what it brings."""
    locked = f"{change(2, 'slow', 'deps.txt')} && {change(2, 'slow', 'app.lock')}"
    edited = "sed '5s/$/ slow/' list.txt > new && mv new list.txt && echo '- slow' >> CHANGELOG.md"
    wait = f"until [ -e {done}.log ] && [ -e {done}.lock ]; do sleep 0.02; done"
    early = {
        "log": "echo '- log' >> CHANGELOG.md",
        # git could merge the lockfile, which is never merged
        "lock": f"{change(18, 'lock', 'deps.txt')} && {change(18, 'lock', 'app.lock')}",
    }
    return {
        "slow": f"{wait}; sleep 0.3; {edited} && {locked}",
        "a": "echo a > a.txt",
        "two": {"prompt": "Put two behind line 5.", "agent": "own", "depends_on": ["a"]},
        **{
            name: {"command": f"{command} && touch {done}.{name}", "depends_on": ["a"]}
            for name, command in early.items()
        },
    }


def wrong(repo: Repo, run: dict[str, Any]) -> list[str]:
    """Says what is not as every way of settling these conflicts leaves it."""
    at = tip(run)
    deps = show(repo.root, at, "deps.txt").splitlines()
    facts = {
        "states": set(states(run).values()) == {"landed"},
        "list.txt": show(repo.root, at, "list.txt").splitlines()[4] == "line 5 slow two",
        "deps.txt": (deps[1], deps[17]) == ("dep1-slow", "dep17-lock"),
        "app.lock": show(repo.root, at, "app.lock").splitlines() == sorted(deps),
        "CHANGELOG.md": show(repo.root, at, "CHANGELOG.md") + "\n" == LOG + "- slow\n- log\n",
    }
    return [name for name, is_right in facts.items() if not is_right]


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_policies_settle_what_cannot_be_carried_over(repo: Repo, tmp_path: Path, strategy: str) -> None:
    plan = write_plan(tmp_path / "plan.json", plan_around(tmp_path / "done"))
    run = run_json(repo.root, plan, "--strategy", strategy)
    assert not wrong(repo, run)
    tasks = {task["id"]: task for task in run["tasks"]}
    assert {name: [each["repair"] for each in task["attempts"]] for name, task in tasks.items()} == {
        "slow": [None],
        "a": [None],
        "two": [None, "agent"],
        "log": [None],
        "lock": [None, "regenerate"],
    }
    assert {name: [one["policy"] for one in task["settled"]] for name, task in tasks.items()} == {
        "slow": [],
        "a": [],
        "two": ["agent"],
        "log": ["union"],
        "lock": ["regenerate"],
    }
    said = repo.git("log", "--format=%(trailers:key=Gitpar-Settled)", f"main..{tip(run)}").split("\n")
    assert sorted(filter(None, said)) == [
        "Gitpar-Settled: agent list.txt",
        "Gitpar-Settled: regenerate app.lock",
        "Gitpar-Settled: union CHANGELOG.md",
    ]
    told = (repo.root / ".git" / "told").read_text(encoding="utf-8")
    assert "## What has landed: `slow`" in told
    verified = gitpar("verify", "--json", cwd=repo.root)
    assert json.loads(verified.stdout)["counts"]["alarm"] == 0
    assert json.loads(verified.stdout)["counts"]["unproved"] == 3


FAULTS = [
    *(f"settle.{when}:{n}:kill" for when in ("settle", "settled") for n in range(1, 6)),
    *(f"carry:{n}:kill" for n in range(1, 7)),
]


def killed_at(repo: Repo, tmp_path: Path, fault: str) -> list[str]:
    plan = write_plan(tmp_path / "plan.json", plan_around(tmp_path / "done"))
    killed = gitpar("run", plan, cwd=repo.root, env={"GITPAR_FAULT": fault})
    found = [] if killed.status == -signal.SIGKILL else [f"{fault} was not reached: {killed}"]
    run = facts(gitpar("resume", "--json", cwd=repo.root))
    worked = (repo.root / ".git" / "worked").read_text().split()
    found += [] if len(worked) <= 3 else [f"the agent was asked {len(worked)} times"]
    alarms = json.loads(gitpar("verify", "--json", cwd=repo.root).stdout)["counts"]["alarm"]
    return [*found, *wrong(repo, run), *([f"{alarms} alarms"] if alarms else [])]


@pytest.mark.parametrize("fault", random.Random(5).sample(FAULTS, 3))
def test_killed_while_they_are_settled_a_resume_ends_alike(repo: Repo, tmp_path: Path, fault: str) -> None:
    assert not killed_at(repo, tmp_path, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_killed_at_each_step_a_resume_ends_alike(repo: Repo, tmp_path: Path, fault: str) -> None:
    assert not killed_at(repo, tmp_path, fault)
