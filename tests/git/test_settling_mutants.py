"""Every kind of wrong settlement is refused before a ref moves, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from gitpar.core.names import CommitId, RunId, TreeId
from gitpar.core.settings import Strategy
from gitpar.core.settlement import Means, SettledPath, Settlement
from gitpar.git.analysis import GitRepository
from gitpar.git.commits import read_commit, write_commit
from gitpar.git.coordinator import Coordinator
from gitpar.git.drafting import Draft, Drafting
from gitpar.git.trees import tree_of
from gitpar.ports import Landing, Proof, Refusal
from tests.support.repo import Repo, landing, lines, sealed_repo

LOG, LOCK, CODE = "CHANGELOG.md", "app.lock", "f.txt"
BASE = {LOG: "# Log\n\n- a\n- b\n", LOCK: "1\n", CODE: lines(), "README": "read me\n", "late.txt": "late\n"}
OURS = {LOG: BASE[LOG] + "- ours\n", LOCK: "2\n", CODE: lines((5, "ours"), (12, "ours too")), "o.txt": "o\n"}
THEIRS = {LOG: BASE[LOG] + "- theirs\n", LOCK: "3\n", CODE: lines((5, "theirs"), (18, "theirs too"))}
RIGHT = {
    LOG: BASE[LOG] + "- ours\n- theirs\n",
    LOCK: "2 and 3\n",
    CODE: lines((5, "ours and theirs"), (12, "ours too"), (18, "theirs too")),
}
SETTLED = (
    SettledPath(LOG, Means.UNION),
    SettledPath(LOCK, Means.REGENERATE),
    SettledPath(CODE, Means.AGENT),
)


class Stage:
    """A conflict in three files, and what settles it rightly."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self.base = repo.commit("base", BASE)
        self.tip = repo.branch(self.base, "landed before", OURS)
        self.result = repo.branch(self.base, "work", {**THEIRS, "t.txt": "t\n"})
        self.spoil: Callable[[Draft, Coordinator], Draft] = lambda draft, _coordinator: draft
        self.repository = GitRepository(repo.place, RunId("r1"), self._drafts, never_merged=(LOCK,))

    def _drafts(self, coordinator: Coordinator) -> Spoiled:
        return Spoiled(coordinator, self)

    def settlement(self, files: dict[str, str | bytes | None], **facts: object) -> Settlement:
        """What holds git's merge with some files changed; claims are as they should be."""
        self.repo.git("checkout", "-q", "-f", "--detach", self.tip)
        self.repo.write("t.txt", "t\n")
        commit = self.repo.commit("settled", {**RIGHT, **files})
        made = Settlement(n=2, tip=self.tip, commit=commit, settled=SETTLED)
        return replace(made, **facts)  # type: ignore[arg-type]

    def prove(self, settlement: Settlement, strategy: Strategy) -> Proof | Refusal:
        wanted = landing(self.base, self.result, self.tip, strategy)
        return self.repository.prove(replace(wanted, settlement=settlement))


@dataclass
class Spoiled:
    """Fulfils Drafts: the usual draft, spoiled as the stage says."""

    coordinator: Coordinator
    stage: Stage

    def draft(self, wanted: Landing, tree: TreeId) -> Draft:
        return self.stage.spoil(Drafting(self.coordinator).draft(wanted, tree), self.coordinator)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(sealed_repo(patch, tmp_path_factory.mktemp("settling") / "project"))
        yield stage
        stage.repository.close()


def _log(*entries: str) -> dict[str, str | bytes | None]:
    return {LOG: "# Log\n\n" + "".join(f"- {entry}\n" for entry in entries)}


