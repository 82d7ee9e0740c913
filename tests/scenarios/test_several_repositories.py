"""A plan over several repositories: levels advance together, and every repository has a run of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.cli import gitpar, running
from tests.support.plans import everything_of_the_user, facts, run_json, states
from tests.support.sealed import git
from tests.support.sister_repos import Workshop, by_repo, kill, levels, make, three


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, "api", "web")


def test_levels_advance_together_and_each_repository_gets_its_own(shop: Workshop) -> None:
    """`a2` waits for the other repository although nothing of its own wave is left to do."""
    seen = f"ls {shop['web']}/.git/refs/heads/gitpar/$GITPAR_RUN/level > seen.txt"
    plan = shop.write(
        shop.task("a1"),
        shop.task("w1", repo="../web", command="sleep 0.5; echo w1 > w1.txt; echo v2 > $GITPAR_NOTES"),
        shop.task("a2", "a1", command=seen),
        shop.task("w2", "a1", repo="../web", command="cat $GITPAR_PROMPT_FILE > told.txt"),
        shop.task("a3", "w2", command="cat $GITPAR_PROMPT_FILE > told.txt"),
    )
    before = {name: everything_of_the_user(shop[name]) for name in shop.names}
    run = run_json(shop["api"], plan, "--jobs", "3")
    assert set(states(run).values()) == {"landed"}
    assert {task["id"]: task["repo"] for task in run["tasks"]} == {
        **dict.fromkeys(("a1", "a2", "a3"), "api"),
        **dict.fromkeys(("w1", "w2"), "web"),
    }
    for name in shop.names:
        git(shop[name], "update-ref", "-d", "refs/notes/gitpar")
        assert everything_of_the_user(shop[name]) == before[name], (
            "certificates apart, which are gitpar's own"
        )
    tips = {name: one["levels"][-1]["branch"] for name, one in by_repo(run).items()}
    assert shop.files("api", tips["api"]) == {"a1.txt", "seen.txt", "told.txt"}
    assert shop.files("web", tips["web"]) == {"w1.txt", "told.txt"}
    # w1 had landed before a2 began, and the notes of one repository's workers reach the other's
    assert "1" in git(shop["api"], "show", f"{tips['api']}:seen.txt").split()
    assert "v2" in git(shop["api"], "show", f"{tips['api']}:told.txt")
    for name in shop.names:
        seen_from = facts(gitpar("status", "--json", cwd=shop[name]))
        assert seen_from == facts(gitpar("resume", "--json", cwd=shop[name])) == run
        assert gitpar("verify", run["run"], cwd=shop[name]).status == 0


def test_who_failed_blocks_the_other_repository_until_it_is_tried_again(shop: Workshop) -> None:
    fails = f"test -e {shop.folder}/mended && echo x > x.txt"
    plan = shop.write(
        shop.task("x", command=fails, retries=0),
        shop.task("a1"),
        shop.task("w1", "x", repo="../web"),
        shop.task("w2", "a1", repo="../web"),
        shop.task("a2", "w1"),
    )
    run = run_json(shop["api"], plan, status=1)
    assert (run["state"], states(run)) == (
        "failed",
        {"x": "failed", "a1": "landed", "w1": "blocked", "w2": "landed", "a2": "blocked"},
    )
    assert {name: one["state"] for name, one in by_repo(run).items()} == {"api": "failed", "web": "failed"}
    assert gitpar("resume", "--retry", "w2", cwd=shop["web"]).status == 2
    assert gitpar("resume", "--retry", "nobody", cwd=shop["web"]).status == 2
    (shop.folder / "mended").touch()
    # asked for where the task is not worked on
    run = facts(gitpar("resume", "--retry", "x", "--json", cwd=shop["web"]))
    assert set(states(run).values()) == {"landed"}
    assert run["state"] == "done"
    assert levels(shop["api"]).keys() == levels(shop["web"]).keys() == {"1", "2", "3", "4", "5"}
    tips = {name: one["levels"][-1]["branch"] for name, one in by_repo(run).items()}
    assert shop.files("api", tips["api"]) == {"x.txt", "a1.txt", "a2.txt"}
    assert shop.files("web", tips["web"]) == {"w1.txt", "w2.txt"}


def test_places_are_shared_and_go_to_whoever_needs_them(shop: Workshop) -> None:
    """With two places, never three at work; `w1` ends when `w2` has begun, in the place that `a` had."""
    begin = f"touch {shop.folder}/$GITPAR_TASK.at; ls {shop.folder}/*.at | wc -l >> {shop.folder}/counts"
    end = f"echo x > $GITPAR_TASK.txt; cd {shop.folder}; mv $GITPAR_TASK.at $GITPAR_TASK.was"
    meet = f"until ls {shop.folder}/w1.* {shop.folder}/w2.*; do sleep 0.02; done"
    plan = shop.write(
        shop.task("a", command=f"{begin}; {end}"),
        *(
            shop.task(f"w{n}", repo="../web", command=f"{begin}; {meet}; {end}", timeout_s=60)
            for n in (1, 2, 3)
        ),
    )
    run = run_json(shop["api"], plan, "--jobs", "2")
    assert set(states(run).values()) == {"landed"}
    assert max(int(line) for line in (shop.folder / "counts").read_text().split()) <= 2
    assert run["metrics"]["max_concurrent"] <= 2


def test_names_of_the_settings_and_paths_mean_the_same_repository(tmp_path: Path) -> None:
    shop = Workshop(tmp_path, "api", "web", "lib")
    git(shop["lib"], "branch", "old")
    (shop["lib"] / "new.txt").write_text("new\n")
    git(shop["lib"], "add", "new.txt")
    git(shop["lib"], "commit", "--quiet", "--message", "New")
    (shop["api"] / "gitpar.toml").write_text(
        '[repos]\nfront = "../web"\n[repos.base]\npath = "../lib"\nbase = "old"\n', encoding="utf-8"
    )
    plan = shop.write(
        shop.task("a"),
        shop.task("self", repo="../api"),
        shop.task("w1", repo="front"),
        shop.task("w2", repo="../web"),
        shop.task("l", repo="base"),
    )
    shown = gitpar("run", plan, "--dry-run", "--json", cwd=shop["api"])
    named = {"a": "api", "self": "api", "w1": "front", "w2": "front", "l": "base"}
    assert {task["id"]: task["repo"] for task in json.loads(shown.stdout)["tasks"]} == named
    run = run_json(shop["api"], plan)
    assert {task["id"]: task["repo"] for task in run["tasks"]} == named
    tips = {name: one["levels"][-1]["branch"] for name, one in by_repo(run).items()}
    assert shop.files("lib", tips["base"]) == {"l.txt"}


def test_a_plan_whose_tasks_all_name_the_own_repository_is_run_as_ever(shop: Workshop) -> None:
    run = run_json(
        shop["api"], shop.write(shop.task("a", repo="."), shop.task("b", "a", repo=str(shop["api"])))
    )
    assert (run["repositories"], {task["repo"] for task in run["tasks"]}) == ([], {None})
    assert levels(shop["web"]) == {}


def test_a_bare_repository_may_be_one_of_them(shop: Workshop) -> None:
    git(shop.folder, "clone", "--quiet", "--bare", "web", "hub.git")
    run = run_json(shop["api"], shop.write(shop.task("a"), shop.task("h", repo="../hub.git")))
    assert set(states(run).values()) == {"landed"}
    assert levels(shop.folder / "hub.git").keys() == {"1"}


BAD = {
    "wbe": ("no repository is called `wbe`", "Did you mean `web`?"),
    "docs": ("no repository is called `docs`", '[repos] docs = "../docs"'),
    "../nowhere": ("there is no folder `../nowhere`", "Correct the path"),
    "../plain": ("is not in a git repository", "Make it one: git -C"),
    "../web/sub": ("is a folder inside the repository", "Name that one"),
    "https://example.org/web.git": ("is an address", "clone it and name the folder"),
    "gone": ("there is no folder", "Correct its path in [repos]"),
}


def test_a_repo_that_means_nothing_is_named_with_its_place(shop: Workshop) -> None:
    (shop["web"] / "sub").mkdir()
    (shop.folder / "plain").mkdir()
    (shop["api"] / "gitpar.toml").write_text('[repos]\nweb = "../web"\ngone = "../gone"\n', encoding="utf-8")
    plan = shop.write(*(shop.task(f"t{at}", repo=repo) for at, repo in enumerate(BAD)))
    for words in (("run", plan), ("run", plan, "--dry-run")):
        done = gitpar(*words, cwd=shop["api"])
        assert done.status == 2, done.stderr
        problems = done.stderr.splitlines()
        for at, (said, hint) in enumerate(BAD.values()):
            assert said in problems[at]
            assert "plan.json` line" in problems[at]
            assert f"(tasks[{at}].repo)" in problems[at]
            assert any(line.startswith("Hint: ") and hint in line for line in problems[len(BAD) :])
    assert not (shop["api"] / ".git" / "gitpar").exists()
    assert not (shop["web"] / ".git" / "gitpar").exists()


def test_two_names_for_one_repository_are_refused(shop: Workshop) -> None:
    (shop["api"] / "gitpar.toml").write_text('[repos]\nweb = "../web"\nui = "../web"\n', encoding="utf-8")
    done = gitpar("run", shop.write(shop.task("a", repo="web"), shop.task("b", repo="ui")), cwd=shop["api"])
    assert done.status == 2
    assert "two names for one repository: `web` and `ui`" in done.stderr


def test_what_is_wrong_in_one_repository_starts_nothing_in_any(shop: Workshop) -> None:
    """A base that is none, and another gitpar's branch in the way."""
    (shop["api"] / "gitpar.toml").write_text(
        '[repos.web]\npath = "../web"\nbase = "none"\n', encoding="utf-8"
    )
    plan = shop.write(shop.task("a"), shop.task("w", repo="web"))
    assert gitpar("run", plan, cwd=shop["api"]).status == 2
    (shop["api"] / "gitpar.toml").write_text('[repos]\nweb = "../web"\n', encoding="utf-8")
    git(shop["web"], "branch", "gitpar")
    done = gitpar("run", plan, cwd=shop["api"])
    assert done.status == 2
    assert "a branch is called `gitpar`" in done.stderr
    assert not shop.log.exists()
    assert gitpar("status", cwd=shop["api"]).status == 2


