"""What is left of a run's worktrees, and taking it away where nothing is lost by it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gitpar.core.names import RunId, TaskId, keep_ref
from gitpar.git import admin as admin_files
from gitpar.git.capture import read_capture, rebuilt_capture
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.site import Record, Site, State
from gitpar.ports import AttemptKey


def leftovers(common: Path, run: RunId, root: Path) -> tuple[str, ...]:
    """Lists the worktrees, admin folders, dead links and trash of a run that are still there."""
    site = Site(common.resolve(), run, root.resolve())
    found = [f"worktree {record.path}" for record in site.records() if os.path.lexists(record.path)]
    found += [f"worktree entry {admin}" for admin, _ in _unknown(site)]
    found += [f"worktree {path}" for path in site.orphans()]
    found += [f"folder {path}" for path in site.trash()]
    found += [f"link {link}" for link in _dead_links(site)]
    return tuple(found)


def remove_run(
    common: Path,
    run: RunId,
    root: Path,
    *,
    purge: bool = False,
    teardown: tuple[str | None, float] = (None, 0.0),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Removes the worktrees of a run; returns what went and what stays because only it holds something.

    With `purge` these go as well. `teardown` is a command that is run in each before it
    goes, and how long it may take. Returns when the bytes are gone too. May be killed
    anywhere and called again.
    """
    site = Site(common.resolve(), run, root.resolve())
    removed: list[str] = []
    kept: list[str] = []
    for record in site.records():
        path = Path(record.path)
        if os.path.lexists(path):
            if not purge and (why := _holds(site, record)):
                kept.append(f"worktree {path} ({why})")
                continue
            problem = site.tear_down(record, *teardown)
            removed.append(f"worktree {path}" + (f" ({problem})" if problem else ""))
        named = site.common / "worktrees" / record.admin if record.admin else None
        site.take_away(path, named or admin_files.find_admin(site.common, path), record.number)
    for admin, place in list(_unknown(site)):
        if place is not None and os.path.lexists(place) and not (purge or site.unused(admin)):
            kept.append(f"worktree {place} (gitpar did not make it, or its record is gone)")
            continue
        removed.append(f"worktree entry {admin}")
        site.take_away(place or site.folder / admin.name, admin)
    for path in site.orphans():
        removed.append(f"worktree {path}")
        site.take_away(path, None)
    for link in _dead_links(site):
        link.unlink(missing_ok=True)
    site.sweep(behind=False)
    return tuple(removed), tuple(kept)


def stale_locks(common: Path, prefix: str, run: RunId) -> Iterator[Path]:
    """Yields git's locks of a run's own refs: with nobody at work on the run, a power cut left them."""
    yield from (common / "refs" / "heads" / prefix / run).rglob("*.lock")
    for name in (f"*/{run}/**/*.lock", f"*/{run}.lock"):
        yield from (common / "refs" / "gitpar").glob(name)


def _unknown(site: Site) -> Iterator[tuple[Path, Path | None]]:
    """Yields admin folders of the run that no record is about: half-made, or made by somebody else."""
    records = site.records()
    admins, paths = {record.admin for record in records}, {Path(record.path) for record in records}
    for admin, place in site.admins():
        if admin.name not in admins and place not in paths:
            yield admin, place


def _dead_links(site: Site) -> list[Path]:
    return [link for link in (site.folder / "by-task").glob("*") if not link.exists()]


def _holds(site: Site, record: Record) -> str:
    """Says what only this worktree holds; empty where nothing."""
    asked_to_stay = "not everything in it could be kept elsewhere, or it was asked to stay"
    if record.state is State.MAKING:
        return ""
    if record.state is State.KEPT:
        return asked_to_stay
    key = AttemptKey(site.run, TaskId(record.task), record.n)
    keep = admin_files.read_ref(site.common, keep_ref(key.run, key.task, key.n))
    if not keep:
        return "its worker's work is not captured yet; gitpar resume does that"
    git = GitCommand(GitEnvironment(site.common, {"GIT_DIR": str(site.common)}))
    capture = read_capture(site, key, keep) or rebuilt_capture(git, keep)
    return "" if capture.reusable else asked_to_stay
