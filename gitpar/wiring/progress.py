"""Which files of the repository are gitpar's while a run goes: its plans, and the progress file."""

from __future__ import annotations

import os
from pathlib import Path

from gitpar.core.run import Run
from gitpar.engine.noting import Reserved
from gitpar.errors import UsageError
from gitpar.git.repository import RepositoryPlace
from gitpar.plans.detect import RALPH
from gitpar.plans.model import Plan

_NAME = ".progress.md"
_OFF = "none"
_OF_TASKS = ".progress-task-"


def progress_path(place: RepositoryPlace, plan: Plan, setting: str | None) -> str | None:
    """Returns the progress file of a run as a path in the repository, None where notes are not to land.

    Without a setting it is `.progress.md`: beside the plan where that is ralph's, else at
    the root.
    """
    if setting == _OFF:
        return None
    if setting is not None:
        path = os.path.normpath(setting)
        if path.startswith(("/", "..")) or path == "." or ".git" in Path(path).parts:
            raise UsageError(
                f"`progress-file` must be a path inside the repository, not `{setting}`",
                'Name one: progress-file = "docs/progress.md"',
                f'Or do without it: progress-file = "{_OFF}"',
            )
        return Path(path).as_posix()
    first = _inside(place, Path(plan.paths[0]))
    if plan.format == RALPH and first is not None:
        return (first.parent / _NAME).as_posix()
    return _NAME


def reserved(place: RepositoryPlace, run: Run) -> Reserved:
    """Returns the files whose changes by workers do not land."""
    progress = run.settings.progress_file or ""
    plans = [path for plan in run.plans if (path := _inside(place, Path(plan))) is not None]
    tasks = ""
    if progress and run.format == RALPH:
        tasks = (Path(progress).parent / _OF_TASKS).as_posix()
    return Reserved(frozenset(path.as_posix() for path in plans), progress, tasks)


def _inside(place: RepositoryPlace, path: Path) -> Path | None:
    """Returns a file's path in the repository, None where it lies outside."""
    for root in filter(None, (place.root, place.main)):
        resolved = path.absolute().resolve()
        if resolved.is_relative_to(root.resolve()):
            return resolved.relative_to(root.resolve())
    return None
