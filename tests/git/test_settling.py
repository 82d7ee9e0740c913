"""What drivers make of conflicts, what is proved of it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.core.names import CommitId, RefName, RunId
from gitpar.core.settings import Strategy
from gitpar.core.settlement import Settlement
from gitpar.core.verification import Judged, Verdict
from gitpar.git.analysis import GitRepository
from gitpar.git.comparing import workbench
from gitpar.git.notes import NOTES
from gitpar.git.refs import GitRefs
from gitpar.git.verifying import Stretch, Verification
from gitpar.ports import Refusal
from gitpar.settling_port import Drivers
from tests.support.repo import Repo, landing, lines
from tests.support.settling import LOG, Files, appended, paths, proved, scene, settle


@pytest.fixture
def repository(repo: Repo) -> Iterator[GitRepository]:
    opened = GitRepository(repo.place, RunId("r1"), never_merged=("lock.json",))
    yield opened
    opened.close()


@pytest.mark.parametrize("strategy", list(Strategy))
def test_both_additions_are_kept_in_a_file_that_is_added_to(
    repo: Repo, repository: GitRepository, strategy: Strategy
) -> None:
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG},
        {"CHANGELOG.md": appended("ours"), "f.txt": lines((2, "before"))},
        {"CHANGELOG.md": appended("theirs"), "f.txt": lines((9, "work"))},
        strategy,
    )
    proof = proved(repository, wanted)
    assert repo.git("show", f"{proof.commit}:CHANGELOG.md") == appended("ours", "theirs").rstrip("\n")
    assert repo.git("show", f"{proof.commit}:f.txt") == lines((2, "before"), (9, "work")).rstrip("\n")
    assert paths(proof) == [("CHANGELOG.md", "union")]
    assert repo.git("show", "-s", "--format=%B", proof.commit).endswith(
        "Gitpar-Run: r1\nGitpar-Task: api\nGitpar-Attempt: 2\nGitpar-Settled: union CHANGELOG.md\n"
    )
    parents = repo.git("show", "-s", "--format=%P", proof.commit).split()
    assert parents == [wanted.tip, wanted.result][: 2 if strategy is Strategy.MERGE else 1]
    facts = json.loads(proof.certificate)
    assert facts["settled"] == [{"path": "CHANGELOG.md", "policy": "union", "gate": ""}]


def test_all_strategies_give_one_tree(repo: Repo, repository: GitRepository) -> None:
    wanted = scene(
        repo, {"CHANGELOG.md": LOG}, {"CHANGELOG.md": appended("o")}, {"CHANGELOG.md": appended("t")}
    )
    trees = {proved(repository, replace(wanted, strategy=one)).tree for one in Strategy}
    assert len(trees) == 1


def test_what_is_not_declared_is_not_settled(repo: Repo, repository: GitRepository) -> None:
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG, "NEWS": LOG},
        {"CHANGELOG.md": appended("o"), "NEWS": appended("o")},
        {"CHANGELOG.md": appended("t"), "NEWS": appended("t")},
    )
    before = repo.loose()
    found = settle(repository, wanted).outcome
    assert isinstance(found, Refusal)
    assert found.reason == "drivers settle all but `NEWS`"
    assert [conflict.path for conflict in found.conflicts] == ["CHANGELOG.md", "NEWS"]
    assert repo.loose() == before


def test_what_is_left_can_be_laid_out_with_the_rest_settled(repo: Repo, repository: GitRepository) -> None:
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG, "NEWS": LOG},
        {"CHANGELOG.md": appended("o"), "NEWS": appended("o")},
        {"CHANGELOG.md": appended("t"), "NEWS": appended("t")},
    )
    found = settle(repository, wanted, leave=True).outcome
    assert isinstance(found, Settlement)
    assert (found.left, [one.path for one in found.settled]) == (("NEWS",), ["CHANGELOG.md"])
    assert "<<<<<<<" in repo.git("show", f"{found.commit}:NEWS")
    assert "<<<<<<<" not in repo.git("show", f"{found.commit}:CHANGELOG.md")
    refused = repository.prove(replace(wanted, settlement=found))
    assert isinstance(refused, Refusal)


ODD: dict[str, tuple[Files, Files, Files, str]] = {
    "a line that a side took away would be back": (
        {"CHANGELOG.md": "a\nb\n"},
        {"CHANGELOG.md": "a\nB\n"},
        {"CHANGELOG.md": "a\nb\nc\n"},
        "the line `b` would stand there again, which a side had taken away",
    ),
    "a binary file": (
        {"CHANGELOG.md": b"a\0"},
        {"CHANGELOG.md": b"a\0b"},
        {"CHANGELOG.md": b"a\0c"},
        "",
    ),
    "a file that one side deletes": (
        {"CHANGELOG.md": LOG},
        {"CHANGELOG.md": None},
        {"CHANGELOG.md": appended("t")},
        "",
    ),
    "all line ends changed on one side": (
        {"CHANGELOG.md": LOG},
        {"CHANGELOG.md": appended("o").replace("\n", "\r\n")},
        {"CHANGELOG.md": appended("t")},
        "would stand there again, which is there already",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_union_would_spoil_it_leaves_alone(repo: Repo, repository: GitRepository, name: str) -> None:
    base, ours, theirs, why = ODD[name]
    found = settle(repository, scene(repo, base, ours, theirs))
    assert isinstance(found.outcome, Refusal), found
    assert (not why and not found.notes) or why in found.notes[0]


@pytest.mark.parametrize(
    "texts",
    [
        ("a", "a\nours\n", "a\ntheirs", "a\nours\ntheirs\n"),
        ("a\n", "a\nours", "a\ntheirs", "a\nours\ntheirs"),
        ("a\r\n", "a\r\nours\r\n", "a\r\ntheirs\r\n", "a\r\nours\r\ntheirs\r\n"),
        ("a\n\n", "a\nours\n\n", "a\ntheirs\n\n", "a\nours\ntheirs\n\n"),
        ("", "same\nours\n", "same\ntheirs\n", "same\nours\ntheirs\n"),
        (None, "ours\n", "theirs\n", "ours\ntheirs\n"),
    ],
)
def test_line_ends_in_a_union(
    repo: Repo, repository: GitRepository, texts: tuple[str | None, str, str, str]
) -> None:
    base, ours, theirs, union = texts
    start: Files = {} if base is None else {"CHANGELOG.md": base}
    wanted = scene(repo, start, {"CHANGELOG.md": ours}, {"CHANGELOG.md": theirs})
    proof = proved(repository, wanted)
    assert repo.git("show", f"{proof.commit}:CHANGELOG.md") + "\n" == union + (
        "\n" if union[-1] != "\n" else ""
    )


def test_a_file_that_was_renamed_is_united_under_its_new_name(repo: Repo, repository: GitRepository) -> None:
    log = "".join(f"- entry {n}\n" for n in range(20))
    start = repo.commit("base", {"docs/a.log": log})
    repo.git("checkout", "-q", "--detach", start)
    repo.git("mv", "docs/a.log", "docs/b.log")
    tip = repo.commit("renamed", {"docs/b.log": log + "- ours\n"})
    result = repo.branch(start, "work", {"docs/a.log": log + "- theirs\n"})
    proof = proved(repository, landing(start, result, tip))
    assert repo.git("show", f"{proof.commit}:docs/b.log").endswith("- entry 19\n- ours\n- theirs")
    assert paths(proof) == [("docs/b.log", "union")]


def test_names_that_patterns_would_misread(repo: Repo, repository: GitRepository) -> None:
    names = ["docs/a b.log", "docs/[x]*.log", 'docs/"q".log', "docs/!n.log", "docs/é\n.log"]
    same: Files = dict.fromkeys(names, LOG)
    wanted = scene(repo, same, dict.fromkeys(names, appended("o")), dict.fromkeys(names, appended("t")))
    proof = proved(repository, wanted)
    assert [path for path, _ in paths(proof)] == sorted(names)
    said = repo.git("show", "-s", "--format=%(trailers:key=Gitpar-Settled,valueonly)", proof.commit)
    assert 'union "docs/\\u00e9\\n.log"' in said.splitlines()


def test_one_text_with_other_line_ends_is_taken_as_the_level_has_it(
    repo: Repo, repository: GitRepository
) -> None:
    wanted = scene(repo, {}, {"new.txt": "a\nb\n"}, {"new.txt": "a\r\nb\r\n"})
    proof = proved(repository, wanted, Drivers())
    assert paths(proof) == [("new.txt", "identical")]
    assert repo.git("cat-file", "-p", f"{proof.commit}:new.txt") == "a\nb"


def test_line_ends_that_the_task_changed_are_not_taken_back(repo: Repo, repository: GitRepository) -> None:
    wanted = scene(repo, {"n": "a\nb\n"}, {"n": "a\nB\n"}, {"n": "a\r\nB\r\n"})
    assert isinstance(settle(repository, wanted, Drivers()).outcome, Refusal)


def test_a_driver_that_the_repository_names_does_not_run(
    repo: Repo, repository: GitRepository, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    repo.git("config", "merge.evil.driver", f"touch {mark}; false")
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG, ".gitattributes": "* merge=evil\n"},
        {"CHANGELOG.md": appended("o")},
        {"CHANGELOG.md": appended("t")},
    )
    assert paths(proved(repository, wanted)) == [("CHANGELOG.md", "union")]
    assert not mark.exists()


# --- verify ------------------------------------------------------------------------------


def judged(repo: Repo, tip: str, without: str) -> list[Judged]:
    refs = GitRefs(repo.place)
    notes = refs.read(NOTES).get(NOTES)
    refs.close()
    with workbench(repo.place) as coordinator:
        stretch = Stretch(CommitId(tip), (CommitId(without),))
        return Verification(coordinator, notes).judged(stretch)


@pytest.mark.parametrize("strategy", list(Strategy))
def test_what_was_settled_is_unproved_and_all_else_is_proved(
    repo: Repo, repository: GitRepository, strategy: Strategy
) -> None:
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG},
        {"CHANGELOG.md": appended("o"), "f.txt": lines((2, "o"))},
        {"CHANGELOG.md": appended("t"), "f.txt": lines((9, "t"))},
        strategy,
    )
    proof = proved(repository, wanted)
    level = RefName("refs/heads/gitpar/r1/level/1")
    repo.git("update-ref", level, wanted.tip)
    refs = GitRefs(repo.place)
    repository.ledger(refs).land(level, wanted.tip, [(proof.commit, proof.certificate)])
    refs.close()
    (found,) = judged(repo, proof.commit, wanted.tip)[:1]
    assert (found.verdict, found.by_hand) == (Verdict.UNPROVED, ("CHANGELOG.md",))
    assert found.reason == "landing of `api`, settled by union, all else proved"


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize(
    "forgery",
    [
        (
            "CHANGELOG.md",
            appended("t"),
            "CHANGELOG.md is no union of both sides: the line `- o` would be lost",
        ),
        ("f.txt", lines((9, "t")), "f.txt"),
        ("other.txt", "o\n", "other.txt"),
    ],
)
def test_a_certificate_that_hides_something_is_an_alarm(
    repo: Repo, repository: GitRepository, strategy: Strategy, forgery: tuple[str, str, str]
) -> None:
    path, text, why = forgery
    wanted = scene(
        repo,
        {"CHANGELOG.md": LOG},
        {"CHANGELOG.md": appended("o"), "f.txt": lines((2, "o"))},
        {"CHANGELOG.md": appended("t"), "f.txt": lines((9, "t"))},
        strategy,
    )
    proof = proved(repository, wanted)
    repo.git("checkout", "-q", "--detach", proof.commit)
    repo.write(path, text)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--amend", "--no-edit")
    forged = repo.git("rev-parse", "HEAD")
    facts = json.loads(proof.certificate) | {"commit": forged, "tree": repo.git("rev-parse", "HEAD^{tree}")}
    repo.git("notes", "--ref", "gitpar", "add", "-m", json.dumps(facts, separators=(",", ":")), forged)
    (found,) = judged(repo, forged, wanted.tip)[:1]
    assert found.verdict is Verdict.ALARM
    assert why in found.reason
