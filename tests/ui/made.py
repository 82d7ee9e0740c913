"""Runs made of events alone: nothing here touches a repository."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gitpar.core import events as e
from gitpar.core import policy_events as pe
from gitpar.core.apply import apply
from gitpar.core.conflicts import (
    ConflictKind,
    ConflictReport,
    LineRange,
    PairConflict,
    PathConflict,
    PathOverlap,
    Tier,
)
from gitpar.core.graph import Scope, Source, Task, TaskStatus, WaveNote
from gitpar.core.names import CommitId, RunId, TaskId, TreeId
from gitpar.core.run import Run
from gitpar.core.settings import RunSettings
from gitpar.ports import Watcher

BEGAN = 1_700_000_000.0


def commit(name: str) -> CommitId:
    """A commit id that one can tell from others: letters and digits of the name, then zeroes."""
    return CommitId(name.encode().hex().ljust(40, "0")[:40])


BASE = commit("base")


def task(name: str, *after: str, title: str = "", declared: tuple[str, ...] = ()) -> Task:
    return Task(
        id=TaskId(name),
        title=title or f"Task {name}",
        source=Source("tasks.json"),
        depends_on=tuple(TaskId(other) for other in after),
        command="true",
        scope=Scope(modify=declared),
    )


@dataclass
class Script:
    """Tells a run event by event; somebody may look on. Every event takes half a second."""

    tasks: tuple[Task, ...]
    settings: RunSettings = field(default_factory=lambda: RunSettings(jobs=2))
    skipped: tuple[tuple[TaskId, str], ...] = ()
    notes: tuple[WaveNote, ...] = ()
    log: str = ""
    watcher: Watcher | None = None
    notices: tuple[str, ...] = ()
    at: float = BEGAN

    def __post_init__(self) -> None:
        opened = e.RunOpened(
            at=self.at,
            run=RunId("7f3a"),
            plans=("tasks.json",),
            format="gitpar",
            tasks=self.tasks,
            wave_notes=self.notes,
            base=BASE,
            settings=self.settings,
            skipped=self.skipped,
            notices=self.notices,
        )
        self.run = Run(opened)
        self.events: list[e.Event] = [opened]
        if self.watcher is not None:
            self.watcher.begin(self.run)

    def now(self) -> float:
        return self.at

    def say(self, event: e.Event) -> None:
        apply(self.run, event)
        self.events.append(event)
        if self.watcher is not None:
            self.watcher.event(event, self.run)
        self.at += 0.5

    def level(self, number: int, base: CommitId = BASE) -> None:
        self.say(e.LevelOpening(at=self.at, level=number, base=base))
        self.say(e.LevelOpened(at=self.at, level=number))

    def start(self, name: str, n: int = 1, base: CommitId = BASE, *, rerun: bool = False) -> None:
        opened = e.AttemptOpened(at=self.at, task=TaskId(name), n=n, base=base, timeout_s=60.0, rerun=rerun)
        self.say(opened)
        log = self.log.format(task=name, n=n) if self.log else f"logs/{name}/{n}/attempt.log"
        worktree = "shop.worktrees/7f3a/1"
        self.say(e.WorkerStarted(at=self.at, task=TaskId(name), n=n, pid=4121, worktree=worktree, log=log))

    def finish(self, name: str, n: int = 1, *files: str, **how: object) -> None:
        """Ends a worker with exit status 0 unless `exit` says otherwise, and captures what it left."""
        exit_status = how.pop("exit", 0)
        assert exit_status is None or isinstance(exit_status, int)
        ending = how.pop("ending", e.Ending.EXITED)
        assert isinstance(ending, e.Ending)
        self.say(
            e.WorkerEnded(at=self.at, task=TaskId(name), n=n, ending=ending, exit=exit_status, duration_s=2.0)
        )
        base = self.run.tasks[TaskId(name)].last.base
        result = commit(f"{name}{n}") if files else base
        captured = e.AttemptCaptured(at=self.at, task=TaskId(name), n=n, result=result, files=files)
        for key, value in how.items():
            object.__setattr__(captured, key, value)
        self.say(captured)

    def compared(self, number: int, *pairs: PairConflict) -> None:
        self.say(e.LevelComparing(at=self.at, level=number))
        self.say(e.LevelCompared(at=self.at, level=number, report=ConflictReport(pairs)))

    def land(self, name: str, n: int = 1) -> CommitId:
        level = self.run.levels[self.run.tasks[TaskId(name)].level - 1]
        assert level.tip is not None
        tip, landed = level.tip, commit(f"L{name}")
        known = {"task": TaskId(name), "n": n}
        self.say(e.LandingTried(at=self.at, tip=tip, **known))  # type: ignore[arg-type]
        self.say(
            e.LandingProved(
                at=self.at, task=TaskId(name), n=n, tip=tip, commit=landed, tree=TreeId("t"), certificate="{}"
            )
        )
        self.say(e.LandingOpened(at=self.at, task=TaskId(name), n=n, tip=tip, commit=landed))
        self.say(e.Landed(at=self.at, task=TaskId(name), n=n, commit=landed))
        return landed

    def refuse(self, name: str, path: str, n: int = 1) -> None:
        level = self.run.levels[self.run.tasks[TaskId(name)].level - 1]
        assert level.tip is not None
        self.say(e.LandingTried(at=self.at, task=TaskId(name), n=n, tip=level.tip))
        found = PathConflict(path, ConflictKind.CONTENT, f"Merge conflict in {path}")
        self.say(e.LandingRefused(at=self.at, task=TaskId(name), n=n, tip=level.tip, conflicts=(found,)))
        self.at -= 1.0  # drivers come to nothing at once
        self.say(pe.SettlingTried(at=self.at, task=TaskId(name), n=n, tip=level.tip))
        self.say(pe.SettlingRefused(at=self.at, task=TaskId(name), reason=""))

    def close(self, end: e.RunEnd, message: str = "") -> None:
        self.say(e.RunClosing(at=self.at, end=end))
        self.say(e.RunClosed(at=self.at, end=end, message=message))


def pair(a: str, b: str, tier: Tier, *paths: PathOverlap, kind: ConflictKind | None = None) -> PairConflict:
    return PairConflict(TaskId(a), TaskId(b), tier, paths, kind)


def overlap(path: str, a: tuple[int, int] | None = None, b: tuple[int, int] | None = None) -> PathOverlap:
    return PathOverlap(path, LineRange(*a) if a else None, LineRange(*b) if b else None)


EVERYTHING = (
    task("api", title="Rename [red]API[/red]", declared=("src/api.py", "docs/")),
    task("cache"),
    task("flaky"),
    task("stuck"),
    task("broken"),
    task("use-api", "api"),
    task("waits", "broken"),
    task("later"),
)
"""Two waves; `later` is left out by the user's word."""