def test_a_repository_that_is_gone_is_named(shop: Workshop) -> None:
    run_json(shop["api"], shop.write(shop.task("a"), shop.task("w", repo="../web")))
    shop["web"].rename(shop.folder / "moved")
    done = gitpar("status", cwd=shop["api"])
    assert done.status == 3
    assert "`web` is not there" in done.stderr
    make(shop["web"])
    done = gitpar("resume", cwd=shop["api"])
    assert done.status == 3
    assert "has no record of it" in done.stderr


def test_a_gate_that_fails_at_the_end_of_one_holds_all_back(shop: Workshop) -> None:
    (shop["web"] / "gitpar.toml").write_text('run-gate = "test -e nothing"\n', encoding="utf-8")
    for name in shop.names:
        git(shop[name], "branch", "release")
    plan = shop.write(shop.task("a"), shop.task("w", repo="../web"))
    run = run_json(shop["api"], plan, "--into", "release", status=1)
    assert {one["state"] for one in by_repo(run).values()} == {run["state"]} == {"needs-you"}
    assert set(states(run).values()) == {"landed"}
    for name in shop.names:
        assert shop.files(name, "release") == set()
    assert facts(gitpar("resume", "--json", cwd=shop["web"]), 1) == run
    assert "another repository of the run needs you" in gitpar("report", cwd=shop["api"]).stdout


