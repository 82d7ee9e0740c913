"""What the commands need of the rest of gitpar, split by who calls it. `gitpar.wiring` is the real one.

Tests hand in another that reads folded runs, so every command can be tried without a repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gitpar.core.calibration import Calibration
    from gitpar.core.check import Checked
    from gitpar.core.comparison import Compared
    from gitpar.core.remedies import Remedies
    from gitpar.core.verification import Verified
    from gitpar.core.view import RunView
    from gitpar.plans.model import Plan
    from gitpar.ports import Watcher
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


class Records(Protocol):
    """Reading what was journaled."""

    def read(self, directory: Path, run: str | None) -> RunView:
        """Returns a run; raises UsageError where there is none."""
        ...

    def runs(self, directory: Path) -> Sequence[RunView]:
        """Returns all runs, newest first."""
        ...

    def owner(self, directory: Path, run: str | None) -> str | None:
        """Says who works on a run, None where nobody does."""
        ...


class Works(Protocol):
    """Doing what was asked for."""

    def start(self, directory: Path, request: RunRequest, watcher: Watcher) -> RunView:
        """Makes a run and works on it until it ends."""
        ...

    def preview(self, directory: Path, request: RunRequest) -> Plan:
        """Returns the plan that `start` would work on."""
        ...

    def resume(
        self, directory: Path, run: str | None, watcher: Watcher, *, steal: bool, asked: Remedies
    ) -> RunView:
        """Goes on with a run; changes nothing where it is finished and nothing is asked for."""
        ...

    def clean(self, directory: Path, run: str | None, *, purge: bool, dry_run: bool) -> CleanReport:
        """Removes what a run no longer needs."""
        ...

    def diagnose(self, directory: Path) -> Sequence[Finding]:
        """Looks at everything that gitpar needs."""
        ...


class Looks(Protocol):
    """Looking at changes without doing anything."""

    def compare(self, directory: Path, request: CompareRequest) -> Compared:
        """Compares revisions, the results of a run, or worktrees with each other."""
        ...

    def check(self, directory: Path, request: CheckRequest) -> Checked:
        """Compares one change with its target and with other branches."""
        ...

    def watch(self, directory: Path, request: CompareRequest) -> Iterator[Compared]:
        """Compares the worktrees now and after each change, without end."""
        ...


class Proves(Protocol):
    """Proving what has landed."""

    def verify(self, directory: Path, what: str | None, most: int | None = None) -> Verified:
        """Proves a range, a branch or a run, which is the newest where nothing is named."""
        ...


class Undoes(Protocol):
    """Taking back what moved refs."""

    def undo(self, directory: Path, what: str | None, level: int = 1) -> UndoReport:
        """Puts back what a run (from a level on) or an undo moved."""
        ...

    def history(self, directory: Path, run: str | None) -> Sequence[OperationView]:
        """Returns runs and undos, newest first."""
        ...


class Foresees(Protocol):
    """Saying what is to be expected."""

    def forecast(self, directory: Path, request: ForecastRequest) -> Forecasted:
        """Returns what is to be expected of a plan; starts and writes nothing."""
        ...

    def lint(self, directory: Path, request: ForecastRequest) -> Linted:
        """Returns what could be better about a plan; starts and writes nothing."""
        ...

    def survey(self, directory: Path) -> Survey:
        """Looks what a repository has to begin with."""
        ...

    def calibrate(self, directory: Path, request: CalibrateRequest) -> Calibration:
        """Learns from the repository's history and keeps what was learned."""
        ...


class Publishes(Protocol):
    """Bringing a run's result to others."""

    def publish(self, directory: Path, request: PublishRequest, watcher: Watcher) -> RunView:
        """Publishes a run that has ended, or goes on with that."""
        ...

    def await_merge(self, directory: Path, named: str, request: PublishRequest, watcher: Watcher) -> RunView:
        """Waits until the wave that a run waits for was merged, and goes on with it."""
        ...

    def publish_plan(self, directory: Path, request: PublishRequest) -> Sequence[PublishPlan]:
        """Returns what `publish` would do, in order, a plan a repository."""
        ...


class Briefs(Protocol):
    """Saying what workers are told."""

    def prompt(self, directory: Path, request: PromptRequest) -> str:
        """Returns the prompt that a task's worker would get now."""
        ...


class House(Records, Works, Looks, Proves, Undoes, Foresees, Publishes, Briefs, Protocol):
    """All of it."""
