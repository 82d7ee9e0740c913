"""Kills runs in which gates hold a task, policies settle conflicts and requests are made; all at once.

With a repairer two tasks conflict and the agent that did one of them settles that. What must
come of it is what comes of the same run when nobody disturbs it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.bystander import Bystander, left_behind, look_at
from tests.support.driving import Driver, Said
from tests.support.hosting import hosting
from tests.support.publishing import KINDS, LINES, Shop
from tests.support.sealed import git

SETTINGS = """\
policies = ["drivers", "agent", "serialize", "hold"]
[merge]
union = ["CHANGELOG.md"]
[gates.sane]
command = "sleep 0.1; ! grep -q bad f"
[agents.own]
command = "sh own.sh"
"""
OWN = """\
case "$(cat)" in
*'Settle a conflict'*) sleep 0.2; sed '/^<<<<<<</,/^>>>>>>>/c line 16 left right' f > new ;;
*) sleep 0.1; sed "16s/$/ $GITPAR_TASK/" f > new ;;
esac
mv new f
"""
SCHEDULES = ("waves", "dag")
MODES = ("pr-per-level", "pr-per-task")


@dataclass(frozen=True)
class Outcome:
    """What a run has come to, with nothing in it that differs from run to run."""

    status: int
    states: Mapping[str, str]
    files: Mapping[str, tuple[str, ...]]
    requests: tuple[tuple[str, str, str], ...]
    landed: tuple[tuple[str, int], ...]
    """How often each task was landed."""


@dataclass(frozen=True)
class How:
    """How tasks start, what is published where, and whether two tasks conflict."""

    schedule: str
    mode: str
    kind: str
    conflict: bool

    @classmethod
    def chosen(cls, chance: random.Random) -> How:
        """Draws one."""
        drawn = chance.choice(SCHEDULES), chance.choice(MODES), chance.choice(KINDS)
        return cls(*drawn, conflict=chance.random() < 0.5)


class Mixed:
    """One repository with a remote, a forge before it, and a plan."""

    def __init__(self, shop: Shop, environ: Mapping[str, str], how: How) -> None:
        self.shop = shop
        self.how = how
        self.log = shop.folder / "log"
        self.log.touch()
        self.environ = {**environ, **shop.forge.environ()}
        self.driver = Driver(shop.repository, self.environ)
        flags = ("--jobs", "3", "--grace", "1", "--speculate", "--gate-jobs", "2")
        asked = ("--schedule", how.schedule, "--publish", how.mode)
        self.arguments = ("run", str(self._plan()), *flags, *asked)
        self.before = self._look()

    def _plan(self) -> Path:
        tasks = [
            self._task("one", 2),
            self._task("slow", 20, pause_s=0.8),
            self._task("two", 6, "one"),
            {**self._task("bad", 9, "one"), "retries": 0},
            self._task("three", 12, "two", "slow"),
        ]
        if self.how.conflict:
            tasks += [
                {"id": name, "title": f"Do {name}", "prompt": f"Put {name} behind line 16.", "agent": "own"}
                for name in ("left", "right")
            ]
        path = self.shop.folder / "plan.json"
        path.write_text(json.dumps({"tasks": tasks}), encoding="utf-8")
        return path

    def _task(self, name: str, line: int, *depends_on: str, pause_s: float = 0.1) -> dict[str, Any]:
        parts = [
            f"echo {name} >> {self.log}",
            f"sleep {pause_s}",
            f"sed '{line}s/$/ {name}/' f > new && mv new f",
            f"echo '- {name}' >> CHANGELOG.md",
        ]
        return {"id": name, "title": f"Do {name}", "command": " && ".join(parts), "depends_on": depends_on}

    def _look(self) -> Bystander:
        looked = look_at(self.shop.repository, self.environ)
        kept = {name: fact for name, fact in looked.facts.items() if "refs/remotes/" not in name}
        return Bystander(kept)

    def outcome(self, said: Said) -> Outcome:
        """Reads what has come of it from repository, remote and forge."""
        shop = self.shop
        names = git(shop.repository, "ls-tree", "-r", "--name-only", said.tip).splitlines()
        texts = {name: git(shop.repository, "show", f"{said.tip}:{name}") for name in names}
        subjects = git(shop.repository, "log", "--first-parent", "--format=%s", f"main..{said.tip}")
        return Outcome(
            said.status,
            said.states,
            # it can be chance who comes first
            {
                name: tuple(sorted(" ".join(sorted(line.split())) for line in text.splitlines()))
                for name, text in texts.items()
            },
            self._requests(),
            tuple(sorted(Counter(subjects.splitlines()).items())),
        )

    def _requests(self) -> tuple[tuple[str, str, str], ...]:
        """Every request: head, base and state; with dag it is chance which is first: a stack will do."""
        found = [(self._named(head), self._named(base), state) for head, base, state in self.shop.stack()]
        if self.how.schedule == "dag":
            below = ["main", *(head for head, _, _ in found)]
            found = [
                (head, "below" if base == under else base, state)
                for (head, base, state), under in zip(found, below, strict=False)
            ]
            found.sort()
        return tuple(found)

    def _named(self, branch: str) -> str:
        return branch.replace(self.shop.run, "RUN")

    def undisturbed(self) -> Outcome:
        """Lets it run."""
        said = self.driver.say(*self.arguments)
        assert not list(self._left(said)), (said, list(self._left(said)))
        return self.outcome(said)

    def killed(self, chance: random.Random, kills: int, expected: Outcome) -> tuple[int, list[str]]:
        """Kills it so many times, lets it end, and returns how often it was killed and what is wrong."""
        arguments: tuple[str, ...] = self.arguments
        times = 0
        for _ in range(kills):
            ended = self.driver.say_until_killed(*arguments, after_s=chance.uniform(0.1, 3.0))
            times += ended is None
            recorded = "tasks" in self.driver.say("status").facts
            arguments = ("resume",) if recorded else self.arguments
            if ended is not None and recorded:
                break
        said = self.driver.say(*arguments)
        wrong = [str(said)] if said.status != expected.status else []
        found = self.outcome(said)
        wrong += [
            f"{name}: {getattr(found, name)}, not {getattr(expected, name)}"
            for name in ("states", "files", "requests", "landed")
            if getattr(found, name) != getattr(expected, name)
        ]
        return times, [*wrong, *self._left(said)]

    def _left(self, said: Said) -> Iterator[str]:
        """Yields what is wrong with what is left when all is over and cleaned up."""
        verified = self.driver.say("verify", said.tip)
        if verified.facts.get("counts", {}).get("alarm") != 0:
            yield f"verify: {verified}"
        cleaned = self.driver.clean()
        if cleaned.status != 0:
            yield f"clean: {cleaned}"
        yield from (f"changed: {name}" for name in self.before.differences(self._look()))
        yield from (f"left behind: {name}" for name in left_behind(self.shop.repository))
        yield from self.shop.forge.breaches


@contextmanager
def mixed(folder: Path, environ: Mapping[str, str], how: How) -> Iterator[Mixed]:
    """Makes the repository, its remote and its forge."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = folder / "shop"
    git(folder, "init", "-q", "--bare", "--initial-branch=main", "origin.git")
    git(folder, "init", "-q", "--initial-branch=main", "shop")
    files = {"f": LINES, "CHANGELOG.md": "# Changes\n", "gitpar.toml": SETTINGS, "own.sh": OWN}
    for name, text in files.items():
        (shop / name).write_text(text, encoding="utf-8")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "base")
    git(shop, "remote", "add", "origin", "../origin.git")
    git(shop, "push", "-q", "origin", "main")
    with hosting(folder / "origin.git", how.kind) as forge:
        yield Mixed(Shop(folder, forge), environ, how)
