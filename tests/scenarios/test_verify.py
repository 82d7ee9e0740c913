"""`gitpar verify` as a user types it: over runs of gitpar's own and over what became of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar, normalised
from tests.support.plans import facts, run_json, tip, write_plan
from tests.support.sealed import git

TASKS: dict[str, str | dict[str, Any]] = {
    "one": "echo 1 > one.txt; sed -i '2s/$/ one/' list.txt",
    "two": "sed -i '9s/$/ two/' list.txt; git commit -qam 'Half'; echo 2 > two.txt",
    "three": {"command": "cat one.txt two.txt > three.txt", "depends_on": ["one", "two"]},
}


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_what_a_run_landed_is_proved_by_its_notes(shop: Path, tmp_path: Path, strategy: str) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", TASKS), "--strategy", strategy)
    done = gitpar("verify", cwd=shop)
    count = git(shop, "rev-list", "--first-parent", "--count", f"main..{tip(run)}")
    assert (done.status, done.stdout) == (
        0,
        f"run {run['run']}: {count} commits looked at: {count} proved\n",
    )
    git(shop, "update-ref", "-d", "refs/notes/gitpar")
    found = facts(gitpar("verify", run["run"], "--json", cwd=shop))
    assert found["counts"]["alarm"] == 0
    assert found["counts"]["unproved" if strategy == "merge" else "plain"] == int(count)


def test_what_became_of_a_level_is_told(shop: Path, tmp_path: Path) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", TASKS))
    level = f"refs/heads/{run['levels'][-1]['branch']}"
    landed = git(shop, "rev-parse", tip(run))
    assert git(shop, "notes", "--ref", "gitpar", "list").count("\n") == 2
    # somebody builds a commit of his own on the level, from a stale tree
    stale = git(shop, "commit-tree", "-p", landed, "-m", "Add a thing (#4)", "main^{tree}")
    git(shop, "update-ref", level, stale)
    lost = facts(gitpar("verify", "--json", cwd=shop))["commits"][0]
    assert (lost["verdict"], lost["reason"]) == ("plain", "puts back what was before, and does nothing else")
    git(shop, "update-ref", level, f"{landed}^")
    done = gitpar("verify", cwd=shop)
    assert done.status == 1
    assert normalised(done.stdout) == (
        "alarm      <commit> three\n"
        "           `three` landed here, and the last level does not contain it\n"
        "run <run>: 3 commits looked at: 1 alarm, 2 proved\n"
    )
    git(shop, "update-ref", "-d", level)
    gone = gitpar("verify", cwd=shop)
    assert gone.status == 0
    assert "is gone: what was verified is where the run left it" in gone.stdout


def test_a_forged_certificate_is_an_alarm(shop: Path, tmp_path: Path) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", TASKS), "--strategy", "squash")
    landed = git(shop, "rev-parse", tip(run))
    said = json.loads(git(shop, "notes", "--ref", "gitpar", "show", landed))
    for change, reason in (
        ({"result": said["tip"]}, "the two merge engines disagree about three.txt"),
        ({"paths": 99}, "its certificate says something else than what is there"),
        ({"commit": "1" * 40}, "its certificate is about another commit"),
        ({"attempt": 7}, "does not say that it lands attempt 7 of `three`"),
    ):
        git(shop, "notes", "--ref", "gitpar", "add", "-f", "-m", json.dumps({**said, **change}), landed)
        found = facts(gitpar("verify", "--json", cwd=shop), status=1)
        assert found["commits"][0]["verdict"] == "alarm"
        assert reason in found["commits"][0]["reason"]
    git(shop, "notes", "--ref", "gitpar", "add", "-f", "-m", json.dumps({**said, "result": "1" * 40}), landed)
    assert facts(gitpar("verify", "--json", cwd=shop))["commits"][0]["verdict"] == "unproved"


def test_a_note_that_a_crash_tore_off_is_there_after_resume(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", TASKS)
    gitpar("run", plan, cwd=shop, env={"GITPAR_FAULT": "landing.moved:2:kill"})
    git(shop, "update-ref", "refs/notes/gitpar", "refs/notes/gitpar^")
    assert gitpar("resume", cwd=shop).status == 0
    assert facts(gitpar("verify", "--json", cwd=shop))["counts"]["proved"] == 3


def test_clean_keeps_certificates_and_purge_takes_those_that_nobody_needs(shop: Path, tmp_path: Path) -> None:
    run = run_json(shop, write_plan(tmp_path / "plan.json", TASKS))
    kept = git(shop, "rev-parse", f"{tip(run)}^")
    assert gitpar("clean", cwd=shop).status == 0
    assert gitpar("verify", cwd=shop).status == 0
    git(shop, "branch", "mine", kept)
    assert gitpar("clean", "--purge", "--yes", cwd=shop).status == 0
    listed = git(shop, "notes", "--ref", "gitpar", "list").splitlines()
    assert {line.split()[1] for line in listed} == set(
        git(shop, "rev-list", "--first-parent", f"main..{kept}").split()
    )


def test_ranges_and_words_that_fit_nothing(shop: Path) -> None:
    git(shop, "switch", "-qc", "topic")
    git(shop, "commit", "-q", "--allow-empty", "-m", "topic")
    assert gitpar("verify", "main..topic", cwd=shop).stdout == (
        "main..topic: 1 commit looked at: 1 with nothing to prove\n"
    )
    assert gitpar("verify", "topic..", cwd=shop).stdout == "topic..: 0 commits looked at\n"
    assert gitpar("verify", "-n", "1", cwd=shop).stdout.startswith("HEAD: 1 commit")
    for wrong, said in (("nothing", "names no commit"), ("main...topic", "has three dots")):
        done = gitpar("verify", wrong, cwd=shop)
        assert done.status == 2
        assert said in done.stderr
