"""Where tips and results part is the best they have in common, whatever their histories look like."""

from __future__ import annotations

import random

import pytest

from gitpar.core.names import CommitId
from gitpar.git.coordinator import Coordinator
from gitpar.git.parting import Parting
from tests.support.repo import Repo, landing


def history(repo: Repo, chance: random.Random) -> dict[CommitId, set[CommitId]]:
    """Commits with up to three parents, two of them roots; each with all it contains, itself as well."""
    tree = repo.git("mktree", stdin=b"")
    found: dict[CommitId, set[CommitId]] = {}
    for at in range(24):
        many = 0 if at < 2 else chance.choice((1, 1, 1, 2, 2, 3))
        parents = chance.sample(list(found)[-6:], min(many, len(found)))
        given = [part for parent in parents for part in ("-p", parent)]
        made = CommitId(repo.git("commit-tree", tree, *given, "-m", f"{at}"))
        found[made] = {made}.union(*(found[parent] for parent in parents))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_best_that_both_contain(repo: Repo, seed: int) -> None:
    chance = random.Random(seed)
    contained = history(repo, chance)
    commits = list(contained)
    coordinator = Coordinator(repo.place, repo.root / ".git" / "gitpar" / "test")
    parting, as_declared = Parting(), 0
    for _ in range(300):
        base = chance.choice(commits[:12])
        tip, result = chance.sample(commits, 2)
        found = parting.of(coordinator.pygit(), landing(base, result, tip))
        common = contained[tip] & contained[result]
        best = {one for one in common if not any(one in contained[other] - {other} for other in common)}
        assert found in best if best else not found
        as_declared += found == base
    coordinator.close()
    assert as_declared > 10
