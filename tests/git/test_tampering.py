"""What is seen of changes outside the worktrees, what is put back, and what is left to its owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.git.repository import discover
from gitpar.git.tampering import Tampering, harmless
from tests.support.repo import Repo
from tests.support.sealed import git


@pytest.fixture
def repo(repo: Repo) -> Path:
    repo.commit("begin", {"README.md": "# A repository\n"})
    return repo.root


@pytest.fixture
def tampering(repo: Path, tmp_path: Path) -> Tampering:
    (repo / "untracked.txt").write_text("mine\n", encoding="utf-8")
    return Tampering(discover(repo), "gitpar", tmp_path / "kept")


def test_nothing_is_said_where_nothing_changed(repo: Path, tampering: Tampering) -> None:
    git(repo, "branch", "gitpar/r/level/1")
    git(repo, "update-ref", "refs/gitpar/keep/r/a/1", "HEAD")
    git(repo, "status")
    assert tampering.look(checkout=True) == ()


def test_what_runs_code_is_put_back_and_kept(repo: Path, tampering: Tampering, tmp_path: Path) -> None:
    before = (repo / ".git/config").read_bytes()
    git(repo, "config", "alias.co", "!evil")
    (repo / ".git/hooks").mkdir(exist_ok=True)
    (repo / ".git/hooks/post-commit").write_text("evil\n", encoding="utf-8")
    said = tampering.look(checkout=False)
    kept = tmp_path / "kept"
    assert said == (
        f"`.git/config` was changed: put back, what it was is in `{kept}/config.1`",
        f"`.git/hooks/post-commit` was made: moved to `{kept}/hooks-post-commit.1`",
    )
    assert (repo / ".git/config").read_bytes() == before
    assert b"!evil" in (kept / "config.1").read_bytes()
    assert tampering.look(checkout=True) == ()
    (repo / ".git/config").unlink()
    assert tampering.look(checkout=False) == ("`.git/config` was removed: put back",)
    assert (repo / ".git/config").read_bytes() == before


def test_another_store_of_objects_is_taken_away(repo: Path, tampering: Tampering, tmp_path: Path) -> None:
    place = repo / ".git/objects/info/alternates"
    place.parent.mkdir(exist_ok=True)
    place.write_text("/elsewhere/objects\n", encoding="utf-8")
    away = tmp_path / "kept/objects-info-alternates.1"
    assert tampering.look(checkout=False) == (f"`.git/objects/info/alternates` was made: moved to `{away}`",)
    assert not place.exists()


def test_where_the_history_is_cut_is_told_and_left(repo: Path, tampering: Tampering) -> None:
    place = repo / ".git/shallow"
    for text, verb in (("a" * 40, "made"), ("a" * 40, ""), ("b" * 40, "changed"), ("", "removed")):
        place.unlink(missing_ok=True)
        if text:
            place.write_text(f"{text}\n", encoding="utf-8")
        told = f"`.git/shallow` was {verb}, so git sees another history; it is left as it is"
        assert tampering.look(checkout=False) == ((told,) if verb else ())
        assert place.exists() == bool(text)


def test_what_cannot_be_put_back_is_told_and_stops_nothing(
    repo: Path, tampering: Tampering, tmp_path: Path
) -> None:
    (tmp_path / "kept").write_text("a file where the folder is to be\n", encoding="utf-8")
    git(repo, "config", "alias.co", "!evil")
    [said] = tampering.look(checkout=True)
    assert said.startswith("what else is outside its worktree could not be seen or put back: [Errno ")


def test_what_a_branch_follows_is_left_as_it_is(repo: Path, tampering: Tampering) -> None:
    git(repo, "config", "branch.main.remote", "origin")
    git(repo, "config", "branch.main.merge", "refs/heads/main")
    [said] = tampering.look(checkout=False)
    assert said == "`.git/config` was changed and left as it is: branch.main.merge, branch.main.remote"
    assert git(repo, "config", "branch.main.remote") == "origin"
    assert tampering.look(checkout=False) == ()


@pytest.mark.parametrize(
    ("new", "keys"),
    [
        ('[branch "a"]\n\tremote = x\n', ["branch.a.remote"]),
        ('[branch "a"]\n\tpushRemote = x\n', []),
        ("[core]\n\thooksPath = x\n", []),
        ('[branch "a"]\n\tremote = x\n[alias]\n\tx = !evil\n', []),
        ('[include]\n\tpath = x\n[branch "a"]\n\tremote = y\n', []),
    ],
)
def test_what_is_harmless(new: str, keys: list[str]) -> None:
    old = b"[core]\n\tbare = false\n"
    assert harmless(old, old + new.encode()) == keys


def test_refs_are_told_with_the_way_back(repo: Path, tampering: Tampering) -> None:
    git(repo, "branch", "other")
    assert tampering.look(checkout=False) == (
        "`refs/heads/other` was made (to remove it: git update-ref -d refs/heads/other)",
    )
    at = git(repo, "rev-parse", "other")
    git(repo, "pack-refs", "--all")
    assert tampering.look(checkout=False) == ()
    git(repo, "branch", "-D", "other")
    assert tampering.look(checkout=False) == (
        f"`refs/heads/other` was removed (to have it back: git update-ref refs/heads/other {at})",
    )


def test_files_of_the_checkout_are_named_and_left_alone(repo: Path, tampering: Tampering) -> None:
    (repo / "README.md").write_text("changed\n", encoding="utf-8")
    (repo / "new.txt").write_text("new\n", encoding="utf-8")
    said = tampering.look(checkout=True)
    assert said == ("changed in the main worktree, by it or by somebody else: `README.md`, `new.txt`",)
    assert (repo / "README.md").read_text() == "changed\n"
    assert tampering.look(checkout=True) == ()
