"""`gitpar run` as a user types it: real program, real git, real workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.bystander import left_behind
from tests.support.cli import gitpar
from tests.support.plans import everything_of_the_user, facts, run_json, show, states, tip, write_plan
from tests.support.removal import await_removal
from tests.support.sealed import git


def edit(line: int, text: str) -> str:
    """A command that puts something behind one line of list.txt, whatever stands there."""
    return f"sed '{line}s/$/ {text}/' list.txt > new && mv new list.txt"


CONFLICT = {"first": edit(5, "one"), "second": edit(5, "two"), "apart": edit(10, "three")}


def test_two_edits_of_one_file_merge_and_a_conflict_is_run_again(shop: Path, tmp_path: Path) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", CONFLICT))
    assert states(run) == {"first": "landed", "second": "landed", "apart": "landed"}
    assert run["state"] == "done"
    landed = show(shop, tip(run), "list.txt").splitlines()
    assert landed[4] == "line 5 one two"
    assert landed[9] == "line 10 three"
    [pair] = [p for p in run["conflicts"] if p["tier"] == "conflict"]
    assert (pair["a"], pair["b"], pair["kind"]) == ("first", "second", "content")
    assert pair["paths"] == [{"path": "list.txt", "a": [5, 1], "b": [5, 1], "kind": "content"}]
    assert [a["state"] for t in run["tasks"] for a in t["attempts"] if t["id"] == "second"] == [
        "succeeded"
    ] * 2
    assert run["metrics"]["conflict_rate"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_every_strategy_reaches_the_same_tree(shop: Path, tmp_path: Path, strategy: str) -> None:
    commit = "echo {0} > {0} && git add {0} && git commit -qm 'Add {0}'"
    commits = f"{commit.format('a')} && {commit.format('b')}"
    plan = write_plan(
        tmp_path / "plan.json",
        {
            **CONFLICT,
            "two-commits": commits,
            "after": {"command": "cat a b > c", "depends_on": ["two-commits"]},
        },
    )
    run = run_json(shop, plan, "--strategy", strategy)
    assert git(shop, "ls-tree", "--name-only", tip(run)).split() == ["README.md", "a", "b", "c", "list.txt"]
    assert show(shop, tip(run), "c") == "a\nb"
    merges = git(shop, "rev-list", "--merges", "--count", f"main..{tip(run)}")
    ours = git(shop, "log", "--format=%s", f"main..{tip(run)}").splitlines()
    assert (merges == "5") == (strategy == "merge")
    assert ("Add a" in ours) == (strategy != "squash")


def test_the_checkout_is_not_touched(shop: Path, tmp_path: Path) -> None:
    (shop / "list.txt").write_text("work of the user\n", encoding="utf-8")
    git(shop, "stash", "--quiet")
    (shop / "README.md").write_text("# Changed, not staged\n", encoding="utf-8")
    (shop / "new.txt").write_text("staged\n", encoding="utf-8")
    git(shop, "add", "new.txt")
    (shop / "untracked.txt").write_text("untracked\n", encoding="utf-8")
    git(shop, "branch", "other")
    before = everything_of_the_user(shop)
    run = run_json(shop, write_plan(tmp_path / "plan.json", CONFLICT))
    assert gitpar("clean", cwd=shop).status == 0
    git(shop, "update-ref", "-d", "refs/notes/gitpar")
    assert everything_of_the_user(shop) == before, "certificates apart, which are gitpar's own"
    assert "new.txt" not in git(shop, "ls-tree", "--name-only", tip(run))
    assert git(shop, "worktree", "list").count("\n") == 0
    assert not (shop.parent / "repo.worktrees").exists()


def test_a_failed_task_blocks_only_what_waits_for_it_and_its_work_is_kept(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path / "plan.json",
        {
            "bad": "echo half > half.txt; exit 3",
            "good": "echo good > good.txt",
            "after-bad": {"command": "true", "depends_on": ["bad"]},
            "after-good": {"command": "cat good.txt > copy.txt", "depends_on": ["good"]},
        },
    )
    run = run_json(shop, plan, "--retries", "0", status=1)
    assert states(run) == {"bad": "failed", "good": "landed", "after-bad": "blocked", "after-good": "landed"}
    assert run["state"] == "failed"
    [attempt] = run["tasks"][0]["attempts"]
    assert attempt["exit"] == 3
    assert show(shop, attempt["keep_ref"], "half.txt") == "half"
    assert show(shop, tip(run), "copy.txt") == "good"


def test_a_worker_sees_its_task(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a b": {"title": "Say hello", "prompt": "Say it loud."}})
    told = 'cat > stdin.txt; cat "$GITPAR_PROMPT_FILE" > file.txt; env | grep ^GITPAR_ | sort > env.txt'
    run = run_json(shop, plan, "--agent-command", told)
    assert "Say it loud." in show(shop, tip(run), "stdin.txt")
    assert show(shop, tip(run), "stdin.txt") == show(shop, tip(run), "file.txt")
    env = dict(line.split("=", 1) for line in show(shop, tip(run), "env.txt").splitlines())
    assert env["GITPAR_TASK"] == "a b"
    assert env["GITPAR_RUN"] == run["run"]
    assert env["GITPAR_BASE"] == git(shop, "rev-parse", "main")
    assert {"GITPAR_WORKTREE", "GITPAR_RESULT_FILE", "GITPAR_PROGRESS"} <= set(env)
    assert git(shop, "for-each-ref", "--format=%(refname)", "refs/gitpar/keep") == (
        f"refs/gitpar/keep/{run['run']}/a%20b/1"
    )


def test_a_timeout_keeps_what_was_done_and_ends_every_process(shop: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    stubborn = f"trap '' INT TERM; echo some > some.txt; (setsid sleep 300 & echo $! >> {pids}); sleep 300"
    plan = write_plan(
        tmp_path / "plan.json", {"slow": {"command": stubborn, "timeout_s": 0.4}, "quick": "true"}
    )
    run = run_json(shop, plan, "--grace", "0.2", status=1)
    slow = run["tasks"][0]
    assert [a["state"] for a in slow["attempts"]] == ["timed-out", "timed-out"]
    assert slow["reason"] == "no end within 0.8 s"
    assert show(shop, slow["attempts"][0]["keep_ref"], "some.txt") == "some"
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists() or not Path("/proc").exists()


def test_a_task_that_changes_nothing_lands_and_says_so(shop: Path, tmp_path: Path) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", {"check": "true"}))
    [task] = run["tasks"]
    assert (task["state"], task["reason"]) == ("landed", "changed nothing")
    assert git(shop, "rev-parse", tip(run)) == git(shop, "rev-parse", "main")


def test_a_copy_of_whole_files_is_held_when_run_again(shop: Path, tmp_path: Path) -> None:
    ready = tmp_path / "ready.txt"
    ready.write_text((shop / "list.txt").read_text().replace("line 5\n", "line 5 copied\n"), encoding="utf-8")
    plan = write_plan(tmp_path / "plan.json", {"first": edit(5, "one"), "copy": f"cp {ready} list.txt"})
    run = run_json(shop, plan, status=1)
    assert states(run) == {"first": "landed", "copy": "held"}
    assert "takes away what had just landed" in run["tasks"][1]["reason"]
    assert run["state"] == "needs-you"
    assert show(shop, tip(run), "list.txt").splitlines()[4] == "line 5 one"
    warned = run_json(shop, plan, "--on-revert", "warn")
    assert show(shop, tip(warned), "list.txt").splitlines()[4] == "line 5 copied"


def test_into_moves_a_branch_forward(shop: Path, tmp_path: Path) -> None:
    git(shop, "branch", "release")
    run = run_json(shop, write_plan(tmp_path / "plan.json", CONFLICT), "--into", "release")
    assert git(shop, "rev-parse", "release") == git(shop, "rev-parse", tip(run))
    assert git(shop, "status", "--porcelain") == ""


def test_into_a_clean_checkout_moves_it_and_a_dirty_one_stays(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"more": "echo more >> README.md"})
    run_json(shop, plan, "--into", "main")
    assert (shop / "README.md").read_text() == "# A repository\nmore\n"
    assert git(shop, "status", "--porcelain") == ""
    (shop / "list.txt").write_text("mine\n", encoding="utf-8")
    at = git(shop, "rev-parse", "main")
    done = gitpar("run", plan, "--into", "main", cwd=shop)
    assert "`main` was not moved: it is checked out with uncommitted changes" in done.stdout + done.stderr
    assert "merge --ff-only" in done.stdout + done.stderr
    assert git(shop, "rev-parse", "main") == at
    assert (shop / "list.txt").read_text() == "mine\n"


def test_somebody_who_moves_a_level_branch_is_not_overwritten(shop: Path, tmp_path: Path) -> None:
    meddle = (
        'git update-ref "refs/heads/gitpar/$GITPAR_RUN/level/1" "$(git commit-tree -m other HEAD^{tree})"'
    )
    run = run_json(shop, write_plan(tmp_path / "plan.json", {"a": f"echo a > a; {meddle}"}), status=1)
    assert run["state"] == "needs-you"
    assert git(shop, "log", "-1", "--format=%s", tip(run)) == "other"


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ({}, "no task"),
        ({"a": {"command": "true", "depends_on": ["a"]}}, "depends on itself"),
        ({"a": {"command": "true", "depends_on": ["b"]}}, "`b`, which is not in the plan"),
        (
            {"a": {"command": "true", "depends_on": ["b"]}, "b": {"command": "true", "depends_on": ["a"]}},
            "circle",
        ),
        ({"x.lock": "true"}, "ends with `.lock`"),
        ({"Docs": "true", "docs": "true"}, "only by case"),
        ({"a": {"prompt": "no command"}}, "no command and no agent"),
    ],
)
def test_a_bad_plan_starts_nothing(shop: Path, tmp_path: Path, tasks: dict[str, str], said: str) -> None:
    done = gitpar("run", write_plan(tmp_path / "plan.json", tasks), cwd=shop)
    assert done.status == 2
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert "plan.json" in done.stderr
    assert "Hint: " in done.stderr
    assert not (shop / ".git" / "gitpar").exists()
    assert git(shop, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_branch_in_the_way_is_named(shop: Path, tmp_path: Path) -> None:
    git(shop, "branch", "gitpar")
    done = gitpar("run", write_plan(tmp_path / "plan.json", CONFLICT), cwd=shop)
    assert done.status == 2
    assert "git branch -m gitpar gitpar-old" in done.stderr


def test_status_logs_and_resume_of_a_finished_run_change_nothing(shop: Path, tmp_path: Path) -> None:
    nothing = gitpar("resume", cwd=shop)
    assert nothing.status == 2
    assert "no run was ever recorded" in nothing.stderr
    run = run_json(shop, write_plan(tmp_path / "plan.json", {"a": "echo out; echo err >&2; echo a > a"}))
    refs = git(shop, "for-each-ref")
    status = facts(gitpar("status", "--json", cwd=shop))
    again = facts(gitpar("resume", "--json", cwd=shop))
    assert status == again
    assert status == json.loads(json.dumps(run))
    assert gitpar("logs", run["run"], "a", cwd=shop).stdout == "out\nerr\n"
    assert git(shop, "for-each-ref") == refs


def test_hostile_ends_of_a_worktree_have_a_defined_outcome(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path / "plan.json",
        {
            "switched": "git switch -qc elsewhere; echo s > s; git add s; git commit -qm s",
            "deleted": "echo d > d; git add d; git commit -qm d; git update-ref -d $(git symbolic-ref HEAD)",
            "hidden": "echo h >> list.txt; git update-index --assume-unchanged list.txt",
            "rebasing": "git switch -q --detach; echo x > x; git add x; git commit -qm x;"
            " GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -qi HEAD^ || true",
        },
    )
    run = run_json(shop, plan, "--retries", "0", status=1)
    assert states(run) == {
        "switched": "landed",
        "deleted": "landed",
        "hidden": "landed",
        "rebasing": "failed",
    }
    assert set(git(shop, "ls-tree", "--name-only", tip(run)).split()) == {"README.md", "list.txt", "s", "d"}
    assert show(shop, tip(run), "list.txt").endswith("\nh")
    assert "rebase" in run["tasks"][3]["reason"]


def test_what_is_deleted_behind_is_deleted_by_clean_at_the_latest(shop: Path, tmp_path: Path) -> None:
    """The machine may be switched off before the process that deletes it has come to an end."""
    run = run_json(shop, write_plan(tmp_path / "plan.json", {"one": edit(5, "one")}))
    own = shop / ".git" / "gitpar" / "runs" / run["run"]
    assert not (own / "git").exists()
    left = (
        shop.with_name(f"{shop.name}.worktrees") / run["run"] / ".trash-by-a-kill" / "git" / "objects" / "00"
    )
    left.mkdir(parents=True)
    (left / "1").touch(mode=0o444)
    left.chmod(0o555)
    assert gitpar("clean", cwd=shop).status == 0
    assert left_behind(shop) == []
    assert own.exists()
    assert gitpar("clean", "--purge", "--yes", cwd=shop).status == 0
    assert not own.exists()


def test_nothing_vanishes_in_a_repository_that_is_copied_right_after_a_run(
    shop: Path, tmp_path: Path
) -> None:
    run_json(shop, write_plan(tmp_path / "plan.json", {f"t{n}": edit(3 * n, f"t{n}") for n in range(1, 5)}))
    before = sorted((shop / ".git").rglob("*"))
    await_removal(shop)
    assert sorted((shop / ".git").rglob("*")) == before


def test_a_branch_that_is_locked_is_not_moved_and_what_is_typed_then_moves_it(
    shop: Path, tmp_path: Path
) -> None:
    git(shop, "branch", "release")
    lock = shop / ".git" / "refs" / "heads" / "release.lock"
    lock.touch()
    plan = write_plan(tmp_path / "plan.json", {"one": edit(5, "one")})
    done = gitpar("run", plan, "--into", "release", cwd=shop)
    [said] = [line for line in done.stderr.splitlines() if "`release` was not moved" in line]
    assert f"If no git is running there: rm {lock}; then: " in said
    lock.unlink()
    git(shop, *said.rpartition("then: git ")[2].split())
    assert show(shop, "release", "list.txt").splitlines()[4] == "line 5 one"