def everything(watcher: Watcher | None = None, log: str = "") -> Script:
    """A run in which every fate occurs: landed, re-run, tried again, held, failed, blocked, skipped."""
    notes = (WaveNote(1, "independent of each other"),)
    left_out = replace(EVERYTHING[-1], status=TaskStatus.LEFT_OUT)
    script = Script(
        (*EVERYTHING[:-1], left_out),
        skipped=((TaskId("later"), "left out by --skip"),),
        notes=notes,
        log=log,
        watcher=watcher,
        notices=("uncommitted changes are not part of the run",),
    )
    script.level(1)
    first_wave(script)
    tip = landings(script)
    script.level(2, tip)
    script.start("use-api", base=tip)
    script.finish("use-api", 1, "src/use.py")
    script.land("use-api")
    script.close(e.RunEnd.NEEDS_PERSON)
    if watcher is not None:
        watcher.end(script.run)
    return script


def first_wave(script: Script) -> None:
    script.start("api")
    script.start("cache")
    script.finish("api", 1, "src/api.py", "src/x.py", notes=("left a stash; it is kept",))
    script.start("flaky")
    script.finish("cache", 1, "src/x.py")
    script.finish("flaky", 1, exit=1)
    script.start("flaky", 2)
    script.start("stuck")
    script.finish("stuck", 1, "src/x.py")
    script.finish("flaky", 2, "src/x.py", "flaky.txt")
    script.start("broken")
    script.finish("broken", 1, exit=None, ending=e.Ending.TIMED_OUT)
    script.start("broken", 2)
    script.finish("broken", 2, "junk.txt", exit=3)
    script.start("broken", 3)
    script.finish("broken", 3, "junk.txt", exit=3)


def landings(script: Script) -> CommitId:
    script.compared(
        1,
        pair("api", "flaky", Tier.FILE, overlap("src/x.py", (1, 1), (90, 2))),
        pair("api", "cache", Tier.CONFLICT, overlap("src/x.py", (3, 3), (4, 1)), kind=ConflictKind.CONTENT),
        pair("api", "stuck", Tier.CONFLICT, overlap("src/x.py", (3, 3), (3, 3)), kind=ConflictKind.CONTENT),
        pair("cache", "stuck", Tier.TOUCHING, overlap("src/x.py", (7, 1), (8, 0))),
    )
    script.land("api")
    script.refuse("cache", "src/x.py")
    tip = script.land("flaky", 2)
    script.refuse("stuck", "src/x.py")
    script.start("cache", 2, tip, rerun=True)
    script.finish("cache", 2, "src/x.py")
    tip = script.land("cache", 2)
    script.start("stuck", 2, tip, rerun=True)
    script.finish("stuck", 2, "src/x.py", undone=("src/x.py:3", "src/x.py:4"))
    return script.run.tip
