"""Histories replayed: what would have met, as git says."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.core.calibration import calibrated
from gitpar.core.history import Judged, Replay
from gitpar.git.attributes import Attributes
from gitpar.git.comparing import workbench
from gitpar.git.contents import ignored, read_texts, tracked_files
from gitpar.git.replay import read_changes, replay
from tests.support.repo import Repo, lines, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("begin", {"f": lines(), "g": "g\n", "log": "top\n"})
    return made


def merged(repo: Repo, name: str, files: dict[str, str | bytes | None]) -> None:
    repo.git("checkout", "-q", "-b", name)
    repo.commit(f"work on {name}", files)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", f"Merge {name}", name)


def replayed(repo: Repo, most: int = 1000, **more: int) -> Replay:
    with workbench(repo.place) as coordinator:
        tip = repo.place.command.run("rev-parse", "HEAD").text
        changes = read_changes(coordinator.scratch, tip, most)  # type: ignore[arg-type]
        return replay(coordinator, Attributes(coordinator.attributes, Path("/nowhere")), changes, **more)


def test_merged_branches_meet_as_if_made_at_once(repo: Repo) -> None:
    merged(repo, "a", {"f": lines((5, "a"))})
    merged(repo, "b", {"f": lines((5, "a"), (15, "b"))})
    merged(repo, "c", {"f": lines((5, "c"), (15, "b"))})
    merged(repo, "d", {"g": "other\n"})
    before = repo.loose()
    found = replayed(repo)
    assert [change.text for change in found.changes] == ["Merge a", "Merge b", "Merge c", "Merge d"]
    assert all(change.merged for change in found.changes)
    assert [(m.a, m.b, m.conflict, m.refused, m.judged) for m in found.meetings] == [
        (0, 1, False, (), Judged.MERGED),
        (0, 2, True, ("f",), Judged.NEEDED),
        # c needs what a did, which lies before b: its lines are compared, and are far from b's
        (1, 2, False, (), Judged.MERGED),
    ]
    assert repo.loose() == before, "nothing is left in the user's repository"


def test_entries_on_top_of_one_file_conflict_though_others_came_in_between(repo: Repo) -> None:
    text = "top\n"
    for name in ("a", "b", "c"):
        text = f"{name}\n{text}"
        merged(repo, name, {"log": text})
    found = replayed(repo)
    assert [(m.a, m.b, m.conflict) for m in found.meetings] == [(0, 1, True), (0, 2, True), (1, 2, True)]
    assert [m.judged for m in found.meetings].count(Judged.LINES) == 1


def test_single_commits_count_where_branches_are_squashed(repo: Repo) -> None:
    repo.commit("one", {"f": lines((1, "x"))})
    repo.commit("two", {"f": lines((1, "y"))})
    merged(repo, "late", {"g": "late\n"})
    found = replayed(repo)
    assert [(change.text, change.merged) for change in found.changes] == [
        ("one", False), ("two", False), ("Merge late", True),
    ]  # fmt: skip
    assert [(m.a, m.b, m.conflict) for m in found.meetings] == [(0, 1, True)]


def test_only_the_newest_meetings_are_judged_where_there_are_many(repo: Repo) -> None:
    for n in range(6):
        repo.commit(f"{n}", {"f": lines((n + 1, "x"))})
    with workbench(repo.place) as coordinator:
        changes = read_changes(coordinator.scratch, repo.place.command.run("rev-parse", "HEAD").text, 1000)  # type: ignore[arg-type]
        attributes = Attributes(coordinator.attributes, Path("/nowhere"))
        few = replay(coordinator, attributes, changes, most=3)
    assert (len(few.changes), [(m.a, m.b) for m in few.meetings], few.whole) == (
        6,
        [(2, 5), (3, 5), (4, 5)],
        6,
    )
    assert calibrated(few).figures[0].conflicts == 0


def test_a_repository_of_one_commit_has_no_history(repo: Repo) -> None:
    assert replayed(repo).changes == []


def test_a_renamed_a_binary_and_an_oddly_named_file_are_no_trouble(repo: Repo) -> None:
    odd = 'we\nird "q".txt'
    merged(repo, "a", {odd: "1\n", "bin": b"\0\1"})
    merged(repo, "b", {odd: "2\n", "bin": b"\0\2"})
    repo.git("mv", "f", "moved")
    repo.commit("move")
    merged(repo, "c", {"moved": lines((3, "c"))})
    found = replayed(repo)
    assert (0, 1, True) in [(m.a, m.b, m.conflict) for m in found.meetings]


def test_contents_of_a_commit(repo: Repo) -> None:
    tip = repo.commit("more", {"sub/x.py": "x = 1\n", ".gitignore": "*.log\n"})
    git = repo.place.command
    assert tracked_files(git, tip) == [".gitignore", "f", "g", "log", "sub/x.py"]
    texts = dict(read_texts(git, tip, ["sub/x.py", "not there", "sub", "g"]))
    assert texts == {"sub/x.py": b"x = 1\n", "g": b"g\n"}
    assert ignored(repo.place, ["a.log", "f", "/etc/passwd", "../x.log", ""]) == ["a.log"]
