"""Landings: what they look like, what proves them, what is refused, and what is left in the store."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil

import pytest

from gitpar.core.conflicts import ConflictKind
from gitpar.core.names import CommitId, RunId
from gitpar.core.settings import Strategy
from gitpar.git.analysis import GitRepository
from gitpar.git.certificate import Evidence, strangers
from gitpar.git.chain import chain_problem
from gitpar.git.commits import with_trailers
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft
from gitpar.git.trees import compose, difference, tree_of
from gitpar.ports import Proof, Refusal
from tests.support.repo import Repo, landing, lines

TRAILERS = "Gitpar-Run: r1\nGitpar-Task: api\nGitpar-Attempt: 2"


@pytest.fixture
def base(repo: Repo) -> CommitId:
    return repo.commit("base", {"f.txt": lines(), "lib/m.py": lines((1, "m")), "lib/n.py": lines((1, "n"))})


@pytest.fixture
def tip(repo: Repo, base: CommitId) -> CommitId:
    return repo.branch(base, "landed before", {"f.txt": lines((2, "before")), "other": "1\n"})


def proved(found: Proof | Refusal) -> Proof:
    assert isinstance(found, Proof), found
    return found


def refused(found: Proof | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def test_a_merge_has_two_parents_and_says_where_it_comes_from(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    result = repo.branch(base, "work", {"f.txt": lines((9, "work"))})
    proof = proved(repository.prove(landing(base, result, tip)))
    assert repo.git("show", "-s", "--format=%P", proof.commit) == f"{tip} {result}"
    assert repo.git("show", "-s", "--format=%an <%ae> %cn <%ce>", proof.commit) == (
        "Ada Example <ada@example.org> Ada Example <ada@example.org>"
    )
    assert repo.git("show", "-s", "--format=%B", proof.commit) == (
        f"Merge task api: Add the API and more\n\n{TRAILERS}\n"
    )
    repo.git("checkout", "-q", "--detach", tip)
    repo.git("merge", "-q", "-m", "m", result)
    assert (
        proof.tree
        == repo.git("rev-parse", "HEAD^{tree}")
        == repo.git("rev-parse", f"{proof.commit}^{{tree}}")
    )


def test_a_squash_is_one_commit_with_the_plans_message(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    repo.branch(base, "one", {"f.txt": lines((9, "one"))})
    result = repo.commit("two", {"new": "n\n"})
    asked = dataclasses.replace(landing(base, result, tip, Strategy.SQUASH), message="feat: api\n\nBody.\n")
    proof = proved(repository.prove(asked))
    assert (
        repo.git("show", "-s", "--format=%P%n%B", proof.commit)
        == f"{tip}\nfeat: api\n\nBody.\n\n{TRAILERS}\n"
    )


def test_a_rebase_keeps_authors_and_messages(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    repo.git("checkout", "-q", "--detach", base)
    repo.write("f.txt", lines((9, "one")))
    repo.git(
        "commit",
        "-q",
        "-a",
        "-m",
        "one\n\nReviewed-by: Bob <bob@example.org>",
        "--author",
        "Zoë <z@example.org>",
    )
    result = repo.commit("two", {"new": "n\n"})
    proof = proved(repository.prove(landing(base, result, tip, Strategy.REBASE)))
    shown = repo.git("log", "--reverse", "--format=%an|%cn|%B", f"{tip}..{proof.commit}")
    assert shown == (
        f"Zoë|Ada Example|one\n\nReviewed-by: Bob <bob@example.org>\n{TRAILERS}\n\n"
        f"Ada Example|Ada Example|two\n\n{TRAILERS}\n"
    )
    repo.git("checkout", "-q", "--detach", result)
    repo.git("rebase", "-q", tip)
    assert proof.tree == repo.git("rev-parse", "HEAD^{tree}")
    assert repo.git("log", "--format=%T", f"{tip}..{proof.commit}") == repo.git(
        "log", "--format=%T", f"{tip}..HEAD"
    )
    assert json.loads(proof.certificate)["commits"] == 2


def test_a_rebase_drops_what_is_there_and_lays_merges_in_a_row(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    side = repo.branch(base, "side", {"side": "s\n"})
    repo.branch(base, "known already", {"other": "1\n"})
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", side)
    result = repo.commit("last", {"last": "l\n"})
    proof = proved(repository.prove(landing(base, result, tip, Strategy.REBASE)))
    assert repo.git("log", "--format=%s", f"{tip}..{proof.commit}").split("\n") == ["last", "side"]
    assert json.loads(proof.certificate)["notes"] == []


def test_a_rebase_that_does_not_go_step_by_step_is_squashed_and_noted(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    repo.branch(base, "goes over the landed line", {"f.txt": lines((2, "mine"))})
    result = repo.commit("and back", {"f.txt": lines((9, "work"))})
    proof = proved(repository.prove(landing(base, result, tip, Strategy.REBASE)))
    assert repo.git("show", "-s", "--format=%P", proof.commit) == tip
    assert json.loads(proof.certificate)["notes"] == [
        "squashed: replaying the commits one by one does not give the merged tree"
    ]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_result_that_is_there_already_still_gets_its_commit(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository, strategy: Strategy
) -> None:
    result = repo.branch(base, "same", {"other": "1\n"})
    proof = proved(repository.prove(landing(base, result, tip, strategy)))
    assert proof.commit != tip
    assert json.loads(proof.certificate)["second"] == "trees", "the same file was added twice"
    assert proof.tree == repo.git("rev-parse", f"{tip}^{{tree}}")


@pytest.mark.parametrize("strategy", list(Strategy))
def test_only_what_is_landed_is_stored(repo: Repo, base: CommitId, tip: CommitId, strategy: Strategy) -> None:
    repo.branch(base, "one", {"lib/m.py": lines((1, "m"), (7, "one")), "f.txt": lines((9, "one"))})
    result = repo.commit("two", {"lib/deep/er/x": "x\n", "f.txt": lines((9, "one"), (15, "two"))})
    against = repo.branch(base, "against", {"f.txt": lines((2, "against"))})
    for name, commit in (("tip", tip), ("result", result), ("against", against)):
        repo.git("branch", name, commit)
    before, said = repo.loose(), repo.fsck()
    repository = GitRepository(repo.place, RunId("r1"))
    refused(repository.prove(landing(base, against, tip, strategy)))
    assert (repo.loose(), repo.fsck()) == (before, said)
    proof = proved(repository.prove(landing(base, result, tip, strategy)))
    repository.close()
    repo.git("branch", "landed", proof.commit)
    assert repo.fsck() == said
    wanted = set(repo.git("rev-list", "--objects", "--no-object-names", "landed", "^tip", "^result").split())
    assert repo.loose() - before <= wanted
    assert repo.git("fsck", "--full", "--strict", "--no-progress") == said


def test_landings_on_top_of_each_other_after_a_comparison(repo: Repo, base: CommitId) -> None:
    """The comparison has computed the same objects before, in scratch, which then goes away."""
    made = [
        repo.branch(base, f"t{at}", {f"lib/{at}.py": f"{at}\n", "f.txt": lines((3 * at + 1, "x"))})
        for at in range(5)
    ]
    repository = GitRepository(repo.place, RunId("r1"))
    fold = repository.compare(base, [(landing(base, c, base).task, c) for c in made]).fold
    tip = base
    for at, commit in enumerate(made):
        proof = proved(repository.prove(landing(base, commit, tip, task=f"t{at}")))
        tip = proof.commit
    assert json.loads(proof.certificate)["second"] == "files", "f.txt was changed on both sides"
    repository.close()
    assert proof.tree == fold.tree
    repo.git("branch", "landed", tip)
    assert repo.fsck() == ""
    assert repo.git("ls-tree", "-r", "--name-only", "landed", "lib/").count("\n") == 6


def test_a_conflict_is_told_in_words_people_know(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    result = repo.branch(base, "gone", {"f.txt": None})
    refusal = refused(repository.prove(landing(base, result, tip)))
    (conflict,) = refusal.conflicts
    assert (conflict.path, conflict.kind) == ("f.txt", ConflictKind.MODIFY_DELETE)
    assert conflict.message == (
        "CONFLICT (modify/delete): f.txt deleted in `api` and modified in the level."
        "  Version the level of f.txt left in tree."
    )


def test_a_result_from_a_wrong_base_is_refused(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    """The base is not below the result: landing it could take back what landed in between."""
    result = repo.branch(base, "work", {"f.txt": lines((9, "work"))})
    refusal = refused(repository.prove(landing(tip, result, tip)))
    assert refusal.reason.endswith(f"does not descend from the declared base {tip[:12]}")
    beside = repo.branch(base, "beside", {"x": "x\n"})
    assert "the tip" in refused(repository.prove(landing(tip, result, beside))).reason


def test_a_result_that_merged_what_has_landed_is_proved(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    repo.branch(tip, "on top", {"f.txt": lines((2, "changed again"))})
    result = repo.commit("more", {"more": "m\n"})
    proof = proved(repository.prove(landing(base, result, tip)))
    assert json.loads(proof.certificate)["merge_base"] == tip
    assert repo.git("show", f"{proof.commit}:f.txt").splitlines()[1] == "changed again"


def test_a_result_that_merged_two_ways_is_proved(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    """Criss-cross: tip and result have two merge bases; both engines make a virtual one."""
    left = repo.branch(base, "left", {"f.txt": lines((2, "left"))})
    right = repo.branch(base, "right", {"f.txt": lines((18, "right"))})
    tips = []
    for first, second, name in ((left, right, "x"), (right, left, "y")):
        repo.git("checkout", "-q", "--detach", first)
        repo.git("merge", "-q", "-m", "cross", second)
        tips.append(repo.commit(name, {name: "1\n"}))
    assert len(repo.git("merge-base", "--all", *tips).split()) == 2
    said = repo.fsck().count("\n")
    proof = proved(repository.prove(landing(base, tips[1], tips[0])))
    repo.git("branch", "landed", proof.commit)
    assert repo.fsck().count("\n") <= said
    assert json.loads(proof.certificate)["second"] == "trees"
    assert set(repo.git("ls-tree", "--name-only", "landed").split()) == {"f.txt", "lib", "x", "y"}


def test_a_rename_on_the_level_carries_the_tasks_change(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    tip = repo.branch(base, "moved", {"f.txt": None, "moved.txt": lines()})
    result = repo.branch(base, "work", {"f.txt": lines((9, "work"))})
    proof = proved(repository.prove(landing(base, result, tip)))
    assert repo.git("show", f"{proof.commit}:moved.txt").splitlines()[8] == "work"


@pytest.mark.parametrize("strategy", Strategy)
def test_a_file_gives_way_to_a_folder_and_a_folder_to_a_file(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository, strategy: Strategy
) -> None:
    quiet = repo.branch(base, "beside", {"other": "1\n"})
    repo.git("checkout", "-q", "--detach", base)
    repo.git("rm", "-rq", "lib")
    result = repo.commit("work", {"f.txt": None, "f.txt/deep/x": "new\n", "lib": "file\n"})
    proof = proved(repository.prove(landing(base, result, quiet, strategy)))
    files = repo.git("ls-tree", "-r", "--name-only", proof.commit).split()
    assert files == ["f.txt/deep/x", "lib", "other"]
    # where the level has changed the file, git finds a conflict
    assert refused(repository.prove(landing(base, result, tip, strategy))).conflicts


def test_engines_that_disagree_are_refused(repo: Repo, base: CommitId) -> None:
    """Only git moves new files after a moved folder, and only where the user asked for it."""
    repo.git("config", "merge.directoryRenames", "true")
    names = {"lib/m.py": None, "lib/n.py": None, "src/m.py": lines((1, "m")), "src/n.py": lines((1, "n"))}
    tip = repo.branch(base, "moved", names)
    result = repo.branch(base, "work", {"lib/new.py": "new\n"})
    before = repo.loose()
    repository = GitRepository(repo.place, RunId("r1"))
    refusal = refused(repository.prove(landing(base, result, tip)))
    assert refusal.reason == "the two merge engines disagree about lib/new.py, src/new.py"
    assert repo.loose() == before
    repository.close()


def test_the_certificate_finds_a_landing_that_takes_others_work_back(
    repo: Repo, base: CommitId, tip: CommitId
) -> None:
    """What happens when a squash is built on the base and not on the tip."""
    result = repo.branch(base, "work", {"new": "n\n"})
    coordinator = Coordinator(repo.place, repo.root / "coordinator")
    pygit = coordinator.pygit()
    trees = {
        name: tree_of(pygit, commit) for name, commit in (("base", base), ("tip", tip), ("result", result))
    }
    task = difference(pygit, trees["base"], trees["result"]).files
    level = difference(pygit, trees["base"], trees["tip"]).files.keys() & task.keys()
    wrong = difference(pygit, trees["tip"], trees["result"]).files
    assert strangers(Evidence(task, level, wrong)) == ("f.txt", "other")
    right = compose(pygit, trees["tip"], {path: sides[1] for path, sides in task.items()})
    assert strangers(Evidence(task, level, difference(pygit, trees["tip"], right).files)) == ()
    assert strangers(Evidence(task, level, {})) == ("new",), "the task's own change is missing"
    asked = landing(base, result, tip)
    drafts = [Draft(trees["result"], (result,), Strategy.MERGE), Draft(trees["tip"], (), Strategy.MERGE)]
    said = [chain_problem(pygit, asked, draft, tuple) for draft in drafts]
    assert said == [f"the parents of {result[:12]} are not the declared ones", "it has 0 commits, not one"]
    coordinator.close()


def test_attributes_that_a_landing_changes_count_for_the_next(
    repo: Repo, base: CommitId, repository: GitRepository
) -> None:
    plain = repo.branch(base, "a", {"LOG": "a\n"})
    other = repo.branch(base, "b", {"LOG": "b\n"})
    tip = proved(repository.prove(landing(base, plain, base))).commit
    assert refused(repository.prove(landing(base, other, tip, task="other"))).conflicts
    rules = repo.branch(base, "rules", {".gitattributes": "LOG merge=union\n"})
    tip = proved(repository.prove(landing(base, rules, tip, task="rules"))).commit
    tip = proved(repository.prove(landing(base, other, tip, task="other"))).commit
    assert repo.git("show", f"{tip}:LOG") == "a\nb"


def test_without_an_identity_gitpar_signs_itself(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    result = repo.branch(base, "work", {"new": "n\n"})
    repo.git("config", "--remove-section", "user")
    proof = proved(repository.prove(landing(base, result, tip)))
    assert repo.git("show", "-s", "--format=%an <%ae>", proof.commit) == "gitpar <gitpar@localhost>"


def test_names_that_are_not_utf8_and_modes_land_as_they_are(
    repo: Repo, base: CommitId, tip: CommitId, repository: GitRepository
) -> None:
    repo.git("checkout", "-q", "--detach", base)
    name = os.fsdecode(b"caf\xe9/\xff")
    (repo.root / name).parent.mkdir()
    (repo.root / name).symlink_to("../f.txt")
    (repo.root / "lib/m.py").chmod(0o755)
    result = repo.commit("odd")
    proof = proved(repository.prove(landing(base, result, tip, Strategy.SQUASH)))
    shown = repo.git("diff-tree", "-r", "-z", "--raw", tip, proof.commit)
    assert shown == repo.git("diff-tree", "-r", "-z", "--raw", base, result)


def test_a_shallow_clone_lands(repo: Repo, base: CommitId, tip: CommitId) -> None:
    repo.git("checkout", "-q", "-B", "main", tip)
    repo.git("clone", "-q", "--depth=1", f"file://{repo.root}", "../shallow")
    clone = Repo(repo.root.parent / "shallow")
    here = CommitId(clone.git("rev-parse", "HEAD"))
    one = clone.branch(here, "one", {"one": "1\n"})
    two = clone.branch(here, "two", {"two": "2\n"})
    repository = GitRepository(clone.place, RunId("r1"))
    first = proved(repository.prove(landing(here, one, here)))
    assert proved(repository.prove(landing(here, two, first.commit, task="two"))).tree
    repository.close()
    assert base


def test_a_partial_clone_says_what_to_fetch(repo: Repo, base: CommitId, tip: CommitId) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    result = repo.branch(base, "work", {"f.txt": lines((9, "work"))})
    repo.git("branch", "-f", "tip", tip)
    repo.git("branch", "-f", "result", result)
    repo.git("checkout", "-q", "main")
    repo.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repo.root}", "../partial")
    clone = Repo(repo.root.parent / "partial")
    assert clone.place.partial
    shutil.move(repo.root, repo.root.with_name("gone"))
    repository = GitRepository(clone.place, RunId("r1"))
    with pytest.raises(Exception, match="partial clone") as caught:
        repository.prove(landing(base, result, tip))
    assert "git fetch --refetch --no-filter" in str(getattr(caught.value, "hints", ""))
    repository.close()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"one line", b"one line\n\nK: v\n"),
        (b"one\n\nbody\n\n", b"one\n\nbody\n\nK: v\n"),
        (b"one\n\nA: b\nC-d: e\n", b"one\n\nA: b\nC-d: e\nK: v\n"),
        (b"fix: looks like a trailer\n", b"fix: looks like a trailer\n\nK: v\n"),
        (b"one\n\nA: b\nnot one\n", b"one\n\nA: b\nnot one\n\nK: v\n"),
        (b"caf\xe9\n", b"caf\xe9\n\nK: v\n"),
    ],
)
def test_trailers_join_those_that_are_there(message: bytes, expected: bytes) -> None:
    assert with_trailers(message, {"K": "v"}) == expected
