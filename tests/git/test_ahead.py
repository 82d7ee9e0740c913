"""Landings that are proved before they are asked for."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from gitpar.core.names import NO_COMMIT, CommitId, RunId, TreeId, level_ref
from gitpar.errors import EnvironmentFault
from gitpar.git.ahead import Ahead
from gitpar.git.analysis import GitRepository
from gitpar.git.refs import GitRefs
from gitpar.git.written import unused_ref
from gitpar.ports import Landing, Proof, RefUpdate, Refusal
from tests.support.repo import Repo, landing, lines

BASE = CommitId("b" * 40)


def wave(*names: str) -> list[Landing]:
    return [landing(BASE, name * 40, BASE, task=name) for name in names]


class Prover:
    """Proves as it is told, and remembers what it was asked."""

    def __init__(self, refused: str = "", failing: str = "") -> None:
        self._refused = refused
        self._failing = failing
        self.asked: list[tuple[str, CommitId]] = []
        self.go = threading.Event()
        self.go.set()

    def prove(self, asked: Landing) -> Proof | Refusal:
        assert self.go.wait(30)
        self.asked.append((asked.task, asked.tip))
        if asked.task == self._failing:
            raise EnvironmentFault("the disk is full")
        if asked.task == self._refused:
            return Refusal(reason="it conflicts")
        return Proof(commit_of(asked), TreeId("t" * 40), "")


def commit_of(asked: Landing) -> CommitId:
    return CommitId(f"{asked.task}c" * 20)


def test_each_landing_is_proved_on_the_one_before_and_asked_for_once() -> None:
    prover = Prover()
    ahead = Ahead(prover.prove)
    first, second = wave("1", "2")
    ahead.begin([first, second])
    after = replace(second, tip=commit_of(first))
    found = [ahead.take(first), ahead.take(after)]
    assert [one.commit for one in found if isinstance(one, Proof)] == [commit_of(first), commit_of(second)]
    assert prover.asked == [("1", BASE), ("2", commit_of(first))]
    assert ahead.take(first) is None, "a proof is for one landing"


def test_who_asks_for_what_is_being_proved_waits_for_it() -> None:
    prover = Prover()
    prover.go.clear()
    ahead = Ahead(prover.prove)
    (first,) = wave("1")
    ahead.begin([first])
    found: list[object] = []
    asking = threading.Thread(target=lambda: found.append(ahead.take(first)))
    asking.start()
    assert not found
    prover.go.set()
    asking.join(30)
    assert isinstance(found[0], Proof)
    assert len(prover.asked) == 1


@pytest.mark.parametrize("changed", [{"tip": CommitId("f" * 40)}, {"n": 3}, {"message": "Another"}])
def test_another_landing_than_expected_is_not_answered_and_ends_it(changed: dict[str, object]) -> None:
    prover = Prover()
    ahead = Ahead(prover.prove)
    first, second = wave("1", "2")
    ahead.begin([first, second])
    assert ahead.take(replace(first, **changed)) is None  # type: ignore[arg-type]
    assert ahead.take(first) is None
    assert len(prover.asked) <= 2


def test_what_is_refused_is_said_and_nothing_is_guessed_behind_it() -> None:
    prover = Prover(refused="2")
    ahead = Ahead(prover.prove)
    first, second, third = wave("1", "2", "3")
    ahead.begin([first, second, third])
    assert isinstance(ahead.take(first), Proof)
    tip = commit_of(first)
    assert ahead.take(replace(second, tip=tip)) == Refusal(reason="it conflicts")
    assert ahead.take(replace(third, tip=tip)) is None
    assert [task for task, _ in prover.asked] == ["1", "2"]


def test_what_fails_ahead_of_time_is_left_to_who_asks_for_it() -> None:
    ahead = Ahead(Prover(failing="1").prove)
    (first,) = wave("1")
    ahead.begin([first])
    assert ahead.take(first) is None


def stored(repo: Repo) -> set[str]:
    """The names of all objects in a repository."""
    asked = ("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return set(repo.git(*asked).split())


def test_a_repository_proves_a_wave_while_it_compares_and_every_landing_gets_its_note(repo: Repo) -> None:
    base = repo.commit("base", {"f": lines(), "g": "g\n"})
    results = [
        repo.branch(base, f"t{at}", {"f": lines((2 * at + 1, "x")), f"n{at}": "n\n"}) for at in range(6)
    ]
    expected = [landing(base, result, base, task=f"t{at}") for at, result in enumerate(results)]
    refs, level = GitRefs(repo.place), level_ref("gitpar", RunId("r1"), 1)
    refs.move([RefUpdate(level, base, NO_COMMIT)])
    repository = GitRepository(repo.place, RunId("r1"))
    ledger = repository.ledger(refs)
    repository.compare(base, [(one.task, one.result) for one in expected], fold=False, expected=expected)
    tip = base
    for one in expected:
        found = repository.prove(replace(one, tip=tip))
        assert isinstance(found, Proof), found
        ledger.land(level, tip, [(found.commit, found.certificate)])
        tip = found.commit
    repository.close()
    refs.close()

    landed = repo.git("rev-list", "--first-parent", f"{base}..{level}").split()
    noted = {line.split(" ")[1] for line in repo.git("notes", "--ref", "gitpar", "list").splitlines()}
    assert len(landed) == len(results)
    assert noted == set(landed)
    assert repo.git("fsck", "--no-dangling", "--strict") == ""
    assert "dangling" not in repo.git("fsck")


@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_proved_for_landings_that_never_came_is_not_stored_or_held(
    repo: Repo, *, at_once: bool
) -> None:
    """As where a run is stopped in the middle of landing."""
    base = repo.commit("base", {"f": lines(), "g": "g\n"})
    results = [
        repo.branch(base, f"t{at}", {"f": lines((2 * at + 1, "x")), f"n{at}": "n\n"}) for at in range(6)
    ]
    expected = [landing(base, result, base, task=f"t{at}") for at, result in enumerate(results)]
    refs = GitRefs(repo.place)
    repository = GitRepository(repo.place, RunId("r1"))
    repository.ledger(refs, at_once=at_once)
    before = stored(repo)
    repository.compare(base, [(one.task, one.result) for one in expected], fold=False, expected=expected)
    assert isinstance(repository.prove(expected[0]), Proof)
    with repository.holding_unused(refs) as hold:
        hold()
    repository.close()
    refs.close()

    assert (stored(repo) == before) is at_once
    assert (repo.git("for-each-ref", unused_ref(RunId("r1"))) == "") is at_once
    assert "dangling" not in repo.git("fsck")
