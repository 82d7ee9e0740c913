"""Comparisons that are asked for: what pairs do not show, what is allowed, what is refused."""

from __future__ import annotations

import shlex
from itertools import combinations

import pytest

from gitpar.core.comparison import Compared, Together
from gitpar.core.conflicts import ConflictKind, PathOverlap, Tier
from gitpar.core.names import CommitId, TaskId
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.git.bases import read_bases
from gitpar.git.comparing import compared, workbench
from tests.support.amounts import WHOLE
from tests.support.branchy import Branchy
from tests.support.repo import Repo, lines


def asked(
    repo: Repo, *tips: CommitId, base: CommitId | None = None, drivers: tuple[str, ...] = ()
) -> Compared:
    results = [(TaskId(name), tip) for name, tip in zip("abcdefgh", tips, strict=False)]
    with workbench(repo.place, drivers) as coordinator:
        return compared(coordinator, base, results, drivers)


def conflicting(found: Compared) -> list[tuple[str, str, ConflictKind | None]]:
    return [(p.a, p.b, p.kind) for p in found.report.pairs if p.tier is Tier.CONFLICT]


def conflicting_pairs(found: Compared) -> list[tuple[str, str]]:
    return [(a, b) for a, b, _ in conflicting(found)]


def test_merge_bases_are_those_of_git(repo: Repo) -> None:
    tips = [CommitId(tip) for tip in Branchy(repo, 5).write(branches=14 if WHOLE else 8)]
    # two merges across each other: these have two merge bases
    for ours, theirs in ((tips[0], tips[1]), (tips[1], tips[0])):
        repo.git("checkout", "-q", "-f", "--detach", ours)
        repo.git("merge", "-q", "-s", "ours", "-m", "across", theirs)
        tips.append(CommitId(repo.git("rev-parse", "HEAD")))
    tips.append(tips[3])
    with workbench(repo.place) as coordinator:
        found = read_bases(coordinator, tips)
    several = 0
    for a, b in combinations(range(len(tips)), 2):
        said = repo.git("merge-base", "--all", tips[a], tips[b]).split()
        several += len(said) > 1
        assert sorted(found.between(a, b)) == sorted(said)
    assert several


def test_a_pair_is_judged_from_where_it_parts(repo: Repo) -> None:
    """One branch takes back what the trunk did: only from there on it is a change."""
    base = repo.commit("base", {"f": lines(), "g": "g\n"})
    trunk = repo.commit("trunk", {"f": lines((5, "trunk"))})
    back = repo.branch(trunk, "back", {"f": lines()})
    more = repo.branch(trunk, "more", {"f": lines((5, "more"))})
    far = repo.branch(base, "far", {"g": "far\n"})
    found = asked(repo, back, more, far)
    assert found.base == base
    assert conflicting(found) == [("a", "b", ConflictKind.CONTENT)]
    assert [change.files for change in found.changes] == [(), ("f",), ("g",)]
    assert (found.order, found.left) == (("a", "c"), ("b",))


def test_three_that_conflict_only_together_are_named(repo: Repo) -> None:
    """Two move a folder away between them, and then a third one's new file in it has no place."""
    old = {f"d/{at}": lines((at, "own")) for at in (1, 2, 3)}
    base = repo.commit("base", {**old, "f": lines(), "g": "g\n"})
    most = repo.branch(
        base, "most", {"d/1": None, "d/2": None, "e/1": old["d/1"], "e/2": old["d/2"], "f": lines((2, "a"))}
    )
    far = repo.branch(base, "far", {"f": lines((9, "far"))})
    rest = repo.branch(base, "rest", {"d/3": None, "h/3": old["d/3"]})
    new = repo.branch(base, "new", {"d/new": "new\n"})
    found = asked(repo, most, far, rest, new)
    assert conflicting(found) == []
    assert found.together == (Together(TaskId("d"), (TaskId("a"), TaskId("c"))),)
    assert found.conflicts
    assert (found.report.fold.landed, found.report.fold.conflicting) == (("a", "b", "c"), ("d",))
    assert (found.order, found.left) == (("a", "b", "c"), ("d",))
    assert asked(repo, most, new, far).together == ()


def test_the_order_that_lands_the_most(repo: Repo) -> None:
    base = repo.commit("base", {"f": lines()})
    wide = repo.branch(base, "wide", {"f": lines((3, "w"), (9, "w"), (15, "w"))})
    small = [repo.branch(base, f"s{at}", {"f": lines((at, "s"))}) for at in (3, 9, 15)]
    found = asked(repo, wide, *small)
    fold = found.report.fold
    assert (fold.landed, fold.conflicting) == (("a",), ("b", "c", "d"))
    assert (found.order, found.left) == (("b", "c", "d"), ("a",))


def test_names_that_differ_by_case_only_conflict_where_files_are_told_apart_so(repo: Repo) -> None:
    base = repo.commit("base", {"f": "f\n"})
    one = repo.branch(base, "one", {"docs/Readme.md": "a\n"})
    other = repo.branch(base, "other", {"docs/README.md": "b\n"})
    folder = repo.branch(base, "folder", {"docs/readme.MD/x": "c\n"})
    alike = [(a, b, ConflictKind.CASE_COLLISION) for a, b in (("a", "b"), ("a", "c"), ("b", "c"))]
    found = asked(repo, one, other, folder)
    assert conflicting(found) == []
    assert [(p.a, p.b, p.kind, p.tier) for p in found.report.pairs] == [(*each, Tier.FILE) for each in alike]
    assert found.order == ("a", "b", "c")
    repo.git("config", "core.ignoreCase", "true")
    found = asked(repo, one, other, folder)
    assert conflicting(found) == alike
    assert found.report.pairs[0].paths == tuple(
        PathOverlap(path, kind=ConflictKind.CASE_COLLISION) for path in ("docs/Readme.md", "docs/README.md")
    )
    assert (found.report.fold.landed, found.order) == (("a",), ("a",))


