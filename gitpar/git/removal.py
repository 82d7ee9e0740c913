"""What is left of a run's worktrees, and taking it away where nothing is lost by it."""

from __future__ import annotations

import os
from pathlib import Path

from gitpar.core.names import RunId
from gitpar.git.site import Record, Site, State


def leftovers(common: Path, run: RunId, root: Path) -> tuple[str, ...]:
    """Lists the worktrees, admin folders and trash of a run that are still there."""
    site = Site(common.resolve(), run, root.resolve())
    found = [f"worktree {record.path}" for record in site.records() if os.path.lexists(record.path)]
    named = {Path(record.path) for record in site.records()}
    found += [f"worktree entry {admin}" for admin, place in site.admins() if place not in named]
    found += [f"folder {path}" for path in site.trash()]
    return tuple(found)


def remove_run(
    common: Path, run: RunId, root: Path, *, purge: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Removes the worktrees of a run; returns what went and what stays because only it holds something.

    With `purge` these go as well.
    """
    site = Site(common.resolve(), run, root.resolve())
    removed: list[str] = []
    kept: list[str] = []
    for record in site.records():
        if os.path.lexists(record.path) and not purge and (why := _holds(record)):
            kept.append(f"worktree {record.path} ({why})")
            continue
        if os.path.lexists(record.path):
            removed.append(f"worktree {record.path}")
        site.take_away(Path(record.path), site.common / "worktrees" / record.admin if record.admin else None)
        site.forget(record.number)
    stay = {record.admin for record in site.records()}
    for admin, _ in site.admins():
        if admin.name not in stay:
            removed.append(f"worktree entry {admin}")
            site.take_away(site.folder / "nothing", admin)
    site.sweep()
    return tuple(removed), tuple(kept)


def _holds(record: Record) -> str:
    match record.state:
        case State.HELD:
            return "its worker's work is not captured yet; gitpar resume does that"
        case State.KEPT:
            return "not everything in it could be kept elsewhere, or it was asked to stay"
        case State.MAKING | State.CAPTURED:
            return ""
