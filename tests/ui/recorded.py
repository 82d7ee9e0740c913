"""A house without a repository: its runs are made of events, and what is asked of it is written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitpar.core.calibration import Calibration, calibrated
from gitpar.core.check import Checked
from gitpar.core.comparison import Compared
from gitpar.core.conflicts import ConflictReport
from gitpar.core.history import Replay
from gitpar.core.names import TaskId
from gitpar.core.outlook import Outlook
from gitpar.core.remedies import Remedies
from gitpar.core.verification import Verified
from gitpar.core.view import RunView, view
from gitpar.errors import UsageError
from gitpar.plans.reading import read_plans
from gitpar.ui.cli.main import main
from gitpar.ui.cli.options import Invocation
from gitpar.wiring import (
    CalibrateRequest,
    CheckRequest,
    CleanReport,
    CompareRequest,
    Finding,
    Forecasted,
    ForecastRequest,
    Linted,
    OperationView,
    PromptRequest,
    PublishPlan,
    PublishRequest,
    RunRequest,
    Survey,
    UndoReport,
)
from tests.ui.made import BASE, Script, everything

if TYPE_CHECKING:
    from gitpar.plans.model import Plan
    from gitpar.ports import Watcher


@dataclass
class Recorded:
    """A house with runs made of events in it; what is asked of it is written down."""

    scripts: list[Script] = field(default_factory=list)
    fails: Exception | None = None
    worked_on_by: str | None = None
    findings: tuple[tuple[bool | None, str, str, str], ...] = ()
    asked: list[object] = field(default_factory=list)

    def _chosen(self, run: str | None) -> RunView:
        if self.fails is not None:
            raise self.fails
        found = [view(s.run, s.at) for s in self.scripts if run in (None, s.run.id)]
        if not found:
            raise UsageError(f"`{run}`: there is no such run")
        return found[0]

    def read(self, directory: Path, run: str | None) -> RunView:
        self.asked.append(("read", directory, run))
        return self._chosen(run)

    def runs(self, directory: Path) -> Sequence[RunView]:
        self.asked.append(("runs", directory))
        return [view(s.run, s.at) for s in self.scripts]

    def owner(self, directory: Path, run: str | None) -> str | None:
        self.asked.append(("owner", directory, run))
        return self.worked_on_by

    def start(self, directory: Path, request: RunRequest, watcher: Watcher) -> RunView:
        self.asked.append(("start", directory, request))
        self._chosen(None)
        script = everything(watcher)
        return view(script.run, script.at)

    def preview(self, directory: Path, request: RunRequest) -> Plan:
        self.asked.append(("preview", directory))
        return read_plans(request.plans)

    def prompt(self, directory: Path, request: PromptRequest) -> str:
        self.asked.append(("prompt", directory, request))
        return f"# {request.task}\n"

    def resume(
        self, directory: Path, run: str | None, watcher: Watcher, *, steal: bool, asked: Remedies
    ) -> RunView:
        assert not asked
        self.asked.append(("resume", directory, run, steal))
        assert watcher.interval_s is None  # no terminal here, so nothing is drawn
        return self._chosen(run)

    def clean(self, directory: Path, run: str | None, *, purge: bool, dry_run: bool) -> CleanReport:
        self.asked.append(("clean", directory, run, purge, dry_run))
        kept = () if purge else ("level branch `gitpar/7f3a/level/1`",)
        return CleanReport("7f3a", ("worktree `shop.worktrees/7f3a`",), kept)

    def compare(self, directory: Path, request: CompareRequest) -> Compared:
        self.asked.append(("compare", directory, request))
        if self.fails is not None:
            raise self.fails
        return Compared(BASE, (), ConflictReport(), ())

    def watch(self, directory: Path, request: CompareRequest) -> Iterator[Compared]:
        yield self.compare(directory, request)

    def verify(self, directory: Path, what: str | None, most: int | None = None) -> Verified:
        self.asked.append(("verify", directory, what, most))
        return Verified(what or "HEAD", ())

    def undo(self, directory: Path, what: str | None, level: int = 1) -> UndoReport:
        self.asked.append(("undo", directory, what, level))
        return UndoReport("7f3a", "", "7f3a", (), ())

    def history(self, directory: Path, run: str | None) -> Sequence[OperationView]:
        self.asked.append(("history", directory, run))
        return ()

    def forecast(self, directory: Path, request: ForecastRequest) -> Forecasted:
        self.asked.append(("forecast", directory, request))
        plan = read_plans(request.plans)
        return Forecasted(plan, BASE, Outlook((), (), (), (), 4, estimated=False, calibrated=False))

    def lint(self, directory: Path, request: ForecastRequest) -> Linted:
        return Linted(self.forecast(directory, request), ())

    def survey(self, directory: Path) -> Survey:
        self.asked.append(("survey", directory))
        return Survey(
            root=directory,
            has_settings=False,
            plans=(),
            test_command=None,
            agents=(),
            readme=None,
            copied=(),
        )

    def calibrate(self, directory: Path, request: CalibrateRequest) -> Calibration:
        self.asked.append(("calibrate", directory, request))
        return calibrated(Replay((), (), 20))

    def check(self, directory: Path, request: CheckRequest) -> Checked:
        self.asked.append(("check", directory, request))
        if self.fails is not None:
            raise self.fails
        return Checked(TaskId("HEAD"), TaskId("main"), Compared(BASE, (), ConflictReport(), ()), ())

    def publish(self, directory: Path, request: PublishRequest, watcher: Watcher) -> RunView:
        self.asked.append(("publish", directory, request))
        watcher.begin(self.scripts[0].run)
        return self._chosen(request.run)

    def await_merge(self, directory: Path, named: str, request: PublishRequest, watcher: Watcher) -> RunView:
        self.asked.append(("await_merge", directory, request))
        watcher.begin(self.scripts[0].run)
        return self._chosen(named)

    def publish_plan(self, directory: Path, request: PublishRequest) -> Sequence[PublishPlan]:
        self.asked.append(("publish_plan", directory, request))
        raise UsageError("there is nothing to publish here")

    def diagnose(self, directory: Path) -> Sequence[Finding]:
        self.asked.append(("diagnose", directory))
        return [Finding(*row) for row in self.findings]


@dataclass
class Shell:
    """Calls gitpar in this process, on a house of its own."""

    house: Recorded
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        status = main(words, Invocation(given_house=self.house))
        out, err = self.capsys.readouterr()
        return status, out, err
