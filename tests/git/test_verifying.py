"""What is said of histories: whose work a merge, a squash or a replayed commit takes back."""

from __future__ import annotations

import json

import pytest

from gitpar.core.names import CommitId
from gitpar.core.verification import Form, Judged, Verdict
from gitpar.git.comparing import workbench
from gitpar.git.verifying import Stretch, Verification
from tests.support.repo import Repo, lines


@pytest.fixture
def base(repo: Repo) -> CommitId:
    return repo.commit("base", {"f.txt": lines(), "lib/m.py": lines((1, "m")), "README": "r\n"})


def judged(repo: Repo, tip: str, *without: str) -> list[Judged]:
    with workbench(repo.place) as coordinator:
        stretch = Stretch(CommitId(tip), tuple(map(CommitId, without)))
        return Verification(coordinator, None).judged(stretch)


def verdicts(found: list[Judged]) -> dict[str, str]:
    return {one.subject: one.verdict.value for one in found}


def by(repo: Repo, who: str) -> None:
    repo.git("config", "user.name", who)


def merged(repo: Repo, onto: str, other: str, subject: str) -> CommitId:
    repo.git("checkout", "-q", "--detach", onto)
    repo.git("merge", "-q", "--no-ff", "-m", subject, other)
    return CommitId(repo.git("rev-parse", "HEAD"))


def with_tree(repo: Repo, tree_of: str, subject: str, *parents: str) -> CommitId:
    """A commit that holds another commit's tree."""
    above = [word for parent in parents for word in ("-p", parent)]
    return CommitId(repo.git("commit-tree", *above, "-m", subject, f"{tree_of}^{{tree}}"))


def test_merges_as_git_makes_them_are_proved(repo: Repo, base: CommitId) -> None:
    one = repo.branch(base, "one", {"f.txt": lines((2, "one"))})
    two = repo.branch(base, "two", {"f.txt": None, "g.txt": lines((9, "two"))})
    tip = merged(repo, merged(repo, base, one, "merge one"), two, "merge two")
    found = judged(repo, tip, base)
    assert verdicts(found) == {"merge one": "proved", "merge two": "proved"}
    assert {one.form for one in found} == {Form.MERGE}


def test_a_merge_built_on_a_stale_base_names_whose_work_it_takes_back(repo: Repo, base: CommitId) -> None:
    by(repo, "Bob")
    bobs = repo.branch(base, "bob's fix", {"lib/m.py": lines((1, "m"), (5, "bob"))})
    by(repo, "Ada")
    adas = repo.branch(base, "ada's work", {"f.txt": lines((9, "ada"))})
    tip = merged(repo, base, bobs, "merge bob")
    tip = with_tree(repo, adas, "merge ada", tip, adas)
    found = judged(repo, tip, base)
    assert verdicts(found) == {"merge bob": "proved", "merge ada": "alarm"}
    alarm = found[0]
    assert alarm.reason == "takes work back that git keeps"
    assert alarm.edited == ("lib/m.py",)
    assert [(r.commit, r.author, r.paths) for r in alarm.reverts] == [(bobs, "Bob", ("lib/m.py",))]


def test_lines_lost_in_a_shared_file_are_told_with_their_author(repo: Repo, base: CommitId) -> None:
    bobs = repo.branch(base, "bob", {"f.txt": lines((2, "bob"))})
    bobs_too = repo.branch(bobs, "bob again", {"f.txt": lines((2, "bob"), (6, "kept"))})
    adas = repo.branch(base, "ada", {"f.txt": lines((15, "ada"))})
    repo.git("checkout", "-q", "--detach", bobs_too)
    repo.git("merge", "-q", "--no-commit", "--no-ff", adas)
    tip = repo.commit("merge ada", {"f.txt": lines((6, "kept"), (15, "ada"))})
    (alarm,) = [one for one in judged(repo, tip, base) if one.verdict is Verdict.ALARM]
    assert [(r.subject, r.paths) for r in alarm.reverts] == [("bob", ("f.txt",))], "line 6 is still there"


def test_a_merge_that_adds_what_nobody_wrote_is_an_alarm_without_a_victim(repo: Repo, base: CommitId) -> None:
    one = repo.branch(base, "one", {"f.txt": lines((2, "one"))})
    two = repo.branch(base, "two", {"README": "two\n"})
    repo.git("checkout", "-q", "--detach", one)
    repo.git("merge", "-q", "--no-commit", "--no-ff", two)
    tip = repo.commit("evil", {"lib/m.py": lines((1, "m"), (8, "evil"))})
    alarm = judged(repo, tip, base)[0]
    assert (alarm.verdict, alarm.edited, alarm.reverts) == (Verdict.ALARM, ("lib/m.py",), ())
    assert alarm.reason == "changes what neither side changed so"


def test_a_merge_that_keeps_one_side_only_is_an_alarm(repo: Repo, base: CommitId) -> None:
    one = repo.branch(base, "one", {"f.txt": lines((2, "one"))})
    two = repo.branch(base, "two", {"README": "two\n", "new": "n\n"})
    tip = with_tree(repo, one, "merge -s ours", one, two)
    alarm = judged(repo, tip, base)[0]
    assert alarm.verdict is Verdict.ALARM
    assert [(r.commit, r.paths) for r in alarm.reverts] == [(two, ("README", "new"))]


