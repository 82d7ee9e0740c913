"""Conflicts made to measure, and what settles them, for tests of settling."""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.settings import Strategy
from gitpar.core.settlement import Settlement, settled_by_policy
from gitpar.git.analysis import GitRepository
from gitpar.ports import Landing, Proof, Refusal
from gitpar.settling_port import Drivers, Found, How
from tests.support.repo import Repo, landing, lines

LOG = "# Changes\n\n- first\n"
UNION = Drivers(union=("CHANGELOG.md", "docs/*.log"))

Files = dict[str, str | bytes | None]


def scene(
    repo: Repo, base: Files, ours: Files, theirs: Files, strategy: Strategy = Strategy.MERGE
) -> Landing:
    """A landing of `theirs` on a level with `ours`, both from `base`."""
    start = repo.commit("base", {"f.txt": lines(), **base})
    tip = repo.branch(start, "landed before", ours)
    result = repo.branch(start, "work", theirs)
    return landing(start, result, tip, strategy)


def settle(
    repository: GitRepository, wanted: Landing, drivers: Drivers | None = UNION, *, leave: bool = False
) -> Found:
    return repository.settling().settle(wanted, drivers, How(leave=leave))


def settled(repository: GitRepository, wanted: Landing, drivers: Drivers | None = UNION) -> Settlement:
    found = settle(repository, wanted, drivers)
    assert isinstance(found.outcome, Settlement), found
    assert found.outcome.complete
    return found.outcome


def proved(repository: GitRepository, wanted: Landing, drivers: Drivers | None = UNION) -> Proof:
    plain = repository.prove(wanted)
    assert isinstance(plain, Refusal), "there is something to settle"
    proof = repository.prove(replace(wanted, settlement=settled(repository, wanted, drivers)))
    assert isinstance(proof, Proof), proof
    return proof


def paths(proof: Proof) -> list[tuple[str, str]]:
    return [(one.path, one.policy.value) for one in settled_by_policy(proof.certificate)]


def appended(*entries: str) -> str:
    return LOG + "".join(f"- {entry}\n" for entry in entries)
