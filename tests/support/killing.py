"""A plan to kill gitpar in: three levels, a conflict that is run again, `--into`, `--write-back`.

Workers write their id to a log outside the repository each time they start, so
that what was run twice shows.
"""

from __future__ import annotations

import json
import random
import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.bystander import Bystander, left_behind, look_at
from tests.support.driving import Driver, Said
from tests.support.plaingit import PlainGit

LINES = 24
_DONE = frozenset({"finished", "landed"})
_FLAGS = ("--jobs", "3", "--into", "release", "--write-back", "--grace", "1")


@dataclass(frozen=True, slots=True)
class Kills:
    """What came of a run that was killed: how often, its last words, and everything wrong."""

    times: int
    said: Said
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"killed {self.times} times, then: {self.said}", *self.wrong])


class Victim:
    """A repository, a plan, and what must come out of it however often gitpar is killed."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        pause_s: float = 0.0,
        dag: bool = False,
        commits: bool = False,
    ) -> None:
        """With `dag` tasks start before their wave: `left` takes long, and `right` is out of its way.

        With `commits` workers commit what they did.
        """
        self.repository = folder / "victim"
        self.plan = folder / "plan.json"
        self.log = folder / "log"
        self.environ = dict(environ)
        self._pause_s = pause_s
        self._dag = dag
        self._commits = commits
        self._git = PlainGit(folder, environ)
        self._make()
        self.driver = Driver(self.repository, environ)
        self.before = self._look()

    def _make(self) -> None:
        self._git.raw("init", "--quiet", "--initial-branch=main", "--template=", str(self.repository))
        self._git = self._git.at(self.repository)
        text = "".join(f"line {n}\n" for n in range(1, LINES + 1))
        (self.repository / "list.txt").write_text(text, encoding="utf-8")
        (self.repository / "gitpar.toml").write_text('setup = "true"\nteardown = "true"\n', encoding="utf-8")
        self._git.raw("add", "--all")
        self._git.raw("commit", "--quiet", "--message", "Begin")
        self._git.raw("branch", "release")
        self.log.touch()
        tasks = [
            self._task("one", 2),
            self._task("left", 8),
            self._task("right", 11 if self._dag else 8),
            self._task("two", 14),
            self._task("three", 17, "one"),
            self._task("four", 20, "two", "right"),
            self._task("five", 23, "three", "four"),
        ]
        self.plan.write_text(json.dumps({"tasks": tasks}, indent=1), encoding="utf-8")

    def _task(self, name: str, line: int, *depends_on: str) -> dict[str, object]:
        pause_s = max(0.5, 5 * self._pause_s) if self._dag and name == "left" else self._pause_s
        parts = [
            f"echo {name} >> {shlex.quote(str(self.log))}",
            f"sleep {pause_s}" if pause_s else ":",
            f"sed '{line}s/$/ {name}/' list.txt > new",
            "mv new list.txt",
            f"echo {name} > {name}.txt",
            f"git add -A && git commit -qm {name}" if self._commits else ":",
        ]
        return {"id": name, "title": f"Do {name}", "command": " && ".join(parts), "depends_on": depends_on}

    @property
    def arguments(self) -> tuple[str, ...]:
        """What starts the run."""
        return ("run", str(self.plan), *_FLAGS, *(("--schedule", "dag") if self._dag else ()))

    def expected(self) -> dict[str, str]:
        """Every file of the final tree."""
        marks = {2: " one", 8: " left right", 14: " two", 17: " three", 20: " four", 23: " five"}
        marks |= {8: " left", 11: " right"} if self._dag else {}
        text = "".join(f"line {n}{marks.get(n, '')}\n" for n in range(1, LINES + 1))
        names = ("one", "left", "right", "two", "three", "four", "five")
        setting = (self.repository / "gitpar.toml").read_text(encoding="utf-8")
        return {"list.txt": text, "gitpar.toml": setting} | {f"{name}.txt": f"{name}\n" for name in names}

    def kill_at_random(self, chance: random.Random, kills: int, longest_s: float) -> Kills:
        """Kills the run and its resumes at random moments, then lets it end."""
        arguments: tuple[str, ...] = self.arguments
        settled: dict[str, int] = {}
        for number in range(kills):
            ended = self.driver.say_until_killed(*arguments, after_s=chance.uniform(0.05, longest_s))
            if ended is not None:
                return Kills(number, ended, tuple(self.wrong(ended, settled)))
            recorded = self.note_finished(settled)
            arguments = ("resume",) if recorded else self.arguments
        said = self.driver.say(*arguments)
        return Kills(kills, said, tuple(self.wrong(said, settled)))

    def note_finished(self, settled: dict[str, int]) -> bool:
        """Notes how often each finished task was started; False where no run is recorded."""
        status = self.driver.say("status")
        if "tasks" not in status.facts:
            return False
        started = Counter(self.log.read_text(encoding="utf-8").split())
        for name, state in status.states.items():
            # `right` is run again on purpose as long as it has not landed
            if state in _DONE and (name != "right" or state == "landed"):
                settled.setdefault(name, started[name])
        return True

    def wrong(self, said: Said, settled: Mapping[str, int]) -> list[str]:
        """Cleans up and names everything that is not as after an undisturbed run."""
        wrong = [] if said.status == 0 else [f"exit status {said.status}"]
        wrong += [f"{name} is {state}" for name, state in said.states.items() if state != "landed"]
        wrong += self._tree(said)
        started = Counter(self.log.read_text(encoding="utf-8").split())
        wrong += [
            f"{name} had finished and was run again"
            for name, times in settled.items()
            if started[name] != times
        ]
        cleaned = self.driver.clean()
        wrong += [] if cleaned.status == 0 else [f"clean: {cleaned}"]
        wrong += [f"changed: {name}" for name in self.before.differences(self._look())]
        wrong += [f"left behind: {name}" for name in left_behind(self.repository)]
        return wrong

    def _tree(self, said: Said) -> list[str]:
        wrong = []
        for revision in (said.tip, "release"):
            names = self._git.lines("ls-tree", "-r", "--name-only", revision)
            found = {name: self._git.text("show", f"{revision}:{name}") + "\n" for name in names}
            wrong += [
                f"{revision}: {name} is {found.get(name)!r}"
                for name in sorted({*found, *self.expected()})
                if found.get(name) != self.expected().get(name, "").replace("\n\n", "\n")
            ]
        written = json.loads(self.plan.read_text(encoding="utf-8"))
        wrong += [
            f"{each['id']} is not done in the plan"
            for each in written["tasks"]
            if each.get("status") != "done"
        ]
        return wrong

    def _look(self) -> Bystander:
        looked = look_at(self.repository, self.environ, dangling=False)
        return Bystander({name: fact for name, fact in looked.facts.items() if name != "refs/heads/release"})
