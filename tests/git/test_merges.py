"""The conflict report: tiers, kinds, ranges and the fold, as git's merge has them."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations

import pytest

from gitpar.core.conflicts import ConflictKind, LineRange, PairConflict, PathOverlap, Tier
from gitpar.core.names import CommitId, RunId, TaskId
from gitpar.git.analysis import GitRepository
from gitpar.git.attributes import carried
from gitpar.git.coordinator import Coordinator
from gitpar.git.mergetree import MergeFeed, merge_all, parse_batch
from tests.support.amounts import one_in
from tests.support.repo import Repo, lines

Files = Mapping[str, str | bytes | None]
BASE: Files = {"f.txt": lines(), "g.txt": lines((1, "g")), "lib/m.py": lines((2, "m")), "bin": b"\0\1\2"}


@pytest.fixture
def base(repo: Repo) -> CommitId:
    return repo.commit("base", BASE)


@pytest.fixture
def repository(repo: Repo, base: CommitId) -> Iterator[GitRepository]:
    assert base
    opened = GitRepository(repo.place, RunId("r1"))
    yield opened
    opened.close()


def results(repo: Repo, base: str, *changes: Files) -> list[tuple[TaskId, CommitId]]:
    return [
        (TaskId(name), repo.branch(base, name, files)) for name, files in zip("abcdef", changes, strict=False)
    ]


def only(pairs: tuple[PairConflict, ...]) -> PairConflict:
    (pair,) = pairs
    return pair


def test_pairs_that_share_nothing_are_left_out(repo: Repo, base: CommitId, repository: GitRepository) -> None:
    made = results(repo, base, {"f.txt": lines((3, "a"))}, {"g.txt": "new\n"}, {"lib/n.py": "n\n"})
    report = repository.compare(base, made)
    assert report.pairs == ()
    assert (report.fold.landed, report.fold.conflicting) == (("a", "b", "c"), ())
    tree = report.fold.tree
    for _, commit in made:
        repo.git("checkout", "-q", "--detach", base) if commit == made[0][1] else None
        repo.git("merge", "-q", "--no-ff", "-m", "merge", commit)
    assert tree == repo.git("rev-parse", "HEAD^{tree}")


def test_the_three_tiers(repo: Repo, base: CommitId, repository: GitRepository) -> None:
    made = results(
        repo,
        base,
        {"f.txt": lines((3, "a"))},
        {"f.txt": lines((4, "b"), (9, "b"))},
        {"f.txt": lines((9, "b"))},
        {"f.txt": lines((15, "d"))},
    )
    report = repository.compare(base, made)
    tiers = {(pair.a, pair.b): (pair.tier, pair.kind) for pair in report.pairs}
    assert tiers == {
        ("a", "b"): (Tier.CONFLICT, ConflictKind.CONTENT),
        ("a", "c"): (Tier.FILE, None),
        ("a", "d"): (Tier.FILE, None),
        ("b", "c"): (Tier.FILE, None),  # the same edit: git takes it once
        ("b", "d"): (Tier.FILE, None),
        ("c", "d"): (Tier.FILE, None),
    }
    conflict = report.between(TaskId("b"), TaskId("a"))
    assert conflict is not None
    assert conflict.paths == (PathOverlap("f.txt", LineRange(3, 1), LineRange(4, 1), ConflictKind.CONTENT),)
    apart = report.between(TaskId("b"), TaskId("d"))
    assert apart is not None
    assert apart.paths == (PathOverlap("f.txt", LineRange(4, 6), LineRange(15, 1)),)
    assert (report.fold.landed, report.fold.conflicting) == (("a", "c", "d"), ("b",))


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "path"),
    [
        ({"new": "a\n"}, {"new": "b\n"}, ConflictKind.ADD_ADD, "new"),
        ({"f.txt": None}, {"f.txt": lines((3, "b"))}, ConflictKind.MODIFY_DELETE, "f.txt"),
        ({"bin": b"\0a"}, {"bin": b"\0b"}, ConflictKind.BINARY, "bin"),
        ({"new": "a\n"}, {"new/deep": "b\n"}, ConflictKind.DIRECTORY_FILE, "new"),
        ({"f.txt": None, "a.txt": lines()}, {"f.txt": None}, ConflictKind.RENAME_DELETE, "a.txt"),
        (
            {"f.txt": None, "a.txt": lines()},
            {"f.txt": None, "b.txt": lines()},
            ConflictKind.RENAME_RENAME,
            "f.txt",
        ),
        (
            {"lib/m.py": None, "src/m.py": lines((2, "m"))},
            {"lib/new.py": "n\n"},
            ConflictKind.DIRECTORY_RENAME,
            "src/new.py",
        ),
    ],
)
def test_kinds(  # noqa: PLR0917 - a table
    repo: Repo, base: CommitId, repository: GitRepository, ours: Files, theirs: Files, kind: str, path: str
) -> None:
    report = repository.compare(base, results(repo, base, ours, theirs))
    pair = only(report.pairs)
    assert (pair.tier, pair.kind) == (Tier.CONFLICT, kind)
    assert path in {overlap.path for overlap in pair.paths}
    assert (report.fold.landed, report.fold.conflicting) == (("a",), ("b",))


def test_submodules_moved_to_two_places_conflict(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    tips = []
    for number in (1, 2):
        repo.git("checkout", "-q", "--detach", base)
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{str(number) * 40},vendor")
        repo.git("commit", "-q", "-m", "vendor")
        tips.append(CommitId(repo.git("rev-parse", "HEAD")))
        repo.git("rm", "-q", "--cached", "vendor")
        repo.git("reset", "-q", "--hard", base)
    pair = only(repository.compare(base, [(TaskId("a"), tips[0]), (TaskId("b"), tips[1])]).pairs)
    assert pair.tier is Tier.CONFLICT
    assert pair.paths[0].path == "vendor"


def test_a_file_that_one_side_made_a_link(repo: Repo, base: CommitId, repository: GitRepository) -> None:
    edited = repo.branch(base, "edited", {"f.txt": lines((3, "a"))})
    repo.git("checkout", "-q", "--detach", base)
    (repo.root / "f.txt").unlink()
    (repo.root / "f.txt").symlink_to("g.txt")
    linked = repo.commit("linked")
    report = repository.compare(base, [(TaskId("a"), edited), (TaskId("b"), linked)])
    pair = only(report.pairs)
    assert (pair.tier, [overlap.path for overlap in pair.paths]) == (Tier.CONFLICT, ["f.txt"])
    assert report.fold.conflicting == ("b",)


def test_a_conflict_of_three_that_no_pair_shows(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    """Each pair merges, but what `a` moved is no longer where `c` looks for it once `b` filled it."""
    made = results(
        repo,
        base,
        {"f.txt": None, "h.txt": lines()},
        {"f.txt": lines((3, "b"))},
        {"f.txt": lines((4, "c"))},
    )
    report = repository.compare(base, made)
    assert report.fold.conflicting == ("c",)
    assert report.fold.landed == ("a", "b")


def test_a_rename_is_followed_and_its_lines_compared(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    made = results(
        repo,
        base,
        {"f.txt": None, "h.txt": lines((3, "a"))},
        {"f.txt": lines((12, "b"))},
        {"f.txt": lines((3, "c"))},
    )
    report = repository.compare(base, made)
    assert [(p.a, p.b, p.tier) for p in report.pairs] == [
        ("a", "b", Tier.FILE),
        ("a", "c", Tier.CONFLICT),
        ("b", "c", Tier.FILE),
    ]
    assert report.pairs[1].paths == (
        PathOverlap("h.txt", LineRange(3, 1), LineRange(3, 1), ConflictKind.RENAME_MODIFY),
    )
    assert report.fold.landed == ("a", "b")


def test_results_that_changed_nothing_or_came_from_elsewhere(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    later = repo.branch(base, "later", {"g.txt": "later\n"})
    again = repo.branch(later, "again", {"f.txt": lines((3, "again"))})
    older = repo.branch(base, "a", {"f.txt": lines((5, "a"))})
    report = repository.compare(later, [(TaskId("a"), older), (TaskId("b"), again), (TaskId("c"), later)])
    assert [(pair.a, pair.b, pair.tier) for pair in report.pairs] == [("a", "b", Tier.FILE)]
    assert report.fold.landed == ("a", "b", "c")
    repo.git("checkout", "-q", "--detach", again)
    repo.git("merge", "-q", "-m", "merge", older)
    assert report.fold.tree == repo.git("rev-parse", "HEAD^{tree}")


def test_nothing_is_written_into_the_users_store(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    made = results(
        repo, base, {"f.txt": lines((3, "a"))}, {"f.txt": lines((3, "b"))}, {"f.txt": lines((9, "c"))}
    )
    before, said = repo.loose(), repo.fsck()
    report = repository.compare(base, made)
    assert report.fold.landed == ("a", "c")
    assert (repo.loose(), repo.fsck()) == (before, said)


def test_a_pair_that_cannot_be_merged_does_not_stop_the_others(repo: Repo, base: CommitId) -> None:
    good = repo.branch(base, "a", {"f.txt": lines((3, "a"))})
    bad = CommitId("1" * 40)
    coordinator = Coordinator(repo.place, repo.root / "coordinator")
    found = merge_all(coordinator.scratch, [(good, bad), (good, base), (bad, good), (base, good), (bad, bad)])
    assert [outcome.clean for outcome in found] == [False, True, False, True, False]
    assert found[0].conflicts[0].kind is ConflictKind.OTHER
    assert bad in found[0].conflicts[0].message
    coordinator.close()


def test_merges_that_git_is_fed_end_at_one_that_it_cannot_make(repo: Repo, base: CommitId) -> None:
    good = repo.branch(base, "good", {"f.txt": lines((2, "good"))})
    other = repo.branch(base, "other", {"f.txt": lines((9, "other"))})
    coordinator = Coordinator(repo.place, repo.root / "coordinator")
    with MergeFeed(coordinator.scratch) as feed:
        assert feed.outcomes() == []
    with MergeFeed(coordinator.scratch) as feed:
        for ours, theirs in ((good, other), (good, CommitId("1" * 40)), (other, good)):
            feed.merge(ours, theirs)
        assert feed.outcomes() == merge_all(coordinator.scratch, [(good, other)])
    with MergeFeed(coordinator.scratch) as feed:
        feed.merge(good, other)  # and nobody asks
    coordinator.close()


def test_attributes_that_concern_merging_are_followed(repo: Repo) -> None:
    base = repo.commit(
        "base",
        {
            "sub dir/.gitattributes": "LOG merge=union\n/pinned -merge\n*.x diff=lisp merge=ours\n",
            ".gitattributes": "[attr]whole -merge\nwhole.txt whole\n",
            "sub dir/deep/LOG": "1\n",
            "LOG": "1\n",
            "sub dir/pinned": lines(),
            "whole.txt": lines(),
            "sub dir/f.x": lines(),
        },
    )

    opened = GitRepository(repo.place, RunId("r1"))

    def pair(path: str, first: str, second: str) -> tuple[ConflictKind | None, ...]:
        report = opened.compare(base, results(repo, base, {path: first}, {path: second}))
        return tuple(pair.kind for pair in report.pairs if pair.tier is Tier.CONFLICT)

    assert pair("sub dir/deep/LOG", "1\na\n", "1\nb\n") == ()
    assert pair("LOG", "1\na\n", "1\nb\n") == (ConflictKind.CONTENT,)
    assert pair("sub dir/pinned", lines((3, "a")), lines((15, "b"))) == (ConflictKind.BINARY,)
    assert pair("whole.txt", lines((3, "a")), lines((15, "b"))) == (ConflictKind.BINARY,)
    assert pair("sub dir/f.x", lines((3, "a")), lines((15, "b"))) == ()
    opened.close()


def test_no_merge_driver_or_other_program_of_the_users_runs(repo: Repo) -> None:
    for key in ("merge.evil.driver", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge"):
        repo.git("config", key, f"touch '{repo.root.parent}/ran'; false")
    base = repo.commit("base", {"f.txt": lines()})
    tips = [repo.branch(base, text, {"f.txt": lines((at, text))}) for at, text in ((3, "a"), (4, "b"))]
    repo.git("checkout", "-q", "--detach", base)
    repo.write(".git/info/attributes", "* merge=evil diff=evil filter=evil\n")
    repository = GitRepository(repo.place, RunId("r1"))
    assert (
        only(repository.compare(base, [(TaskId("a"), tips[0]), (TaskId("b"), tips[1])]).pairs).tier
        is Tier.CONFLICT
    )
    repository.close()
    assert not (repo.root.parent / "ran").exists()


@pytest.mark.parametrize(
    ("folder", "text", "expected"),
    [
        ("", "*.md merge=union\n# no\n*.py diff=python\n", ["*.md merge=union"]),
        ("a/", "*.md merge=union", ["a/**/*.md merge=union"]),
        ("a/b/", "/x merge=binary\nc/y -merge", ["a/b/x merge=binary", "a/b/c/y -merge"]),
        ("a[1]/", "z merge=custom", ["a\\[1\\]/**/z merge=text"]),
        ("s p/", '"q r" -text', ['"s p/**/q r" -text']),
        ("", "[attr]lfs filter=lfs diff=lfs merge=lfs -text", ["[attr]lfs merge=text -text"]),
        ("a/", "[attr]m -merge", []),
        ("", "*.bin lfs", ["*.bin lfs"]),
    ],
)
def test_attribute_lines_as_they_stand_at_the_root(folder: str, text: str, expected: list[str]) -> None:
    assert carried(folder, text) == expected


def test_settings_that_change_merges_are_carried_over(repo: Repo) -> None:
    base = repo.commit("base", {"lib/m.py": lines(), "f.txt": lines()})
    made = results(repo, base, {"lib/m.py": None, "src/m.py": lines()}, {"lib/new.py": "n\n"})
    repo.git("config", "merge.directoryRenames", "true")
    repo.git("config", "core.editor", "touch ran")
    repository = GitRepository(repo.place, RunId("r1"))
    report = repository.compare(base, made)
    assert (only(report.pairs).tier, report.fold.landed) == (Tier.TOUCHING, ("a", "b"))
    config = (repo.root / ".git/gitpar/runs/r1/git/config").read_text()
    assert "directoryrenames" in config
    assert "editor" not in config
    repository.close()


def test_a_shallow_clone_is_compared(repo: Repo) -> None:
    repo.commit("first", BASE)
    repo.commit("second", {"f.txt": lines((20, "z"))})
    repo.git("clone", "-q", "--depth=1", f"file://{repo.root}", "../shallow")
    clone = Repo(repo.root.parent / "shallow")
    tip = clone.git("rev-parse", "HEAD")
    made = results(clone, tip, {"f.txt": lines((3, "a"), (20, "z"))}, {"f.txt": lines((9, "b"), (20, "z"))})
    repository = GitRepository(clone.place, RunId("r1"))
    assert clone.place.shallow
    assert repository.compare(CommitId(tip), made).fold.landed == ("a", "b")
    repository.close()


def random_changes(chance: random.Random) -> dict[str, str | bytes | None]:
    """A few edits, now and then with files added, deleted and moved."""
    paths = [f"d{number % 3}/f{number}.txt" for number in range(8)]
    changes: dict[str, str | bytes | None] = {}
    for path in chance.sample(paths, chance.randint(1, 3)):
        changes[path] = lines((chance.randint(1, 20), f"edit {chance.randint(1, 3)}"), (21, path), count=21)
    kind = chance.choice(["plain", "plain", "add", "delete", "move", "clash", "alike"])
    path = chance.choice(paths)
    if kind == "add":
        changes[f"d{chance.randint(0, 4)}/new.txt"] = f"{chance.randint(1, 2)}\n"
    elif kind == "clash":
        changes[chance.choice(["x", "x/y", "x/y/z"])] = "x\n"
    elif kind == "alike":  # by so many lines that git may take it for moved, or not
        others = ((number, f"other {number}") for number in range(1, chance.randint(2, 21)))
        changes |= {path: None, f"moved/{chance.randint(1, 2)}.txt": lines(*others, (21, path), count=21)}
    elif kind in ("delete", "move"):
        changes[path] = None
        if kind == "move":
            changes[f"moved/{chance.randint(1, 2)}.txt"] = lines((21, path), count=21)
    return changes


@pytest.mark.parametrize("seed", one_in(2, range(4)))
def test_every_verdict_is_that_of_git_on_the_whole_commits(repo: Repo, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"d{number % 3}/f{number}.txt" for number in range(8)]
    base = repo.commit("base", {name: lines((21, name), count=21) for name in names})
    made = [(TaskId(str(at)), repo.branch(base, str(at), random_changes(chance))) for at in range(14)]
    opened = GitRepository(repo.place, RunId("r1"))
    report = opened.compare(base, made)
    opened.close()
    asked = list(combinations(made, 2))
    stdin = "".join(f"{a[1]} {b[1]}\n" for a, b in asked).encode()
    said = repo.git("merge-tree", "--write-tree", "--stdin", "-z", "--messages", stdin=stdin)
    outcomes = list(parse_batch(os.fsencode(said)))
    refused = {(a[0], b[0]) for (a, b), outcome in zip(asked, outcomes, strict=True) if not outcome.clean}
    assert {(p.a, p.b) for p in report.pairs if p.tier is Tier.CONFLICT} == refused
    assert len(refused) > 5
    repo.git("checkout", "-q", "--detach", base)
    landed = []
    for task, commit in made:
        merge = ["git", "merge", "-q", "-m", "m", commit]
        done = subprocess.run(merge, cwd=repo.root, env=repo.environ, capture_output=True, check=False)
        if done.returncode == 0:
            landed.append(task)
        else:
            repo.git("reset", "-q", "--hard")
            repo.git("clean", "-qfdx")
    assert list(report.fold.landed) == landed
    assert report.fold.tree == repo.git("rev-parse", "HEAD^{tree}")
