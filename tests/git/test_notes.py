"""Certificates as notes: moved with the level or not at all, beside whatever others note."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from gitpar.core.certificate import Check, read
from gitpar.core.names import NO_COMMIT, CommitId, RefName, RunId, level_ref
from gitpar.errors import EnvironmentFault, GitparError, RefMoved
from gitpar.git.analysis import GitRepository
from gitpar.git.notes import NOTES, Notes
from gitpar.git.refs import GitRefs
from gitpar.ports import Proof, RefUpdate
from tests.support.repo import Repo, landing

LEVEL = level_ref("gitpar", RunId("r1"), 1)


class Run:
    """One run's adapters, and its level, which stands at the base."""

    def __init__(self, repo: Repo, base: CommitId, name: str = "r1") -> None:
        self.run = RunId(name)
        self.level = level_ref("gitpar", self.run, 1)
        self.base = self.tip = base
        self.refs = GitRefs(repo.place)
        self.repository = GitRepository(repo.place, self.run)
        self.notes: Notes = self.repository.ledger(self.refs)
        self.refs.move([RefUpdate(self.level, base, NO_COMMIT)])

    def proof(self, result: CommitId, task: str) -> Proof:
        asked = dataclasses.replace(landing(self.base, result, self.tip, task=task), run=self.run)
        found = self.repository.prove(asked)
        assert isinstance(found, Proof), found
        return found

    def land(self, result: CommitId, task: str) -> CommitId:
        return self.land_together({task: result})[0]

    def land_together(
        self, results: Mapping[str, CommitId], meanwhile: Callable[[str], None] = lambda _task: None
    ) -> list[CommitId]:
        """Proves results on top of each other and moves the level once."""
        before, landings = self.tip, []
        for task, result in results.items():
            proof = self.proof(result, task)
            landings.append((proof.commit, proof.certificate))
            self.tip = proof.commit
            meanwhile(task)
        self.notes.land(self.level, before, landings)
        return [commit for commit, _ in landings]

    def close(self) -> None:
        self.repository.close()
        self.refs.close()


@pytest.fixture
def base(repo: Repo) -> CommitId:
    return repo.commit("base", {"f": "f\n"})


@pytest.fixture
def run(repo: Repo, base: CommitId) -> Iterator[Run]:
    opened = Run(repo, base)
    yield opened
    opened.close()


def noted(repo: Repo) -> set[str]:
    """The commits that git says have a note."""
    return {line.split(" ")[1] for line in repo.git("notes", "--ref", "gitpar", "list").splitlines()}


def certified(repo: Repo, commit: CommitId) -> str:
    """The task that the note on a commit says has landed by it."""
    certificate = read(repo.git("notes", "--ref", "gitpar", "show", commit))
    assert certificate is not None
    return certificate.task


def test_the_certificate_of_a_landing_is_a_note_that_git_shows(repo: Repo, base: CommitId, run: Run) -> None:
    result = repo.branch(base, "work", {"a": "a\n"})
    commit = run.land(result, "a")
    text = repo.git("notes", "--ref", "gitpar", "show", commit)
    certificate = read(text)
    assert certificate is not None
    assert certificate.about() == ("r1", "a", 2, "merge", base, base, result)
    assert (certificate.commit, certificate.commits, certificate.second) == (commit, 1, "paths")
    assert certificate.checks == tuple(check.value for check in Check)
    assert json.loads(text)["tree"] == repo.git("rev-parse", f"{commit}^{{tree}}")
    assert repo.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/gitpar").endswith(commit)
    assert "Notes (gitpar):" in repo.git("log", "-1", "--notes=gitpar", commit)
    assert "missing" not in repo.fsck()


def test_what_others_note_meanwhile_stays(repo: Repo, base: CommitId, run: Run) -> None:
    other = Run(repo, base, "r2")
    landed = [run.land(repo.branch(base, "work", {"a": "a\n"}), "a")]
    landed.append(other.land(repo.branch(base, "theirs", {"b": "b\n"}), "b"))
    repo.git("notes", "--ref", "gitpar", "add", "-m", "looks good", base)
    landed.append(run.land(repo.branch(base, "more", {"c": "c\n"}), "c"))
    repo.git("update-ref", "-d", NOTES)
    landed = [*landed[3:], other.land(repo.branch(base, "last", {"d": "d\n"}), "d")]
    assert noted(repo) == set(landed), "and where somebody removed all notes, they stay removed"
    other.close()