def test_what_is_interrupted_is_interrupted_everywhere_and_goes_on(shop: Workshop) -> None:
    waits = (
        f"echo >> {shop.folder}/began; while [ ! -e {shop.folder}/go ]; do sleep 0.05; done; echo x > x.txt"
    )
    plan = shop.write(
        shop.task("a", command=waits),
        shop.task("w", repo="../web", command=waits),
        shop.task("w2", "a", repo="../web"),
    )
    with running(shop["api"], "run", plan, "--grace", "1") as process:
        while not (shop.folder / "began").exists() or len((shop.folder / "began").read_text()) < 2:
            assert process.poll() is None
        owned = gitpar("resume", cwd=shop["web"])
        assert owned.status == 3
        assert "is being worked on" in owned.stderr
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert process.returncode == 130
    stood = facts(gitpar("status", "--json", cwd=shop["web"]))
    assert (stood["state"], set(states(stood).values())) == ("interrupted", {"pending"})
    (shop.folder / "go").touch()
    run = facts(gitpar("resume", "--json", cwd=shop["web"]))
    assert set(states(run).values()) == {"landed"}


@pytest.mark.parametrize("step", ["journal.appended:2", "level.created:2", "landing.move:1"])
def test_killed_at_a_step_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, step: str) -> None:
    """At the first of them one repository has a run and the others have not yet."""
    assert kill(three(tmp_path), f"{step}:kill") == ""


