"""Mergers of the user's choice, and what was settled before: what they make of conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.core.names import RunId
from gitpar.core.settlement import Settlement
from gitpar.git.analysis import GitRepository
from gitpar.ports import Landing, Refusal
from gitpar.settling_port import Drivers
from tests.support.repo import Repo, lines
from tests.support.settling import paths, proved, scene, settle, settled


@pytest.fixture
def repository(repo: Repo) -> Iterator[GitRepository]:
    opened = GitRepository(repo.place, RunId("r1"), never_merged=("lock.json",))
    yield opened
    opened.close()


# --- an external merger ------------------------------------------------------------------

MERGER = r"""#!/bin/sh
# $1 base, $2 ours, $3 theirs, $4 path: joins the changed line 5 of both, as a structured merger might
[ "$4" = f.txt ] || exit 1
mine=$(sed -n 5p "$3")
sed "5s/\$/ + $mine/" "$2" > "$2.new" && mv "$2.new" "$2"
"""


def merger(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str = MERGER) -> Drivers:
    """Puts a program on PATH and allows it."""
    folder.mkdir()
    (folder / "tinymerge").write_text(text, encoding="utf-8")
    (folder / "tinymerge").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return Drivers(external="tinymerge %O %A %B %P", timeout_s=2.0)


def both_on_line_5(repo: Repo) -> Landing:
    return scene(repo, {}, {"f.txt": lines((5, "ours"))}, {"f.txt": lines((5, "theirs"), (12, "more"))})


def test_a_merger_that_is_allowed_settles_what_it_can(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drivers = merger(tmp_path / "bin", monkeypatch)
    repository = GitRepository(repo.place, RunId("r1"))
    proof = proved(repository, both_on_line_5(repo), drivers)
    repository.close()
    assert repo.git("show", f"{proof.commit}:f.txt").splitlines()[4] == "ours + theirs"
    assert paths(proof) == [("f.txt", "external")]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("#!/bin/sh\nexit 1\n", ""),
        ("#!/bin/sh\nsleep 60\n", "no end within 2 s"),
        ("#!/bin/sh\necho '<<<<<<< x' >> $2\n", "still has conflict markers after the merger"),
    ],
)
def test_a_merger_that_fails_settles_nothing(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, note: str
) -> None:
    drivers = merger(tmp_path / "bin", monkeypatch, text)
    repository = GitRepository(repo.place, RunId("r1"))
    found = settle(repository, both_on_line_5(repo), drivers)
    repository.close()
    assert isinstance(found.outcome, Refusal)
    assert note in " ".join(found.notes)


def test_a_merger_that_is_not_there_is_named_and_skipped(repo: Repo, repository: GitRepository) -> None:
    found = settle(repository, both_on_line_5(repo), Drivers(external="mergiraf-is-not-here %A"))
    assert isinstance(found.outcome, Refusal)
    assert found.notes == ("`mergiraf-is-not-here` is not there, so it merges nothing",)


def test_a_merger_that_takes_others_work_back_is_refused(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drivers = merger(tmp_path / "bin", monkeypatch, '#!/bin/sh\ncat "$3" > "$2"\n')
    repository = GitRepository(repo.place, RunId("r1"))
    wanted = both_on_line_5(repo)
    found = repository.prove(replace(wanted, settlement=settled(repository, wanted, drivers)))
    repository.close()
    assert isinstance(found, Refusal)
    assert found.reason == "it takes away what had landed: f.txt:5"


# --- what was settled before -------------------------------------------------------------


def test_what_an_agent_settled_once_is_settled_so_again_on_another_tip(
    repo: Repo, repository: GitRepository
) -> None:
    wanted = both_on_line_5(repo)
    laid = settle(repository, wanted, Drivers(), leave=True).outcome
    assert isinstance(laid, Settlement)
    repaired = repo.branch(laid.commit, "repaired", {"f.txt": lines((5, "ours, theirs"), (12, "more"))})
    taken = repository.settling().take(wanted, laid, repaired)
    assert isinstance(taken.outcome, Settlement)
    moved = replace(wanted, tip=repo.branch(wanted.tip, "another landing", {"new.txt": "n\n"}))
    assert isinstance(settle(repository, moved, Drivers(rerere=False)).outcome, Refusal)
    proof = proved(repository, moved, Drivers())
    assert repo.git("show", f"{proof.commit}:f.txt").splitlines()[4] == "ours, theirs"
    assert paths(proof) == [("f.txt", "rerere")]
    other = scene(repo, {}, {"f.txt": lines((5, "ours!"))}, {"f.txt": lines((5, "theirs"), (12, "more"))})
    assert isinstance(settle(repository, other, Drivers()).outcome, Refusal), "another version of one side"


def test_a_repair_that_was_refused_is_not_remembered(repo: Repo, repository: GitRepository) -> None:
    wanted = both_on_line_5(repo)
    laid = settle(repository, wanted, Drivers(), leave=True).outcome
    assert isinstance(laid, Settlement)
    worse = repo.branch(laid.commit, "takes it back", {"f.txt": lines((5, "theirs"), (12, "more"))})
    assert isinstance(repository.settling().take(wanted, laid, worse).outcome, Refusal)
    assert isinstance(settle(repository, wanted, Drivers()).outcome, Refusal)