def test_a_conflict_settled_by_hand_is_unproved_and_an_edit_beside_it_is_not(
    repo: Repo, base: CommitId
) -> None:
    one = repo.branch(base, "one", {"f.txt": lines((2, "one"))})
    two = repo.branch(base, "two", {"f.txt": lines((2, "two")), "new": "n\n"})
    for beside, expected in (({}, Verdict.UNPROVED), ({"README": "edited\n"}, Verdict.ALARM)):
        repo.git("checkout", "-q", "--detach", one)
        repo.git("read-tree", "-u", "--reset", two)
        files = {"f.txt": lines((2, "both")), **beside}
        repo.commit("settled", files)
        tip = with_tree(repo, "HEAD", "merge", one, two)
        found = judged(repo, tip, base)[0]
        assert (found.verdict, found.by_hand) == (expected, ("f.txt",))
        assert found.edited == tuple(beside)


def test_a_squash_on_a_stale_base_is_an_alarm_and_a_revert_is_not(repo: Repo, base: CommitId) -> None:
    by(repo, "Bob")
    bobs = repo.branch(base, "bob's", {"lib/m.py": lines((1, "m"), (5, "bob")), "bob": "b\n"})
    also = repo.branch(bobs, "bob's next", {"README": "bob\n"})
    by(repo, "Ada")
    adas = repo.branch(base, "ada's", {"f.txt": lines((9, "ada"))})
    stale = with_tree(repo, adas, "Add a thing (#7)", also)
    found = judged(repo, stale, base)[0]
    assert (found.form, found.verdict) == (Form.COMMIT, Verdict.ALARM)
    assert [r.subject for r in found.reverts] == ["bob's next", "bob's"]
    assert set(found.edited) == {"README", "lib/m.py", "bob"}
    said = with_tree(repo, adas, "Roll back bob, and add a thing", also)
    assert judged(repo, said, base)[0].verdict is Verdict.PLAIN
    undone = with_tree(repo, bobs, "Hm", also)
    assert judged(repo, undone, base)[0].reason == "puts back what was before, and does nothing else"


def test_ones_own_last_change_may_be_taken_back(repo: Repo, base: CommitId) -> None:
    mine = repo.branch(base, "try", {"README": "try\n"})
    tip = repo.branch(mine, "no, this", {"README": "r\n", "f.txt": lines((3, "this"))})
    assert judged(repo, tip, base)[0].reason == "takes its author's own last change back"


def test_more_than_two_parents(repo: Repo, base: CommitId) -> None:
    parts = [repo.branch(base, f"part {n}", {f"{n}": f"{n}\n", "f.txt": lines((n, "x"))}) for n in (2, 9, 16)]
    repo.git("checkout", "-q", "--detach", base)
    repo.git("merge", "-q", "-m", "all", *parts)
    right = CommitId(repo.git("rev-parse", "HEAD"))
    assert judged(repo, right, base)[0].verdict is Verdict.PROVED
    wrong = with_tree(repo, parts[0], "lost", *parts)
    alarm = judged(repo, wrong, base)[0]
    assert (alarm.form, alarm.verdict) == (Form.OCTOPUS, Verdict.ALARM)
    assert {r.commit for r in alarm.reverts} == set(parts[1:])


def test_histories_without_a_common_commit_are_unproved(repo: Repo, base: CommitId) -> None:
    other = CommitId(repo.git("commit-tree", "-m", "other", repo.git("mktree", stdin=b"")))
    tip = with_tree(repo, base, "join", base, other)
    (found,) = [one for one in judged(repo, tip, base) if one.form is Form.MERGE]
    assert found.verdict is Verdict.UNPROVED
    assert "unrelated histories" in found.reason


def test_files_merge_as_the_attributes_of_their_time_say(repo: Repo) -> None:
    base = repo.commit("base", {".gitattributes": "LOG merge=union\n", "LOG": "0\n"})
    one = repo.branch(base, "one", {"LOG": "0\n1\n"})
    two = repo.branch(base, "two", {"LOG": "0\n2\n"})
    tip = merged(repo, one, two, "both")
    later = repo.branch(tip, "no more", {".gitattributes": None})
    assert verdicts(judged(repo, later, base)) == {
        "both": "proved",
        "no more": "plain",
        "one": "plain",
    }


def test_names_that_are_not_text_come_out_whole(repo: Repo, base: CommitId) -> None:
    name = b"caf\xe9 \n.txt".decode(errors="surrogateescape")
    bobs = repo.branch(base, "bob", {name: "b\n"})
    adas = repo.branch(base, "ada", {"README": "ada\n"})
    tip = with_tree(repo, adas, "merge", bobs, adas)
    assert judged(repo, tip, base)[0].reverts[0].paths == (name,)
    assert json.dumps(name)


def test_a_shallow_clone_is_looked_at_as_far_as_it_goes(repo: Repo, base: CommitId) -> None:
    one = repo.branch(base, "one", {"f.txt": lines((2, "one"))})
    two = repo.branch(base, "two", {"README": "two\n"})
    tip = merged(repo, repo.branch(one, "more", {"m": "m\n"}), two, "merge")
    repo.git("branch", "here", tip)
    repo.git("clone", "-q", "--depth=2", "--branch=here", f"file://{repo.root}", "../shallow")
    clone = Repo(repo.root.parent / "shallow")
    found = judged(clone, clone.git("rev-parse", "HEAD"))
    assert verdicts(found)["more"] == "plain"
    assert {one.verdict for one in found} <= {Verdict.PLAIN, Verdict.UNPROVED}