def test_a_merge_driver_runs_only_where_it_is_allowed(repo: Repo) -> None:
    ran = repo.root.parent / "ran"
    repo.git("config", "merge.join-lines.driver", f"cat %B >> %A; echo %P >> {shlex.quote(str(ran))}")
    base = repo.commit("base", {".gitattributes": "log merge=join-lines\n", "log": "1\n"})
    tips = [repo.branch(base, text, {"log": f"1\n{text}\n"}) for text in "ab"]
    assert conflicting(asked(repo, *tips)) == [("a", "b", ConflictKind.CONTENT)]
    assert conflicting(asked(repo, *tips, drivers=("other",))) == [("a", "b", ConflictKind.CONTENT)]
    assert not ran.exists()
    found = asked(repo, *tips, drivers=("join-lines",))
    assert (conflicting(found), found.report.pairs[0].tier) == ([], Tier.TOUCHING)
    assert set(ran.read_text().split()) == {"log"}
    assert found.order == ("a", "b")


def test_attributes_are_those_of_the_branch_that_is_merged_into(repo: Repo) -> None:
    base = repo.commit("base", {"log": "1\n"})
    union = repo.branch(base, "union", {".gitattributes": "log merge=union\n", "log": "1\na\n"})
    plain = repo.branch(base, "plain", {"log": "1\nb\n"})
    for ours, theirs in ((union, plain), (plain, union)):
        repo.git("checkout", "-q", "--detach", ours)
        merges = not conflicting(asked(repo, ours, theirs))
        assert merges == (ours == union)
        if merges:
            repo.git("merge", "-q", "-m", "merge", theirs)
        else:
            with pytest.raises(AssertionError):
                repo.git("merge", "-q", "-m", "merge", theirs)
            repo.git("merge", "--abort")


def test_the_same_edit_made_twice_does_not_touch(repo: Repo) -> None:
    base = repo.commit("base", {"f": lines()})
    one = repo.branch(base, "one", {"f": lines((3, "same"), (9, "one"))})
    same = repo.branch(base, "same", {"f": lines((3, "same"), (15, "two"))})
    other = repo.branch(base, "other", {"f": lines((3, "other"))})
    cut = repo.branch(base, "cut", {"f": lines().removesuffix("\n")})
    last = repo.branch(base, "last", {"f": lines((20, "last"))})
    found = asked(repo, one, same, other, cut, cut, last)
    touching = [(p.a, p.b) for p in found.report.pairs if p.tier is not Tier.FILE]
    assert touching == conflicting_pairs(found) == [("a", "c"), ("b", "c"), ("d", "f"), ("e", "f")]


def test_histories_that_never_meet_are_refused(repo: Repo) -> None:
    one = repo.commit("one", {"f": "1\n"})
    repo.git("checkout", "-q", "--orphan", "island")
    other = repo.commit("other", {"f": "2\n"})
    with pytest.raises(UsageError, match="no common ancestor"):
        asked(repo, one, other)
    with pytest.raises(UsageError, match="`a` and `b` have no history in common"):
        asked(repo, one, other, base=one)


def test_a_shallow_clone_never_answers_from_missing_history(repo: Repo) -> None:
    first = repo.commit("first", {"f": lines(), "g": lines()})
    repo.git("branch", "side", repo.branch(first, "side", {"f": lines((3, "side"))}))
    repo.git("checkout", "-q", "main")
    for number in range(3):
        repo.commit(f"main {number}", {"g": lines((number + 1, "main"))})
    url = f"file://{repo.root}"
    for depth, known in ((1, False), (3, False), (4, True)):
        repo.git("clone", "-q", f"--depth={depth}", "--no-single-branch", url, f"../depth{depth}")
        clone = Repo(repo.root.parent / f"depth{depth}")
        tips = [CommitId(clone.git("rev-parse", f"origin/{name}")) for name in ("main", "side")]
        if known:
            assert asked(clone, *tips).base == first
            continue
        with pytest.raises(EnvironmentFault, match="shallow") as refused:
            asked(clone, *tips)
        assert refused.value.hints == ("Fetch the rest: git fetch --unshallow",)


def test_what_changed_nothing_conflicts_with_nothing(repo: Repo) -> None:
    base = repo.commit("base", {"f": lines()})
    edited = repo.branch(base, "edited", {"f": lines((3, "e"))})
    empty = repo.branch(base, "empty")
    found = asked(repo, base, edited, empty, edited)
    assert (conflicting(found), found.order) == ([], ("a", "b", "c", "d"))
    assert [change.files for change in found.changes] == [(), ("f",), (), ("f",)]
    assert asked(repo, base).report.fold.landed == ("a",)


def test_nothing_of_the_user_s_changes(repo: Repo) -> None:
    base = repo.commit("base", {"f": lines()})
    tips = [repo.branch(base, str(at), {"f": lines((at, "e"))}) for at in (3, 4, 9)]
    before = {path: path.read_bytes() for path in sorted(repo.root.rglob("*")) if path.is_file()}
    asked(repo, *tips)
    assert before == {path: path.read_bytes() for path in sorted(repo.root.rglob("*")) if path.is_file()}
