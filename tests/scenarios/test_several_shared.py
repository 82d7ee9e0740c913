"""What repositories of one plan share: places, the budget, numbers of gates, and who may start when."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.agent_programs import claude_init, claude_result, prints, program, settings
from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, states
from tests.support.sealed import git
from tests.support.sister_repos import Workshop, by_repo, kill, levels, three


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, "api", "web")


def test_dag_starts_what_its_own_repository_has_ready_and_levels_wait_for_each_other(shop: Workshop) -> None:
    """`slow` ends when `a3` has begun, two waves ahead; `w2` stands on another repository's level."""
    until = f"while ! grep -q a3 {shop.log}; do sleep 0.02; done"
    seen = f"ls {shop['api']}/.git/refs/heads/gitpar/$GITPAR_RUN/level > seen.txt"
    plan = shop.write(
        shop.task("a1"),
        shop.task("a2", "a1"),
        shop.task("a3", "a2"),
        shop.task("slow", repo="../web", command=until, timeout_s=60),
        shop.task("w2", "a1", repo="../web", command=seen),
    )
    run = run_json(shop["api"], plan, "--schedule", "dag", "--jobs", "2")
    assert set(states(run).values()) == {"landed"}
    assert [len(one["levels"]) for one in by_repo(run).values()] == [3, 3]
    assert shop.files("web", by_repo(run)["web"]["levels"][-1]["branch"]) == {"seen.txt"}
    assert run["metrics"]["max_concurrent"] == run["metrics"]["jobs"] == 2


def test_dag_never_works_on_more_than_there_are_places_and_none_lies_idle(shop: Workshop) -> None:
    """One place for two repositories, then the one that has more to do gets all of them."""
    count = (
        f"mkdir {shop.folder}/alone && sleep 0.05 && rmdir {shop.folder}/alone && echo x > $GITPAR_TASK.txt"
    )
    plan = shop.write(
        *(shop.task(f"a{n}", command=count) for n in (1, 2)),
        *(shop.task(f"w{n}", *[f"w{n - 1}"][: n - 1], repo="../web", command=count) for n in (1, 2, 3)),
    )
    run = run_json(shop["api"], plan, "--schedule", "dag", "--jobs", "1")
    assert set(states(run).values()) == {"landed"}
    both = f"ls {shop.folder}/y1.at {shop.folder}/y2.at"
    meet = f"touch {shop.folder}/$GITPAR_TASK.at; until {both}; do sleep 0.02; done"
    plan = shop.write(
        shop.task("x"), *(shop.task(f"y{n}", repo="../web", command=meet, timeout_s=60) for n in (1, 2))
    )
    run = run_json(shop["api"], plan, "--schedule", "dag", "--jobs", "2")
    assert set(states(run).values()) == {"landed"}


@pytest.mark.parametrize("step", ["level.created:3", "landing.move:2", "worker.started:4"])
def test_dag_killed_at_a_step_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, step: str) -> None:
    assert kill(three(tmp_path), f"{step}:kill", schedule="dag") == ""


def test_a_budget_is_one_for_all_repositories(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is known what one takes, one works alone; the resume is asked for in the other repository."""
    folder = shop.folder / "bin"
    body = f"mkdir {shop.folder}/at || exit 9\nsleep 0.1\necho x > $GITPAR_TASK.txt\nrmdir {shop.folder}/at"
    program(folder, "claude", f"{body}\n{prints(claude_init(), claude_result())}")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    settings(shop["api"], 'agent = "claude"\nmax_cost = 0.02\n')
    settings(shop["web"], "max_cost = 0.01\n")
    tasks = [
        {"id": f"{name}{n}", "prompt": "Do it.", "retries": 0, **({"repo": "../web"} if name == "w" else {})}
        for n in (1, 2)
        for name in "aw"
    ]
    plan = shop.write(*tasks)
    done = gitpar("run", plan, "--jobs", "4", "--json", cwd=shop["api"])
    run = facts(done, 3)
    assert run["metrics"]["spawned"] == 2
    assert run["metrics"]["cost_usd"] == pytest.approx(0.02)
    assert "budget is used up: $0.02 of $0.02" in done.stderr
    monkeypatch.setenv("GITPAR_MAX_COST", "0.03")
    run = facts(gitpar("resume", "--json", cwd=shop["web"]), 3)
    assert run["metrics"]["spawned"] == 3
    monkeypatch.setenv("GITPAR_MAX_COST", "1")
    run = facts(gitpar("resume", "--json", cwd=shop["web"]))
    assert set(states(run).values()) == {"landed"}


def test_a_number_means_one_gate_in_all_repositories(shop: Workshop) -> None:
    for name in shop.names:
        settings(shop[name], f'level-gate = "echo gate of {name} $GITPAR_LEVEL"\n')
    plan = shop.write(
        shop.task("a1"),
        shop.task("w1", repo="../web"),
        shop.task("a2", "w1"),
        shop.task("w2", "w1", repo="../web"),
    )
    run = run_json(shop["api"], plan)
    assert set(states(run).values()) == {"landed"}
    numbers = [gate["number"] for gate in run["gates"]]
    assert len(numbers) == len(set(numbers)) == 4
    printed = [gitpar("logs", "--gate", str(n), cwd=shop["web"]).stdout.strip() for n in numbers]
    assert sorted(printed) == sorted(f"gate of {name} {n}" for name in shop.names for n in (1, 2))


def test_a_submodule_is_a_repository_like_another(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called by its folder, and its worktrees are neither in `.git` nor in what it is a part of."""
    allow = {"COUNT": "1", "KEY_0": "protocol.file.allow", "VALUE_0": "always"}
    for name, value in allow.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    git(shop["api"], "submodule", "--quiet", "add", "../web", "parts/web")
    git(shop["api"], "commit", "--quiet", "--message", "Have a part")
    inside = shop["api"] / "parts" / "web"
    settings(inside, 'level-gate = "echo own settings"\n')
    plan = shop.write(shop.task("a"), shop.task("w", repo="parts/web", command="pwd > where.txt"))
    run = run_json(shop["api"], plan)
    assert set(states(run).values()) == {"landed"}
    assert by_repo(run)["web"]["path"] == str(inside)
    assert [gate["gate"] for gate in run["gates"]] == ["echo own settings"]
    where = git(inside, "show", f"{by_repo(run)['web']['levels'][-1]['branch']}:where.txt")
    assert where.startswith(f"{shop.folder}/api-parts-web.worktrees/")
    assert levels(inside).keys() == {"1"}
    assert levels(shop["web"]) == {}
    assert gitpar("status", cwd=inside).status == 0
    git(inside, "worktree", "add", "--quiet", str(shop.folder / "beside"))
    assert facts(gitpar("status", "--json", cwd=shop.folder / "beside")) == run


def test_two_worktrees_of_one_repository_have_to_stand_at_one_commit(shop: Workshop) -> None:
    git(shop["web"], "worktree", "add", "--quiet", "-b", "other", str(shop.folder / "beside"))
    plan = shop.write(shop.task("w1", repo="../web"), shop.task("w2", repo="../beside"))
    run = run_json(shop["api"], plan)
    assert {task["repo"] for task in run["tasks"]} == {"web"}
    git(shop.folder / "beside", "commit", "--quiet", "--allow-empty", "--message", "Go on")
    done = gitpar("run", plan, cwd=shop["api"])
    assert done.status == 2
    assert "are worktrees of one repository and stand at different commits" in done.stderr
    settings(shop["api"], '[repos.web]\npath = "../web"\nbase = "other"\n')
    assert set(states(run_json(shop["api"], plan)).values()) == {"landed"}