WRONG: dict[str, dict[str, str | bytes | None]] = {
    "a union without what had landed": _log("a", "b", "theirs"),
    "a union without the task's work": _log("a", "b", "ours"),
    "a union that lost a line of both": _log("a", "ours", "theirs"),
    "a union that doubles a line": _log("a", "b", "ours", "ours", "theirs"),
    "a union that doubles a line of both": _log("a", "b", "b", "ours", "theirs"),
    "a union in another order": _log("b", "a", "ours", "theirs"),
    "a union with a line of nobody": _log("a", "b", "ours", "theirs", "more"),
    "a union with other line ends": {LOG: str(RIGHT[LOG]).replace("\n", "\r\n")},
    "a union whose last lines stick together": {LOG: str(RIGHT[LOG]).replace("ours\n- ", "ours- ")},
    "a union with markers": {LOG: f"<<<<<<< a\n{RIGHT[LOG]}>>>>>>> b\n"},
    "an empty union": {LOG: ""},
    "a union that is gone": {LOG: None},
    "a file made anew and another with it": {LOCK: "x\n", "README": "made\n"},
    "a file made anew and a new one": {LOCK: "x\n", "node_modules/x": "x\n"},
    "a file made anew and one that landed before gone": {LOCK: "x\n", "o.txt": None},
    "a file made anew and the task's gone": {LOCK: "x\n", "t.txt": None},
    "a file made anew with markers": {LOCK: "<<<<<<< a\n2\n=======\n3\n>>>>>>> b\n"},
    "a file that was to be made anew and is gone": {LOCK: None},
    "a repair that leaves the markers": {
        CODE: f"{lines(count=4)}<<<<<<< a\nours\n=======\ntheirs\n>>>>>>> b\n"
    },
    "a repair that leaves one marker": {CODE: str(RIGHT[CODE]) + ">>>>>>> b\n"},
    "a repair that is the task's version": {CODE: THEIRS[CODE]},
    "a repair that is the base": {CODE: BASE[CODE]},
    "a repair that takes the task's line": {CODE: lines((5, "theirs"), (12, "ours too"), (18, "theirs too"))},
    "a repair that takes back lines outside of the conflict": {
        CODE: lines((5, "ours and theirs"), (18, "theirs too"))
    },
    "a repair that puts the old line back": {CODE: lines((12, "ours too"), (18, "theirs too"))},
    "a repair that empties the file": {CODE: ""},
    "a repair that reverts another file": {"o.txt": None},
    "a repair that edits another file": {"README": "Read me.\n"},
    "a repair that adds a file": {"notes.txt": "x\n"},
    "a repair that loses the task's new file": {"t.txt": None},
}
CLAIMS: dict[str, Callable[[Stage], Settlement]] = {
    "a path said to be settled that git merges": lambda s: s.settlement(
        {"README": "x\n"}, settled=(*SETTLED, SettledPath("README", Means.AGENT))
    ),
    "a path said to be made anew that nobody declared": lambda s: s.settlement(
        {LOG: "x\n"}, settled=(SettledPath(LOG, Means.REGENERATE), *SETTLED[1:])
    ),
    "a path that nobody says is settled": lambda s: s.settlement({}, settled=SETTLED[:2]),
    "nothing said to be settled": lambda s: s.settlement({}, settled=()),
    "something left": lambda s: s.settlement({}, left=(CODE,)),
    "something still to be made": lambda s: s.settlement({}, regenerate=(LOCK,)),
    "for another attempt": lambda s: s.settlement({}, n=1),
    "on a stale tip": lambda s: s.settlement({}, tip=s.base),
    "the tip itself": lambda s: s.settlement({}, commit=s.tip),
    "the result itself": lambda s: s.settlement({}, commit=s.result),
}


def _without_trailers(draft: Draft, coordinator: Coordinator) -> Draft:
    repository = coordinator.pygit()
    tree, parents, text = read_commit(repository, draft.chain[-1])
    rows = [row for row in text.message.split(b"\n") if not row.startswith(b"Gitpar-Settled: agent")]
    commit = write_commit(repository, tree, parents, replace(text, message=b"\n".join(rows)))
    return replace(draft, chain=(commit,))


def _another_tree(draft: Draft, coordinator: Coordinator, tree_from: CommitId) -> Draft:
    repository = coordinator.pygit()
    _, parents, text = read_commit(repository, draft.chain[-1])
    tree = tree_of(repository, tree_from)
    return replace(draft, tree=tree, chain=(write_commit(repository, tree, parents, text),))


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("name", [*WRONG, *CLAIMS])
def test_a_wrong_settlement_is_refused(stage: Stage, name: str, strategy: Strategy) -> None:
    settlement = CLAIMS[name](stage) if name in CLAIMS else stage.settlement(WRONG[name])
    before = stage.repo.loose()
    found = stage.prove(settlement, strategy)
    assert isinstance(found, Refusal), f"{name} was proved"
    assert found.reason
    assert stage.repo.loose() == before


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_wrong_commit_of_a_right_settlement_is_refused(stage: Stage, strategy: Strategy) -> None:
    right, other = stage.settlement({}), stage.settlement(_log("a", "b", "theirs")).commit
    try:
        stage.spoil = _without_trailers
        unsaid = stage.prove(right, strategy)
        assert isinstance(unsaid, Refusal)
        assert unsaid.reason == "the landing commit does not say what policies settled"
        stage.spoil = lambda draft, coordinator: _another_tree(draft, coordinator, other)
        assert isinstance(stage.prove(right, strategy), Refusal)
        stage.spoil = lambda draft, coordinator: _another_tree(draft, coordinator, stage.tip)
        assert isinstance(stage.prove(right, strategy), Refusal)
    finally:
        stage.spoil = lambda draft, _coordinator: draft


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_right_settlement_is_proved(stage: Stage, strategy: Strategy) -> None:
    """Last, because it is stored: else the refusals above might be refusals of anything."""
    found = stage.prove(stage.settlement({}), strategy)
    assert isinstance(found, Proof), found


def test_what_is_taken_back_may_be_where_the_settings_say_so(stage: Stage) -> None:
    allowed = stage.settlement({CODE: THEIRS[CODE]}, may_undo=True)
    assert isinstance(stage.prove(allowed, Strategy.MERGE), Proof)
