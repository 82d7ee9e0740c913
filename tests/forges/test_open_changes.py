"""Open requests asked from a forge: a double on the loopback address with a real repository behind it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gitpar.core.forges import ForgeKind, OpenChange
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.forges.address import ForgeAddress
from gitpar.forges.at import forge_at
from gitpar.forges.rest import Patience
from gitpar.wiring.forge_address import forge_address
from tests.support.checking import Checks, shop
from tests.support.forge import Double, forge
from tests.support.repo import Repo
from tests.support.sealed import git

NAMES = ("same", "far", "uses")
QUICK = Patience(tries=3, first_pause_s=0.001)


def open_changes(address: ForgeAddress, target: str) -> Sequence[OpenChange]:
    return forge_at(address, QUICK).listed(target)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return shop(monkeypatch, tmp_path / "shop")


@pytest.fixture
def double(repo: Repo, tmp_path: Path) -> Iterator[Double]:
    """A bare repository with three open requests and `mine` itself, number 9."""
    bare = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    pushed = [f"{name}:refs/pull/{n}/head" for n, name in enumerate(NAMES, start=1)]
    pushed += [f"{name}:refs/merge-requests/{n}/head" for n, name in enumerate(NAMES, start=1)]
    repo.git("push", "-q", str(bare), "main", "mine", "mine:refs/pull/9/head", *pushed)
    with forge(bare) as made:
        yield made


@pytest.fixture
def clone(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What CI checks out: all branches, and of the open requests nothing."""
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-local", "--branch", "mine", str(double.bare), str(folder))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": double.api,
        "GITHUB_REPOSITORY": "ada/shop",
        "GITHUB_BASE_REF": "main",
        "GITHUB_REF": "refs/pull/9/merge",
        "GITHUB_TOKEN": double.token,
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def address(double: Double, kind: ForgeKind) -> ForgeAddress:
    permit = ("Authorization", "Bearer secret") if kind is ForgeKind.GITHUB else ("PRIVATE-TOKEN", "secret")
    return ForgeAddress(kind, double.api, "ada/shop", permit, "TOKEN")


def test_all_pages_are_read(double: Double) -> None:
    found = open_changes(address(double, ForgeKind.GITHUB), "main")
    assert [(each.name, each.ref) for each in found] == [
        *((f"#{n} topic-{n}", f"refs/pull/{n}/head") for n in (1, 2, 3, 9)),
    ]
    assert len(double.asked) == 2
    found = open_changes(address(double, ForgeKind.GITLAB), "main")
    assert [each.name for each in found] == ["!1 topic-1", "!2 topic-2", "!3 topic-3"]
    assert [each.commit for each in found] == [item["sha"] for item in double.requests("gitlab")]


def test_a_forge_that_stumbles_is_asked_again(double: Double) -> None:
    double.fails = [502, 503]
    assert len(open_changes(address(double, ForgeKind.GITHUB), "main")) == 4


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ([404], "404 Not Found"),
        ([403], "403 Forbidden"),
        ([500, 500, 500], "500 Internal Server Error"),
        ([302], "302 Found"),
    ],
)
def test_a_forge_that_says_no(double: Double, fails: list[int], said: str) -> None:
    double.fails = fails
    with pytest.raises(EnvironmentFault, match=said) as caught:
        open_changes(address(double, ForgeKind.GITHUB), "main")
    assert caught.value.hints
    assert double.token not in str(caught.value) + "".join(caught.value.hints)


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"[1]", b'[{"number": 1}]'])
def test_an_answer_that_is_no_list(double: Double, body: bytes) -> None:
    double.body = body
    with pytest.raises(EnvironmentFault, match="no list of requests"):
        open_changes(address(double, ForgeKind.GITHUB), "main")


def test_the_token_goes_nowhere_else(double: Double, tmp_path: Path) -> None:
    with forge(tmp_path) as other:
        double.next_page = f"{other.api}/repos/ada/shop/pulls?page=2"
        with pytest.raises(EnvironmentFault, match="another host"):
            open_changes(address(double, ForgeKind.GITHUB), "main")
        assert other.asked == []


def test_nobody_there(double: Double) -> None:
    gone = ForgeAddress(ForgeKind.GITHUB, "http://127.0.0.1:9", "ada/shop")
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        open_changes(gone, "main")
    with pytest.raises(EnvironmentFault, match="401") as caught:
        open_changes(ForgeAddress(ForgeKind.GITHUB, double.api, "ada/shop"), "main")
    assert caught.value.hints[0].startswith("No token was given; set GITHUB_TOKEN")


