"""`--barrier merged`: the next wave starts from what reviewers have merged of the one before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.driving import Driver
from tests.support.hosting import Hosting, hosting
from tests.support.sealed import git

TASKS: list[dict[str, Any]] = [
    {"id": "one", "command": "echo 1 > one"},
    {"id": "edit", "command": "echo edited >> f"},
    {"id": "two", "command": "ls > seen; echo 2 > two", "depends_on": ["one"]},
    {"id": "three", "command": "ls > seen", "depends_on": ["two"]},
]


class Review:
    """A repository with a remote, a forge before it, and a reviewer who has a clone."""

    def __init__(self, folder: Path, forge: Hosting) -> None:
        self.folder = folder
        self.forge = forge
        self.shop = folder / "shop"
        self.origin = folder / "origin.git"
        self.driver = Driver(self.shop, {**os.environ, **forge.environ()})

    def run(self, *words: str, fault: str = "") -> Any:
        return self.driver.say("run", self.folder / "plan.json", "--barrier", "merged", *words, fault=fault)

    def merged(self) -> str:
        """Where the target stands."""
        return git(self.origin, "rev-parse", "main")

    def tree(self, branch: str) -> list[str]:
        return git(self.origin, "ls-tree", "-r", "--name-only", branch).split()

    def squash(self, number: int, *, changed: str = "", without: str = "") -> None:
        """Merges a request as one commit; a reviewer changes a file before, or leaves one out."""
        pull = self.forge.pulls[number - 1]
        clone = self.folder / f"clone{number}"
        git(self.folder, "clone", "-q", str(self.origin), clone.name)
        git(clone, "merge", "-q", "--squash", f"origin/{pull.head}")
        if changed:
            (clone / changed).write_text("as the reviewer wants it\n")
        if without:
            git(clone, "rm", "-qf", without)
        git(clone, "add", "-A")
        git(clone, "commit", "-qm", f"{pull.title} (#{number})")
        self.forge.stands(pull)
        git(clone, "push", "-q", "origin", "HEAD:main")
        pull.merged, pull.state = True, "closed"


@contextmanager
def reviewed(folder: Path, kind: str = "github") -> Iterator[Review]:
    git(folder, "init", "-q", "--bare", "--initial-branch=main", "origin.git")
    git(folder, "init", "-q", "--initial-branch=main", "shop")
    (folder / "shop" / "f").write_text("".join(f"line {n}\n" for n in range(9)))
    git(folder / "shop", "add", "-A")
    git(folder / "shop", "commit", "-qm", "base")
    git(folder / "shop", "remote", "add", "origin", "../origin.git")
    git(folder / "shop", "push", "-q", "origin", "main")
    (folder / "plan.json").write_text(json.dumps({"tasks": TASKS}))
    with hosting(folder / "origin.git", kind) as forge:
        yield Review(folder, forge)
        assert forge.breaches == []


def others_work(review: Review) -> None:
    """Somebody else pushes to the target meanwhile."""
    clone = review.folder / "other"
    git(review.folder, "clone", "-q", str(review.origin), clone.name)
    (clone / "others").write_text("x\n")
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "Something else")
    git(clone, "push", "-q", "origin", "HEAD:main")


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_each_wave_starts_from_what_was_merged(tmp_path: Path, kind: str) -> None:
    with reviewed(tmp_path, kind) as review:
        said = review.run("--barrier-wait", "10ms")
        assert (said.status, said.facts["state"]) == (1, "needs-you"), str(said)
        assert said.states == {"one": "landed", "edit": "landed", "two": "pending", "three": "pending"}
        again = review.driver.say("resume")
        assert (again.status, len(review.forge.pulls)) == (1, 1), "nothing was merged yet"
        others_work(review)
        review.forge.merge_by_hand(1)
        said = review.driver.say("resume")
        assert said.states["two"] == "landed", str(said)
        assert review.tree(said.facts["levels"][1]["branch"]) == ["f", "one", "others", "seen", "two"]
        pulls = [(pull.base, pull.merged) for pull in review.forge.pulls]
        assert pulls == [("main", True), ("main", False)]
        review.squash(2)
        said = review.driver.say("resume")
        assert (said.status, said.facts["state"]) == (0, "done"), str(said)
        branches = said.facts["published"]["branches"]
        assert [each["request"]["state"] for each in branches] == ["merged", "merged", "open"]
        last = said.facts["levels"][2]["branch"]
        assert git(review.shop, "show", f"{last}:seen").split() == ["f", "one", "others", "seen", "two"]
        assert git(review.origin, "merge-base", last, "main") == git(review.origin, "rev-parse", "main")
        checked = review.driver.say("verify", said.facts["run"])
        assert checked.status == 0, json.dumps(checked.facts, indent=1)


def test_a_run_that_waits_goes_on_by_itself(tmp_path: Path) -> None:
    with reviewed(tmp_path) as review:
        process = review.driver.start("run", review.folder / "plan.json", "--barrier", "merged", "--json")
        for number in (1, 2):
            until(lambda n=number: len(review.forge.pulls) == n)
            review.forge.merge_by_hand(number)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert json.loads(out)["state"] == "done"
        assert b"wave 1 has landed, and the next one starts when request 1" in err
        assert len(review.forge.pulls) == 3


def until(met: Any) -> None:
    end = time.monotonic() + 60
    while not met():
        assert time.monotonic() < end, "it did not happen within a minute"
        time.sleep(0.05)


def test_ctrl_c_ends_the_waiting_only(tmp_path: Path) -> None:
    with reviewed(tmp_path) as review:
        process = review.driver.start("run", review.folder / "plan.json", "--barrier", "merged", "--json")
        until(lambda: sum(each.method == "GET" for each in review.forge.exchanges) > 2 and review.forge.pulls)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        facts = json.loads(out)
        assert (facts["state"], facts["tasks"][2]["state"]) == ("needs-you", "pending")
        review.forge.merge_by_hand(1)
        assert review.driver.say("resume", "--barrier", "landed").facts["state"] == "done"


@pytest.mark.parametrize(
    ("edit", "path"), [({"changed": "f"}, "f"), ({"without": "one"}, "one")], ids=["changed", "left-out"]
)
def test_what_a_reviewer_changed_is_told_where_it_cannot_be_proved(
    tmp_path: Path, edit: dict[str, str], path: str
) -> None:
    with reviewed(tmp_path) as review:
        review.run("--barrier-wait", "10ms")
        review.squash(1, **edit)
        said = review.driver.say("resume")
        assert said.status == 1
        there, landed = review.merged()[:12], said.facts["levels"][0]["commit"][:12]
        go_on = f"gitpar resume {said.facts['run']} --barrier landed"
        lacking = f"does not hold what landed in wave 1: `{path}`"
        assert said.stderr.splitlines()[-3:] == [
            f"Error: request 1 was merged, but `main` at {there} {lacking}",
            f"Hint: See what differs: git diff {there} {landed}",
            f"Hint: To start the next wave from the level's own branch: {go_on}",
        ]
        done = review.driver.say("resume", "--barrier", "landed")
        assert (done.status, done.facts["state"]) == (0, "done"), str(done)


def test_a_request_that_was_closed_is_told(tmp_path: Path) -> None:
    with reviewed(tmp_path) as review:
        review.run("--barrier-wait", "10ms")
        review.forge.close(1)
        said = review.driver.say("resume")
        assert said.status == 1
        assert "request 1 from" in said.stderr
        assert "was closed, so wave 1 is not merged; nothing was started" in said.stderr


@pytest.mark.parametrize("step", ["level.create", "landing.moved", "request.written"])
def test_killed_anywhere_after_the_merge_it_goes_on(tmp_path: Path, step: str) -> None:
    with reviewed(tmp_path) as review:
        review.run("--barrier-wait", "10ms")
        review.forge.merge_by_hand(1)
        assert review.driver.say("resume", fault=f"{step}:1:kill").status == -signal.SIGKILL
        said = review.driver.say("resume")
        assert said.states["two"] == "landed", str(said)
        assert [(pull.base, pull.merged) for pull in review.forge.pulls] == [("main", True), ("main", False)]
        start = git(review.shop, "merge-base", said.facts["levels"][1]["branch"], f"{review.merged()}")
        assert start == review.merged()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--into", "main"), "`--barrier merged` and `--into` do not go together"),
        (("--publish", "pr-per-task"), "`--barrier merged` and `--publish pr-per-task` do not go together"),
        (("--schedule", "dag"), "`--barrier merged` and `--schedule dag` do not go together"),
    ],
)
def test_what_forbids_it_is_said_before_anything_starts(
    tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    with reviewed(tmp_path) as review:
        said = review.run(*words)
        assert (said.status, said.stderr.splitlines()[0]) == (2, f"Error: {message}")
        plain = review.driver.say("run", review.folder / "plan.json")
        refused = review.driver.say("resume", plain.facts["run"], "--barrier", "landed")
        assert refused.stderr.startswith("Error: `--barrier landed`: the run waits for no merge")
        subprocess.run(["git", "fsck", "--no-dangling"], cwd=review.shop, check=True, capture_output=True)
