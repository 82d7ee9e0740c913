"""A run over several repositories: published, with requests that name each other; undone; cleaned."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.hosting import Hosting, hosting
from tests.support.plans import Facts, facts, run_json, states
from tests.support.sealed import git
from tests.support.sister_repos import Workshop, by_repo, levels


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    found = Workshop(tmp_path, "api", "web", "idle")
    found.write(
        found.task("a1"),
        found.task("w1", repo="../web"),
        found.task("w2", "a1", repo="../web"),
        found.task("i", repo="../idle", command="true"),
    )
    return found


class Forges:
    """A forge before each of two repositories: GitHub and GitLab."""

    def __init__(self, shop: Workshop, api: Hosting, web: Hosting) -> None:
        self.shop = shop
        self.api = api
        self.web = web

    def bodies(self) -> dict[str, str]:
        """The part of each open request that is about other repositories, by its head."""
        found = {}
        for name, forge in (("api", self.api), ("web", self.web)):
            for pull in forge.pulls:
                _, begin, rest = pull.body.partition("**Other repositories**\n\n")
                found[f"{name} {pull.head.rpartition('/')[2]}"] = rest.partition("\n\n")[0] if begin else ""
        return found


@pytest.fixture
def forges(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forges]:
    for name in shop.names:
        git(shop.folder, "init", "-q", "--bare", "--initial-branch=main", f"{name}.git")
        git(shop[name], "remote", "add", "origin", f"../{name}.git")
        git(shop[name], "push", "-q", "origin", "main")
    (shop["web"] / "gitpar.toml").write_text('forge = "gitlab"\n', encoding="utf-8")
    with (
        hosting(shop.folder / "api.git", "github") as api,
        hosting(shop.folder / "web.git", "gitlab") as web,
    ):
        for name, value in {**web.environ(), **api.environ()}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GITLAB_CI")
        yield Forges(shop, api, web)
        assert (api.breaches, web.breaches) == ([], [])


def expected(run: Facts) -> dict[str, str]:
    """What every request has to say of the others."""
    found = by_repo(run)
    url = {
        name: [each["request"]["url"] for each in found[name]["published"]["branches"]]
        for name in ("api", "web")
    }
    return {
        "api 1": f"- `web`, wave 1: {url['web'][0]}\n- `web`, wave 2, comes after: {url['web'][1]}",
        "web 1": f"- `api`, wave 1: {url['api'][0]}",
        "web 2": f"- `api`, wave 1, comes first: {url['api'][0]}",
    }


def test_a_run_publishes_to_each_forge_and_its_requests_name_each_other(
    shop: Workshop, forges: Forges
) -> None:
    shown = run_json(shop["api"], shop.plan, "--publish", "pr-per-level")
    assert shown["state"] == "done"
    run = shown["run"]
    assert [(pull.head, pull.base) for pull in forges.api.pulls] == [(f"gitpar/{run}/level/1", "main")]
    assert [(pull.head, pull.base) for pull in forges.web.pulls] == [
        (f"gitpar/{run}/level/1", "main"),
        (f"gitpar/{run}/level/2", f"gitpar/{run}/level/1"),
    ]
    assert forges.bodies() == expected(shown)
    found = {name: one["published"] for name, one in by_repo(shown).items()}
    assert [len(found[name]["branches"]) for name in ("api", "web")] == [1, 2]
    assert found["idle"] is None
    wrote = [len([e for e in forge.exchanges if e.method != "GET"]) for forge in (forges.api, forges.web)]
    # from another of the repositories, and nothing is to be done
    again = gitpar("publish", run, cwd=shop["web"])
    assert again.status == 0, again.stderr
    assert again.stdout.count("is open") == 3
    assert [
        len([e for e in forge.exchanges if e.method != "GET"]) for forge in (forges.api, forges.web)
    ] == wrote


@pytest.mark.parametrize("step", ["request.write:3", "request.written:4"])
def test_killed_while_publishing_every_request_is_there_once_and_names_the_others(
    shop: Workshop, forges: Forges, step: str
) -> None:
    killed = gitpar(
        "run", shop.plan, "--publish", "pr-per-level", cwd=shop["api"], env={"GITPAR_FAULT": f"{step}:kill"}
    )
    assert killed.status == -signal.SIGKILL
    run = facts(gitpar("resume", "--json", cwd=shop["api"]))
    assert run["state"] == "done"
    assert (len(forges.api.pulls), len(forges.web.pulls)) == (1, 2)
    assert forges.bodies() == expected(run)


def test_a_dry_run_says_what_each_repository_would_get(shop: Workshop, forges: Forges) -> None:
    run_json(shop["api"], shop.plan)
    shown = gitpar("publish", "--as", "pr-per-level", "--dry-run", cwd=shop["api"])
    assert (shown.status, forges.api.pulls, forges.web.pulls) == (0, [], [])
    assert [line.split()[:2] for line in shown.stdout.splitlines()] == [
        ["api:", "push"],
        ["api:", "open"],
        ["web:", "push"],
        ["web:", "push"],
        ["web:", "open"],
        ["web:", "open"],
    ]
    told = json.loads(gitpar("publish", "--as", "branch", "--dry-run", "--json", cwd=shop["api"]).stdout)
    assert [one["name"] for one in told["repositories"]] == ["api", "web"]


@pytest.mark.usefixtures("forges")
def test_a_repository_without_a_remote_stops_publishing_before_anything_is_pushed(shop: Workshop) -> None:
    run_json(shop["api"], shop.plan)
    git(shop["web"], "remote", "remove", "origin")
    done = gitpar("publish", "--as", "pr-per-level", cwd=shop["api"])
    assert done.status == 2
    assert git(shop.folder / "api.git", "for-each-ref", "refs/heads/gitpar") == ""


def test_a_run_is_undone_and_brought_back_in_all_repositories(shop: Workshop) -> None:
    for name in shop.names:
        git(shop[name], "branch", "release")
    run = run_json(shop["api"], shop.plan, "--into", "release")["run"]
    after = {name: git(shop[name], "for-each-ref", "refs/heads") for name in shop.names}
    assert shop.files("web", "release") == {"w1.txt", "w2.txt"}
    done = gitpar("undo", cwd=shop["web"])
    assert (done.status, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if not line.startswith(" ")] == [
        "api:",
        f"{run} was undone: 4 refs put back",
        "web:",
        f"{run} was undone: 5 refs put back",
        "idle:",
        f"{run} was undone: 3 refs put back",
        f"To take that back: gitpar undo {run}.1",
    ]
    for name in shop.names:
        assert levels(shop[name]) == {}
        assert shop.files(name, "release") == set()
    assert gitpar("resume", cwd=shop["api"]).status == 2
    assert gitpar("undo", run, cwd=shop["api"]).status == 2
    # one that was interrupted before it came to all is finished by the same words
    assert gitpar("undo", f"{run}.1", cwd=shop["api"]).status == 0
    assert {name: git(shop[name], "for-each-ref", "refs/heads") for name in shop.names} == after
    killed = gitpar("undo", run, cwd=shop["api"], env={"GITPAR_FAULT": "undo.moved:2:kill"})
    assert killed.status == -signal.SIGKILL
    assert levels(shop["idle"]) != {}
    assert gitpar("undo", run, cwd=shop["api"]).status == 0
    assert [levels(shop[name]) for name in shop.names] == [{}, {}, {}]


def test_a_run_is_cleaned_and_purged_in_all_repositories(shop: Workshop) -> None:
    run = run_json(shop["api"], shop.plan)["run"]
    done = facts(gitpar("clean", "--json", cwd=shop["web"]))
    for name, tasks in {"api": ("a1",), "web": ("w1", "w2")}.items():
        for task in tasks:
            assert f"{name}: branch gitpar/{run}/task/{task}/1" in done["removed"]
        assert git(shop[name], "for-each-ref", "refs/heads/gitpar/*/task") == ""
        assert levels(shop[name]).keys() == {"1", "2"}
    assert gitpar("clean", "--purge", "--yes", cwd=shop["api"]).status == 0
    for name in shop.names:
        assert git(shop[name], "for-each-ref", "refs/heads/gitpar", "refs/gitpar") == ""
        assert gitpar("status", cwd=shop[name]).status == 2


def test_what_began_halfway_can_be_forgotten(shop: Workshop) -> None:
    """Killed when one repository had its run, and the one that it was started in not yet."""
    killed = gitpar("run", shop.plan, cwd=shop["api"], env={"GITPAR_FAULT": "journal.appended:1:kill"})
    assert killed.status == -signal.SIGKILL
    assert gitpar("status", cwd=shop["api"]).status == 2
    begun = next(name for name in ("web", "idle") if gitpar("status", cwd=shop[name]).status == 3)
    assert "clean" in gitpar("resume", cwd=shop[begun]).stderr
    assert gitpar("clean", "--purge", "--yes", cwd=shop[begun]).status == 0
    assert gitpar("status", cwd=shop[begun]).status == 2
    assert set(states(run_json(shop["api"], shop.plan)).values()) == {"landed"}
