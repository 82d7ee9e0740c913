"""What the commands need of the rest of gitpar, split by who calls it. `gitpar.wiring` is the real one.

Tests hand in another that reads folded runs, so every command can be tried without a repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gitpar.core.view import RunView
    from gitpar.ports import Watcher
    from gitpar.wiring import RunRequest


class Cleaned(Protocol):
    """What `clean` removed, or would remove, and what it left."""

    @property
    def run(self) -> str:
        """The run that was cleaned."""
        ...

    @property
    def removed(self) -> tuple[str, ...]:
        """What was removed, a line each."""
        ...

    @property
    def kept(self) -> tuple[str, ...]:
        """What was left, a line each."""
        ...


class Found(Protocol):
    """One thing that `doctor` looked at. `ok` is None where it does not matter here."""

    @property
    def ok(self) -> bool | None:
        """Whether it is as it should be."""
        ...

    @property
    def title(self) -> str:
        """What was looked at."""
        ...

    @property
    def detail(self) -> str:
        """What was found."""
        ...

    @property
    def hint(self) -> str:
        """What to do about it, empty where nothing is to be done."""
        ...


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

    def preview(self, directory: Path, request: RunRequest) -> Any:
        """Returns the plan that `start` would work on."""
        ...

    def resume(self, directory: Path, run: str | None, watcher: Watcher) -> RunView:
        """Goes on with a run; changes nothing where it is finished."""
        ...

    def clean(self, directory: Path, run: str | None, *, purge: bool, dry_run: bool) -> Cleaned:
        """Removes what a run no longer needs."""
        ...

    def diagnose(self, directory: Path) -> Sequence[Found]:
        """Looks at everything that gitpar needs."""
        ...


class House(Records, Works, Protocol):
    """Both."""
