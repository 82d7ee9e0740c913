"""What the command line asks for, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.forges import Layer
    from gitpar.core.lint import Remark
    from gitpar.core.moves import RefMove
    from gitpar.core.outlook import Outlook
    from gitpar.core.publication import Publication
    from gitpar.core.publishing import Step, Words
    from gitpar.core.settings import PublishAs
    from gitpar.core.view import RunView
    from gitpar.plans.model import Plan

from gitpar.core.settings import FailOn
from gitpar.plans.choices import PLAIN, Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a user asked `gitpar run` for; `flags` holds only settings given on the command line."""

    plans: tuple[Path, ...]
    base: str | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    parallel_streams: bool = True
    choices: Choices = PLAIN
    flags: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRequest:
    """What a user asked `gitpar prompt` for: a task of plans, or of a run (empty for the newest)."""

    task: str
    plans: tuple[Path, ...] = ()
    run: str | None = None
    agent: tuple[str, ...] = ()
    choices: Choices = PLAIN
    template: bool = False
    """Asks for the template that is shipped instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """What a user asked `gitpar conflicts` for: one of revisions, a run, or the worktrees."""

    revisions: tuple[str, ...] = ()
    base: str | None = None
    run: str | None = None
    """Compare the results of a run; empty for the one that is meant where none is named."""
    worktrees: bool = False
    symbols: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """What a user asked `gitpar conflicts --dry-run` for; without plans the only one there is."""

    plans: tuple[Path, ...] = ()
    base: str | None = None
    choices: Choices = PLAIN
    jobs: int | None = None
    suggest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateRequest:
    """What a user asked `gitpar conflicts --calibrate` for: so many changes at most, since a date."""

    most: int = 1_000
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Forecasted:
    """A plan with what is to be expected of it at a commit, and what the settings warn of."""

    plan: Plan
    base: str
    outlook: Outlook
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What `gitpar init` finds in a repository. `copied` are ignored files that workers may need."""

    root: Path
    has_settings: bool
    plans: tuple[str, ...]
    test_command: str | None
    agents: tuple[str, ...]
    readme: str | None
    copied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Linted:
    """A plan's forecast and what else is to be said of it."""

    forecast: Forecasted
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What a user asked `gitpar check` for; None is what the surroundings say.

    `patch` is the name and the text of a patch that is checked instead of a commit;
    `base` the commit it was made from. `others` are globs over branch names. `forge` is
    the kind of the forge that is asked, or "auto".
    """

    target: str | None = None
    head: str | None = None
    patch: tuple[str, bytes] | None = None
    base: str | None = None
    others: tuple[str, ...] = ()
    others_file: Path | None = None
    forge: str | None = None
    fetch: bool = False
    symbols: bool = True
    fail_on: FailOn = FailOn.TARGET


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """What a user asked `gitpar publish` for; None is what the run's settings say.

    `describe` makes title and body of a request: the words are the command line's.
    """

    describe: Callable[[RunView, Layer], Words]
    run: str | None = None
    mode: PublishAs | None = None
    remote: str | None = None
    target: str | None = None
    forge: str | None = None
    notes: bool = False
    """Whether the certificates are pushed as well."""


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What publishing would do; `repository` is empty where the run is in one alone."""

    repository: str
    publication: Publication
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What `gitpar undo` did: the operation (empty where nothing moved), what it took back, refs moved.

    `left` are refs that were not put back, each with the reason.
    """

    run: str
    operation: str
    of: str
    moved: tuple[RefMove, ...]
    left: tuple[tuple[str, str], ...]
    repositories: tuple[tuple[str, UndoReport], ...] = ()
    """What it did in each, where the run is over several; `moved` and `left` are of all then."""


@dataclass(frozen=True, slots=True)
class OperationView:
    """One row of `gitpar history`: a run, or an undo `of` something. `at` is seconds since 1970 UTC."""

    operation: str
    run: str
    of: str
    at: float
    state: str
    moves: tuple[RefMove, ...]


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What `gitpar clean` removed and what it kept, one sentence each."""

    run: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of `gitpar doctor`; `ok` is None where it is only worth knowing."""

    ok: bool | None
    title: str
    detail: str
    hint: str = ""