@pytest.mark.parametrize(
    ("kind", "environ", "url", "expected"),
    [
        ("auto", {}, "git@github.com:ada/shop.git", ("github", "https://api.github.com", "ada/shop")),
        (
            "auto",
            {},
            "https://x:y@github.acme.org/ada/shop",
            ("github", "https://github.acme.org/api/v3", "ada/shop"),
        ),
        ("auto", {}, "ssh://git@gitlab.com:22/a/b/c.git", ("gitlab", "https://gitlab.com/api/v4", "a/b/c")),
        ("gitlab", {}, "git@git.acme.org:a/b.git", ("gitlab", "https://git.acme.org/api/v4", "a/b")),
        ("gitea", {}, "git@git.acme.org:a/b.git", ("gitea", "https://git.acme.org/api/v1", "a/b")),
        ("auto", {}, "https://codeberg.org/a/b", ("gitea", "https://codeberg.org/api/v1", "a/b")),
        (
            "auto",
            {
                "GITHUB_ACTIONS": "true",
                "GITEA_ACTIONS": "true",
                "GITHUB_API_URL": "https://git.acme.org/api/v1",
                "GITHUB_REPOSITORY": "a/c",
            },
            "https://git.acme.org/a/b",
            ("gitea", "https://git.acme.org/api/v1", "a/c"),
        ),
        (
            "auto",
            {"GITLAB_CI": "true", "CI_API_V4_URL": "https://x/api/v4/", "CI_PROJECT_ID": "7"},
            "/some/folder",
            ("gitlab", "https://x/api/v4", "7"),
        ),
    ],
)
def test_where_the_forge_is(
    kind: str, environ: dict[str, str], url: str, expected: tuple[str, str, str]
) -> None:
    found = forge_address(kind, environ, url)
    assert (found.kind.value, found.api, found.repository) == expected


def test_a_gh_that_is_logged_in_gives_its_token(tmp_path: Path) -> None:
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\n[ "$*" = "auth token --hostname github.acme.org" ] && echo of-gh\n')
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    found = forge_address("auto", environ, "git@github.acme.org:a/b.git")
    assert (found.permit, found.token_from) == (("Authorization", "Bearer of-gh"), "`gh auth token`")
    assert forge_address("auto", environ, "git@github.com:a/b.git").permit is None
    assert forge_address("auto", {**environ, "GH_TOKEN": "x"}, "git@github.com:a/b").token_from == "GH_TOKEN"


def test_a_forge_nobody_knows() -> None:
    with pytest.raises(UsageError, match="which kind of forge `git"):
        forge_address("auto", {}, "https://git.acme.org/a/b")
    with pytest.raises(UsageError, match="which repository"):
        forge_address("github", {}, "")


def test_open_requests_are_fetched_only_where_that_is_asked_for(
    clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    check = Checks(capfd, clone)
    status, out, err = check("--forge")
    assert (status, out) == (3, "")
    assert (
        err.splitlines()
        == [
            "Error: the commits of 3 open requests are not here, #1 topic-1 among them",
            "Hint: Fetch them: git fetch origin refs/pull/1/head refs/pull/2/head refs/pull/3/head",
            "Hint: Or let gitpar do that: --fetch",
            "Hint: In the workflow: `fetch-depth: 0` below `with:` of actions/checkout",
        ][:3]
    )
    before = git(clone, "for-each-ref")
    status, out, err = check("--forge", "--fetch", "--fail-on", "any")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "`HEAD` merges into `origin/main` and conflicts with `#1 topic-1`",
        "  conflict  `#1 topic-1`: `f` line 5 (content)",
        "  file      `origin/main`: `f` line 5",
        "  file      `#2 topic-2`: `f` line 5",
        "failed: 1 finding of --fail-on any",
    ]
    assert git(clone, "for-each-ref") == before
    assert not (clone / ".git" / "FETCH_HEAD").exists()


def test_what_git_says_by_hand_is_enough(clone: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(clone, "fetch", "-q", "origin", "refs/pull/1/head", "refs/pull/2/head", "refs/pull/3/head")
    assert Checks(capfd, clone)("--forge")[0] == 0
