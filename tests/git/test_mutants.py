"""Every kind of wrong landing is refused, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest

from gitpar.core.names import RunId
from gitpar.core.settings import Strategy
from gitpar.git.analysis import GitRepository
from gitpar.git.coordinator import Coordinator
from gitpar.ports import Landing, Proof, Refusal
from tests.support.mutants import (
    MERGES,
    REBASES,
    SQUASHES,
    TREES,
    Mutant,
    Scene,
    Spoiled,
    files_at_base,
    work_of_api,
)
from tests.support.repo import Repo, landing, lines, sealed_repo

KINDS: list[tuple[Strategy, str, Mutant]] = [
    *((Strategy.MERGE, name, mutant) for name, mutant in chain(TREES.items(), MERGES.items())),
    *((Strategy.SQUASH, name, mutant) for name, mutant in chain(TREES.items(), SQUASHES.items())),
    *((Strategy.REBASE, name, mutant) for name, mutant in chain(TREES.items(), REBASES.items())),
]


class Stage:
    """The scene in a real repository, and a lander whose drafts can be spoiled."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        base = repo.commit("base", files_at_base())
        one = repo.branch(base, "one", {"f.txt": lines((2, "one")), "one.txt": "1\n"})
        two = repo.branch(base, "two", {"lib/n.py": lines((1, "n"), (3, "two")), "two.txt": "two\n"})
        other = repo.branch(base, "late", {"late.txt": "late\n"})
        result = work_of_api(repo, base)
        usual = GitRepository(repo.place, RunId("r1"))
        tips = [base]
        for name, work in (("one", one), ("two", two)):
            proof = usual.prove(landing(base, work, tips[-1], task=name))
            assert isinstance(proof, Proof), proof
            tips.append(proof.commit)
        usual.close()
        self.scene = Scene(base, tips[1], tips[2], result, other)
        self.repository = GitRepository(repo.place, RunId("r1"), self._drafts)

    def _drafts(self, coordinator: Coordinator) -> Spoiled:
        self.spoiled = Spoiled(coordinator, self.scene)
        return self.spoiled

    def landing(self, strategy: Strategy) -> Landing:
        return landing(self.scene.base, self.scene.result, self.scene.tip, strategy)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(sealed_repo(patch, tmp_path_factory.mktemp("mutants") / "project"))
        yield stage
        stage.repository.close()


def test_there_are_enough_kinds() -> None:
    assert len({name for _, name, _ in KINDS}) >= 60


@pytest.mark.parametrize(("strategy", "name", "mutant"), KINDS, ids=[f"{s.value}: {n}" for s, n, _ in KINDS])
def test_a_wrong_landing_is_refused(stage: Stage, strategy: Strategy, name: str, mutant: Mutant) -> None:
    stage.spoiled.by = mutant
    before = stage.repo.loose()
    found = stage.repository.prove(stage.landing(strategy))
    assert isinstance(found, Refusal), f"{name} was proved: {found}"
    assert found.reason
    assert not found.conflicts
    assert stage.repo.loose() == before


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_right_landing_is_proved(stage: Stage, strategy: Strategy) -> None:
    """Last, because it is stored: else the refusals above might be refusals of anything."""
    stage.spoiled.by = None
    found = stage.repository.prove(stage.landing(strategy))
    assert isinstance(found, Proof), found


def test_a_refusal_says_whose_work_it_would_have_taken_back(stage: Stage) -> None:
    stage.spoiled.by = TREES["built on the base: the tree of the result"]
    found = stage.repository.prove(stage.landing(Strategy.SQUASH))
    assert isinstance(found, Refusal)
    assert found.reason.endswith("(work of `two`, `one`)")
