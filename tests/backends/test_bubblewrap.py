"""The arguments that bubblewrap gets: checked without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.backends.bubblewrap import Bounds, command, prepare
from gitpar.core.names import RefName


@pytest.fixture
def bounds(tmp_path: Path, home: Path) -> Bounds:
    common = tmp_path / "repo/.git"
    for folder in (
        common / "objects/pack",
        tmp_path / "work",
        common / "worktrees/1",
        home / ".ssh",
        home / ".aws",
    ):
        folder.mkdir(parents=True)
    (home / ".netrc").write_text("secret")
    return Bounds(
        worktree=tmp_path / "work",
        admin=common / "worktrees/1",
        common=common,
        branch=RefName("refs/heads/gitpar/r1/task/a/1"),
        attempt=common / "gitpar/runs/r1/attempts/a/1",
        home=home,
        shown=(tmp_path / "repo",),
        writable=(home / ".claude",),
        read_only=(home / ".claude/settings.json",),
        named=(home / ".aws/config",),
    )


def binds(words: tuple[str, ...], option: str) -> list[str]:
    """What an option names, in order."""
    return [words[at + 1] for at, word in enumerate(words) if word.startswith(option)]


def test_only_what_a_commit_needs_is_writable(bounds: Bounds) -> None:
    words = command(bounds)
    common = bounds.common
    assert binds(words, "--bind") == list(
        map(
            str,
            (
                bounds.worktree,
                common / "objects",
                common / "worktrees/1",
                common / "refs/heads/gitpar/r1/task/a",
                common / "logs/refs/heads/gitpar/r1/task/a",
                bounds.attempt,
                common / "lfs",
                bounds.home / ".claude",
            ),
        )
    )
    read_only = binds(words, "--ro-bind")
    assert read_only[0] == "/"
    assert read_only[-3:] == [
        str(common / "objects/info"),
        str(common / "objects/pack"),
        str(bounds.home / ".claude/settings.json"),
    ]
    assert words[-3:] == ("--chdir", str(bounds.worktree), "--")


def test_secrets_are_hidden_but_for_those_that_are_named(bounds: Bounds) -> None:
    words = command(bounds)
    hidden = binds(words, "--tmpfs")
    assert str(bounds.home / ".ssh") in hidden
    assert str(bounds.home / ".aws") in hidden
    at = words.index(str(bounds.home / ".netrc"))
    assert words[at - 2 : at] == ("--ro-bind", "/dev/null")
    after = words[words.index(str(bounds.home / ".aws")) :]
    assert ("--ro-bind-try", *[str(bounds.home / ".aws/config")] * 2) == after[1:4]
    assert str(bounds.home / ".gnupg") not in words  # it is not there


def test_what_lies_in_a_hidden_place_is_seen_again_before_anything_is_writable(bounds: Bounds) -> None:
    place = Path("/var/tmp/place")
    repository = place / "repo"
    hidden = replace(
        bounds,
        worktree=place / "work",
        common=repository / ".git",
        admin=repository / ".git/worktrees/1",
        shown=(repository,),
        home=place / "home",
    )
    words = command(hidden)
    seen = binds(words, "--ro-bind-try")
    assert {str(hidden.home), str(hidden.common), str(repository)} <= set(seen)
    assert words.index(str(hidden.home)) < words.index(str(hidden.worktree))


@pytest.mark.parametrize("network", [True, False])
def test_the_network_and_the_rights_of_root(bounds: Bounds, *, network: bool) -> None:
    words = command(
        Bounds(
            worktree=bounds.worktree,
            admin=bounds.admin,
            common=bounds.common,
            branch=bounds.branch,
            attempt=bounds.attempt,
            home=bounds.home,
            network=network,
        )
    )
    assert ("--unshare-net" in words) is not network
    assert words[words.index("--cap-drop") + 1] == "ALL"
    assert {"--unshare-pid", "--die-with-parent"} <= set(words)


def test_the_folders_of_the_branch_are_made(bounds: Bounds) -> None:
    prepare(bounds)
    assert (bounds.common / "refs/heads/gitpar/r1/task/a").is_dir()
    assert (bounds.common / "logs/refs/heads/gitpar/r1/task/a").is_dir()
