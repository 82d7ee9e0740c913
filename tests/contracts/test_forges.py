"""What every forge promises, tried on each: the one in memory and the three over their REST interfaces."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitpar.core.forges import Draft, ForgeKind, RequestState
from gitpar.core.names import CommitId
from gitpar.errors import ForgeRefused
from gitpar.forges.address import ForgeAddress
from gitpar.forges.at import forge_at
from gitpar.forges.memory import MemoryForge
from gitpar.forges.rest import Patience
from gitpar.ports import Forge
from tests.support.hosting import REPOSITORY, TOKEN, hosting
from tests.support.repo import Repo
from tests.support.sealed import git

PERMITS = {
    ForgeKind.GITHUB: ("Authorization", f"Bearer {TOKEN}"),
    ForgeKind.GITLAB: ("PRIVATE-TOKEN", TOKEN),
    ForgeKind.GITEA: ("Authorization", f"token {TOKEN}"),
}


class Bare:
    """The branches of a bare repository, for the forge in memory."""

    def __init__(self, bare: Path) -> None:
        self._bare = bare

    def tip(self, branch: str) -> CommitId | None:
        found = git(self._bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return CommitId(found) if found else None

    def brings(self, head: CommitId, base: CommitId) -> bool:
        return git(self._bare, "rev-list", "--count", f"{base}..{head}") != "0"

    def merge(self, head: CommitId, branch: str, message: str) -> str:
        tip = git(self._bare, "rev-parse", f"refs/heads/{branch}")
        try:
            tree = git(self._bare, "merge-tree", "--write-tree", tip, head)
        except subprocess.CalledProcessError:
            return "it has conflicts"
        merged = git(self._bare, "commit-tree", tree, "-p", tip, "-p", head, "-m", message)
        git(self._bare, "update-ref", f"refs/heads/{branch}", merged, tip)
        return ""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Branches `one` and `two` stacked on each other, `clash` against `one`, `same` as main."""
    repo = Repo(tmp_path / "shop")
    base = repo.commit("base", {"f": "1\n"})
    one = repo.branch(base, "one", {"f": "one\n"})
    two = repo.branch(one, "two", {"g": "two\n"})
    clash = repo.branch(base, "clash", {"f": "clash\n"})
    bare = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    refs = {"main": base, "one": one, "x/two%41": two, "clash": clash, "same": base}
    repo.git("push", "-q", str(bare), *(f"{commit}:refs/heads/{name}" for name, commit in refs.items()))
    return bare


@pytest.fixture(params=["memory", *ForgeKind])
def forge(request: pytest.FixtureRequest, bare: Path) -> Iterator[Forge]:
    if request.param == "memory":
        yield MemoryForge(Bare(bare))
        return
    kind = ForgeKind(request.param)
    with hosting(bare, kind.value) as double:
        address = ForgeAddress(kind, double.api, REPOSITORY, PERMITS[kind], "TOKEN")
        double.unsettled = 2
        yield forge_at(address, Patience(first_pause_s=0.001))
        assert double.breaches == []


def draft(head: str, base: str = "main") -> Draft:
    return Draft(head, base, f"Take {head} äß", "- a\n- b")


def test_a_request_is_made_once_found_again_and_changed(forge: Forge, bare: Path) -> None:
    made = forge.open(draft("one"))
    assert (made.head, made.base, made.title, made.body) == ("one", "main", "Take one äß", "- a\n- b")
    assert made.state is RequestState.OPEN
    assert made.commit == git(bare, "rev-parse", "one")
    assert made.url
    stacked = forge.open(draft("x/two%41", "one"))
    assert [each.number for each in forge.requests("one")] == [made.number]
    assert [each.number for each in forge.requests("x/two%41")] == [stacked.number]
    assert forge.requests("x/two") == []
    with pytest.raises(ForgeRefused) as twice:
        forge.open(draft("one"))
    assert twice.value.status in (409, 422)
    changed = forge.update(stacked.number, Draft("x/two%41", "main", "New", ""))
    assert (changed.base, changed.title, changed.body) == ("main", "New", "")
    assert forge.read(stacked.number) == changed


def test_open_requests_are_listed_by_their_target(forge: Forge) -> None:
    made = [forge.open(draft(name)).number for name in ("one", "x/two%41", "clash")]
    forge.open(draft("x/two%41", "one"))
    assert sorted(each.number for each in forge.listed("main")) == made
    assert {each.target for each in forge.listed("main")} == {"main"}
    assert forge.merge(made[0], forge.read(made[0]).commit) == ""
    assert sorted(each.number for each in forge.listed("main")) == made[1:]


def test_a_merge_moves_the_base_and_is_made_once(forge: Forge, bare: Path) -> None:
    made = forge.open(draft("one"))
    assert forge.merge(made.number, made.commit) == ""
    tip = git(bare, "rev-parse", "main")
    assert git(bare, "rev-parse", "main^2") == made.commit
    assert forge.read(made.number).state is RequestState.MERGED
    assert forge.merge(made.number, made.commit) == ""
    assert git(bare, "rev-parse", "main") == tip
    [found] = forge.requests("one")
    assert (found.state, found.commit) == (RequestState.MERGED, made.commit)


def test_what_does_not_merge_says_why_and_stays_open(forge: Forge, bare: Path) -> None:
    one, clash = forge.open(draft("one")), forge.open(draft("clash"))
    assert forge.merge(one.number, clash.commit) != ""
    assert forge.merge(one.number, one.commit) == ""
    tip = git(bare, "rev-parse", "main")
    assert forge.merge(clash.number, clash.commit) != ""
    assert forge.read(clash.number).state is RequestState.OPEN
    assert git(bare, "rev-parse", "main") == tip


def test_a_head_that_is_not_there_is_refused(forge: Forge) -> None:
    with pytest.raises(ForgeRefused) as absent:
        forge.open(draft("nowhere"))
    assert absent.value.status in (404, 422)
    with pytest.raises(ForgeRefused) as unknown:
        forge.read(77)
    assert unknown.value.status == 404
