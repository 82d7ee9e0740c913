"""Kills a publishing, lets it go on, and names everything that is not as if nothing had happened."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitpar.faults import Step
from tests.support.driving import Driver, Said
from tests.support.publishing import FINAL, Shop
from tests.support.sealed import git

STEPS = tuple(step for step in Step if step.value.startswith(("publish.", "request.")))
JOURNAL = (Step.JOURNAL_APPEND, Step.JOURNAL_APPENDED)
PASSAGES = {
    "pr-per-level": {"publish": 1, "writ": 2, "merge": 0, "journal": 8},
    "pr-per-task": {"publish": 1, "writ": 5, "merge": 3, "journal": 24},
}
"""How often an undisturbed publishing passes the steps, by mode."""


def passages(mode: str, step: Step) -> int:
    """How often a step is passed."""
    for part, times in PASSAGES[mode].items():
        if part in step.value:
            return times
    raise AssertionError(step)


@dataclass
class Publishing:
    """One shop whose publishing is killed."""

    shop: Shop
    mode: str
    environ: Mapping[str, str]

    def __post_init__(self) -> None:
        self.driver = Driver(self.shop.repository, {**self.environ, **self.shop.forge.environ()})

    def killed_at(self, step: Step, passage: int) -> str:
        """Kills at a passage of a step, goes on by `resume`, and says what is wrong."""
        killed = self.driver.say("publish", "--as", self.mode, fault=f"{step.value}:{passage}:kill")
        if killed.status != -signal.SIGKILL:
            return f"passage {passage} of {step.value} was not reached: {killed}"
        return self._ended(f"{step.value}:{passage}:kill")

    def killed_at_random(self, chance: random.Random, kills: int) -> str:
        """Kills several publishings in a row, at a random passage or a random moment each."""
        history = []
        for _ in range(kills):
            if chance.random() < 0.3:
                after_s = chance.uniform(0.2, 2.0)
                ended = self.driver.say_until_killed("publish", "--as", self.mode, after_s=after_s)
                history.append(f"after {after_s:.3f} s" if ended is None else f"not killed: {ended.status}")
                continue
            step = chance.choice([s for s in (*STEPS, *JOURNAL) if passages(self.mode, s)])
            fault = f"{step.value}:{chance.randint(1, passages(self.mode, step))}:kill"
            said = self.driver.say("publish", "--as", self.mode, fault=fault)
            history.append(f"{fault} ({said.status})")
            if said.status not in (0, -signal.SIGKILL):
                return f"{', '.join(history)}: {said}"
        return self._ended(", ".join(history))

    def _ended(self, history: str) -> str:
        """Lets it end, once by `resume` and once more by `publish`."""
        said = self.driver.say("resume")
        again = self.driver.say("publish", "--as", self.mode)
        wrong = [*self.wrong(again), *([] if said.status == 0 else [f"resume: {said}"])]
        return "\n".join([f"{history}, then {again}", *wrong]) if wrong else ""

    def wrong(self, said: Said) -> Iterator[str]:
        """Yields everything that is not as after an undisturbed publishing."""
        shop = self.shop
        if said.status != 0:
            yield f"exit status {said.status}"
        heads = [shop.landed(task) for task in ("one", "two", "x%2F3")]
        if self.mode == "pr-per-level":
            one, two = shop.level(1), shop.level(2)
            expected = [(one, "main", "open"), (two, one, "open")]
        else:
            expected = [(head, "main", "merged") for head in heads]
            merges = git(shop.origin, "rev-list", "--first-parent", "--count", "main")
            if merges != "4":
                yield f"{int(merges) - 1} merges into main"
            if shop.files("main") != FINAL:
                yield f"main holds {shop.files('main')}"
        if shop.stack() != expected:
            yield f"requests: {shop.stack()}"
        for head, _, _ in expected:
            if not shop.tip(head):
                yield f"{head} is not there"
        if not said.facts.get("finished") or said.facts.get("problems"):
            yield f"told: {said.facts}"
        yield from shop.forge.breaches
