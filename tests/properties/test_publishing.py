"""Publishing on remotes and forges that fail and under kills: each request once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import pytest

from gitpar.core import events as e
from gitpar.core.apply import apply, fold
from gitpar.core.forges import BranchPush, ChangeRequest, Draft, OpenChange, RequestState
from gitpar.core.names import NO_COMMIT, CommitId, RunId
from gitpar.core.publishing import PushBranches, Seen, Words, due, layers, problems
from gitpar.core.run import Run
from gitpar.core.settings import PublishAs
from gitpar.engine.publishing import Outside, Publisher
from gitpar.errors import ForgeUnsure, GitparError, RemoteLost
from gitpar.forges.memory import MemoryForge
from gitpar.ports import RemoteBranches
from gitpar.ui.console import Quiet
from tests.support.amounts import one_in
from tests.ui.made import BASE, Script, task

T = TypeVar("T")
ROUNDS = 120


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Chance:
    """What goes wrong, decided anew at each call; nothing once `calm` is set."""

    rng: Random
    calm: bool = False

    def pass_through(self, act: Callable[[], T], lost: Callable[[], GitparError]) -> T:
        """Does something; it may be killed or its answer lost, before or after it was done."""
        fate = 9 if self.calm else self.rng.randrange(10)
        if fate == 0:
            raise Killed
        if fate == 1:
            raise lost()
        done = act()
        if fate == 2:
            raise Killed
        if fate == 3:
            raise lost()
        return done


@dataclass
class Elsewhere:
    """A remote's branches; every commit's name begins with that of what it is built on."""

    chance: Chance
    tips: dict[str, CommitId] = field(default_factory=lambda: {"main": BASE})
    contained: set[CommitId] = field(default_factory=set)
    merges: list[str] = field(default_factory=list)

    def look(self, wanted: Sequence[str]) -> RemoteBranches:
        return RemoteBranches({name: self.tips[name] for name in wanted if name in self.tips}, "main")

    def push(self, pushes: Sequence[BranchPush]) -> str:
        def act() -> str:
            for push in pushes:
                if self.tips.get(push.head, NO_COMMIT) != push.expected:
                    return f"{push.head} (stale)"
            self.tips |= {push.head: push.commit for push in pushes}
            return ""

        return self.chance.pass_through(act, lambda: RemoteLost("lost"))

    def push_notes(self) -> str:
        return self.chance.pass_through(lambda: "", lambda: RemoteLost("lost"))

    def contains(self, newer: CommitId, older: CommitId) -> bool:
        return newer.startswith(older)

    def tip(self, branch: str) -> CommitId | None:
        return self.tips.get(branch)

    def brings(self, head: CommitId, base: CommitId) -> bool:
        return head != base and head not in self.contained

    def merge(self, head: CommitId, branch: str, message: str) -> str:
        self.merges.append(message)
        self.contained.add(head)
        self.tips[branch] = CommitId(f"{len(self.merges):040}")
        return ""


class Unreliable:
    """A forge whose changing calls may be killed or lose their answers."""

    def __init__(self, forge: MemoryForge, chance: Chance) -> None:
        self._forge = forge
        self._chance = chance

    def listed(self, target: str) -> Sequence[OpenChange]:
        return self._forge.listed(target)

    def requests(self, head: str) -> Sequence[ChangeRequest]:
        return self._forge.requests(head)

    def read(self, number: int) -> ChangeRequest:
        return self._forge.read(number)

    def open(self, draft: Draft) -> ChangeRequest:
        return self._chance.pass_through(lambda: self._forge.open(draft), lambda: ForgeUnsure("lost"))

    def update(self, number: int, draft: Draft) -> ChangeRequest:
        return self._chance.pass_through(
            lambda: self._forge.update(number, draft), lambda: ForgeUnsure("lost")
        )

    def merge(self, number: int, commit: CommitId) -> str:
        return self._chance.pass_through(
            lambda: self._forge.merge(number, commit), lambda: ForgeUnsure("lost")
        )


class Book:
    """A journal in memory that may be killed before or after a line."""

    def __init__(self, events: list[e.Event], chance: Chance) -> None:
        self.written = events
        self._chance = chance

    def append(self, events: Sequence[e.Event]) -> None:
        self._chance.pass_through(lambda: self.written.extend(events), Killed)  # type: ignore[arg-type]

    def events(self, run: object, after: int = 0) -> Sequence[e.Event]:  # noqa: ARG002 - one run
        return self.written[after:]

    def runs(self) -> Sequence[RunId]:
        return ()

    def close(self) -> None:
        """Nothing is open."""


class Still:
    """A clock that stands."""

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0


def finished() -> list[e.Event]:
    """The journal of a run with two levels and three landings."""
    script = Script((task("a"), task("b"), task("c", "a")))
    script.level(1)
    script.start("a")
    script.start("b")
    script.finish("a", 1, "a.txt")
    script.finish("b", 1, "b.txt")
    script.compared(1)
    script.land("a")
    tip = script.land("b")
    script.level(2, tip)
    script.start("c", base=tip)
    script.finish("c", 1, "c.txt")
    script.land("c")
    script.say(e.RunClosing(at=script.at, end=e.RunEnd.DONE))
    script.say(e.RunClosed(at=script.at, end=e.RunEnd.DONE))
    return script.events


def publish(run: Run, book: Book, remote: Elsewhere, forge: Unreliable) -> None:
    """What wiring does: opens a publication, or goes on with the one that is open."""
    mode = PublishAs.PR_PER_TASK
    if run.publication is None or run.publication.closed:
        opened = e.PublishOpened(
            at=0.0, mode=mode, remote="origin", target="main", layers=layers(run, mode, "main"), notes=True
        )
        book.append([opened])
        apply(run, opened)
    assert run.publication is not None
    words = {layer.head: Words(f"Take {layer.task}", f"of {layer.task}") for layer in run.publication.layers}
    outside = Outside(remote, forge, Still(), lambda _s: None)
    Publisher(run, book, outside, Quiet()).publish(run.publication, words)


@pytest.mark.parametrize("seed", one_in(4, range(ROUNDS)))
def test_each_request_is_made_and_merged_once(seed: int) -> None:
    chance = Chance(Random(seed))
    remote = Elsewhere(chance)
    memory = MemoryForge(remote)
    forge = Unreliable(memory, chance)
    written = finished()
    for attempt in range(60):
        chance.calm = attempt > 40
        run = fold(list(written))
        try:
            publish(run, Book(written, chance), remote, forge)
            break
        except (Killed, GitparError):
            continue
    run = fold(list(written))
    assert run.publication is not None
    assert (run.publication.closed, run.publication.problems) == (True, ())
    heads = [layer.head for layer in run.publication.layers]
    found = [list(memory.requests(head)) for head in heads]
    assert [len(requests) for requests in found] == [1, 1, 1]
    assert [(r[0].state, r[0].base) for r in found] == [(RequestState.MERGED, "main")] * 3
    assert remote.merges == [f"Merge #{n}: Take {name}" for n, name in enumerate("abc", start=1)]


def test_a_branch_that_has_grown_is_pushed_over_what_this_run_pushed_and_over_nothing_else() -> None:
    run = fold(finished())
    head, old, theirs = "gitpar/7f3a/level/1", CommitId("0" * 40), CommitId("f" * 40)
    mode = PublishAs.BRANCH
    apply(run, e.BranchesPushing(at=0.0, pushes=(BranchPush(head, old, NO_COMMIT),)))
    wanted = layers(run, mode, "")
    apply(run, e.PublishOpened(at=0.0, mode=mode, remote="origin", target="", layers=wanted))
    assert run.publication is not None
    grown = due(run, run.publication, Seen({head: old}), {})
    assert isinstance(grown, PushBranches)
    assert (grown.pushes[0].expected, grown.pushes[1].expected) == (old, NO_COMMIT)
    moved = Seen({head: theirs})
    assert due(run, run.publication, moved, {}) is None
    [problem] = problems(run, run.publication, moved)
    assert problem.startswith(f"`{head}` stands at {theirs[:12]} on `origin`")