def test_what_a_person_decides_holds_in_all_also_when_killed_between(shop: Workshop) -> None:
    """Asked for where the tasks are not worked on; killed when one journal has the word and the other not."""
    line = "sed 's/$/ {name}/' README.md > new; mv new README.md"
    (shop["web"] / "gitpar.toml").write_text('policies = ["hold"]\n', encoding="utf-8")
    plan = shop.write(
        *(shop.task(name, repo="../web", command=line.format(name=name)) for name in ("w1", "w2")),
        shop.task("bad", repo="../web", command="echo b > bad.txt; exit 4", retries=0),
        {"id": "ask", "agent": "human", "prompt": "Which?", "repo": "../web"},
        shop.task("a1", "w2", "bad"),
        shop.task("a2", "ask", command="cat $GITPAR_PROMPT_FILE > told.txt"),
        shop.task("no", repo="../web", command="exit 5", retries=0),
        shop.task("a3", "no"),
    )
    run = run_json(shop["api"], plan, status=1)
    assert {name for name, state in states(run).items() if state == "blocked"} == {"a1", "a2", "a3"}
    asked = (
        "resume",
        "--resolve",
        "w2",
        "--accept",
        "bad",
        "--answer",
        "ask",
        "The blue one",
        "--skip",
        "no",
    )
    told = gitpar(*asked, cwd=shop["api"])
    assert told.status == 1
    place = shop.folder / "web.worktrees" / f"{run['run']}.resolve" / "w2"
    assert f"is laid out in `{place}`, with conflicts in `README.md`" in told.stderr
    (place / "README.md").write_text("# A repository w1 w2\n", encoding="utf-8")
    git(place, "commit", "--quiet", "--all", "--message", "Settle it")
    assert gitpar(*asked, cwd=shop["api"], env={"GITPAR_FAULT": "journal.appended:1:kill"}).status == -9
    run = facts(gitpar("resume", "--json", cwd=shop["web"]))
    wanted = {**dict.fromkeys(states(run), "landed"), "no": "skipped", "a3": "skipped"}
    assert states(run) == wanted
    tips = {name: one["levels"][-1]["commit"] for name, one in by_repo(run).items()}
    assert git(shop["web"], "show", f"{tips['web']}:README.md").strip() == "# A repository w1 w2"
    assert shop.files("web", tips["web"]) == {"bad.txt"}
    assert "The blue one" in git(shop["api"], "show", f"{tips['api']}:told.txt")
    assert shop.files("api", tips["api"]) == {"a1.txt", "told.txt"}