def test_two_runs_that_land_at_once_lose_no_note(repo: Repo, base: CommitId) -> None:
    runs = [Run(repo, base, name) for name in ("r1", "r2", "r3")]
    work = {
        run.run: [repo.branch(base, f"{run.run}-{n}", {f"{run.run}/{n}": "x\n"}) for n in range(8)]
        for run in runs
    }
    landed: list[CommitId] = []

    def go(run: Run) -> None:
        landed.extend(run.land(result, f"t{at}") for at, result in enumerate(work[run.run]))

    threads = [threading.Thread(target=go, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(landed) == 24
    assert noted(repo) == set(landed)
    for run in runs:
        run.close()


def test_landings_that_move_together_each_get_their_note(repo: Repo, base: CommitId, run: Run) -> None:
    results = {f"t{n}": repo.branch(base, f"work{n}", {f"f{n}": "x\n"}) for n in range(4)}
    landed = run.land_together(results)
    assert repo.git("rev-list", "--reverse", "--first-parent", f"{base}..{LEVEL}").split() == landed
    assert repo.git("reflog", "show", "--format=%H", LEVEL).split()[0] == landed[-1]
    assert noted(repo) == set(landed)
    assert [certified(repo, commit) for commit in landed] == list(results)
    assert repo.git("rev-list", "--count", NOTES) == "1", "one commit a move"


def test_landings_that_move_together_keep_what_others_noted_meanwhile(
    repo: Repo, base: CommitId, run: Run
) -> None:
    other = Run(repo, base, "r2")
    theirs: list[CommitId] = []
    results = {f"t{n}": repo.branch(base, f"work{n}", {f"f{n}": "x\n"}) for n in range(3)}

    def meanwhile(task: str) -> None:
        theirs.append(other.land(repo.branch(base, f"their {task}", {f"g{task}": "y\n"}), task))

    landed = run.land_together(results, meanwhile)
    other.close()
    assert noted(repo) == {*landed, *theirs}
    assert [certified(repo, commit) for commit in (*landed, *theirs)] == [*results, *results]


def test_a_level_that_was_moved_gets_no_note(repo: Repo, base: CommitId, run: Run) -> None:
    run.land(repo.branch(base, "work", {"a": "a\n"}), "a")
    before = repo.git("for-each-ref", NOTES)
    proof = run.proof(repo.branch(base, "more", {"b": "b\n"}), "b")
    repo.git("update-ref", LEVEL, base)
    with pytest.raises(RefMoved) as caught:
        run.notes.land(LEVEL, run.tip, [(proof.commit, proof.certificate)])
    assert (caught.value.ref, caught.value.found) == (LEVEL, base)
    assert repo.git("for-each-ref", NOTES) == before


def test_a_certificate_of_another_move_moves_nothing(repo: Repo, base: CommitId, run: Run) -> None:
    proof = run.proof(repo.branch(base, "work", {"a": "a\n"}), "a")
    other = repo.branch(base, "not proved", {"b": "b\n"})
    wrong = [
        (base, [(other, proof.certificate)]),
        (other, [(proof.commit, proof.certificate)]),
        (base, [(proof.commit, "")]),
        (base, [(proof.commit, proof.certificate.replace(proof.tree, proof.tree[::-1]))]),
        (base, [(proof.commit, proof.certificate), (other, proof.certificate)]),
    ]
    for tip, landings in wrong:
        with pytest.raises(GitparError, match="the certificate is not about moving"):
            run.notes.land(LEVEL, tip, landings)
    assert repo.git("for-each-ref", "--format=%(objectname)", LEVEL, NOTES) == base


def test_many_notes_are_spread_and_git_reads_them_all(repo: Repo, base: CommitId, run: Run) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"a note\n")
    commits = [f"{number:040x}" for number in range(1, 300)]
    made = "".join(f"100644 blob {blob}\t{commit}\n" for commit in commits).encode()
    tree = repo.git("mktree", stdin=made)
    repo.git("update-ref", NOTES, repo.git("commit-tree", "-m", "notes", tree))
    landed = run.land(repo.branch(base, "work", {"a": "a\n"}), "a")
    assert noted(repo) == {*commits, landed}
    assert landed[:2] in repo.git("ls-tree", "--name-only", NOTES).split()
    run.notes.note(landed, "again")
    assert read(repo.git("notes", "--ref", "gitpar", "show", landed)), "there was one already"


def test_a_ref_for_notes_that_names_no_commit_is_told(repo: Repo, base: CommitId, run: Run) -> None:
    repo.git("update-ref", NOTES, repo.git("rev-parse", f"{base}^{{tree}}"))
    with pytest.raises(EnvironmentFault, match="names no commit") as caught:
        run.land(repo.branch(base, "work", {"a": "a\n"}), "a")
    assert f"git update-ref -d {NOTES}" in caught.value.hints[-1]
    assert repo.git("rev-parse", LEVEL) == base


def test_notes_on_what_no_branch_has_are_forgotten(repo: Repo, base: CommitId, run: Run) -> None:
    first = run.land(repo.branch(base, "work", {"a": "a\n"}), "a")
    second = run.land(repo.branch(base, "more", {"b": "b\n"}), "b")
    repo.git("branch", "mine", first)
    run.notes.forget_unreachable([first, second])
    assert noted(repo) == {first, second}
    repo.git("update-ref", "-d", RefName(LEVEL))
    run.notes.forget_unreachable([first, second, CommitId("1" * 40)])
    assert noted(repo) == {first}
