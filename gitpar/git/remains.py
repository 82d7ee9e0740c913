"""What of a run's worktrees is still there, and its removal: for `gitpar clean` and `gitpar doctor`.

Removes nothing that is not kept under a ref, unless told to purge.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gitpar.core.names import RunId, TaskId, keep_ref
from gitpar.git import admin as admin_files
from gitpar.git.capture import read_capture
from gitpar.git.site import Record, Site, State
from gitpar.ports import AttemptKey


@dataclass(frozen=True, slots=True)
class Remains:
    """One thing that is still there. `why` says what it is, and why it stays where it does."""

    path: Path
    why: str
    kept: bool
    """Whether everything in it is under a ref, so that it may go."""


def leftovers(common_dir: Path, run: RunId, root: Path) -> list[Remains]:
    """Lists the worktrees, half-made worktrees, links and trash of a run; changes nothing."""
    site = _site(common_dir, run, root)
    found = [_remains(site, record) for record in site.records()]
    known = {record.admin for record in site.records()} | {
        Path(record.path).name for record in site.records()
    }
    for admin, place in site.admins():
        if admin.name not in known and (place is None or place.name not in known):
            gone = place is None or not os.path.lexists(place)
            found.append(
                Remains(place or admin, "half-made" if gone else "a worktree nobody knows of", kept=gone)
            )
    found += [Remains(path, "being deleted", kept=True) for path in site.trash()]
    links = (site.folder / "by-task").glob("*")
    return found + [Remains(link, "a link", kept=True) for link in links if not link.exists()]


def remove_run(common_dir: Path, run: RunId, root: Path, *, purge: bool = False) -> list[Remains]:
    """Removes what a run left of worktrees and returns what stays because it is not kept.

    With `purge` everything goes. May be killed anywhere and called again.
    """
    site = _site(common_dir, run, root)
    stays = []
    for record in site.records():
        found = _remains(site, record)
        if not (found.kept or purge):
            stays.append(found)
            continue
        path = Path(record.path)
        admin = site.common / "worktrees" / record.admin if record.admin else None
        site.take_away(path, admin or admin_files.find_admin(site.common, path))
        site.forget(record.number)
    known = {record.admin for record in site.records()}
    for admin, place in site.admins():
        if admin.name in known:
            continue
        if purge or place is None or not os.path.lexists(place):
            site.take_away(place or site.folder / admin.name, admin)
        else:
            stays.append(Remains(place, "a worktree nobody knows of", kept=False))
    for link in (site.folder / "by-task").glob("*"):
        if not link.exists():
            link.unlink(missing_ok=True)
    site.sweep()
    return stays


def _site(common_dir: Path, run: RunId, root: Path) -> Site:
    return Site(common_dir.resolve(), run, root.resolve())


def _remains(site: Site, record: Record) -> Remains:
    path = Path(record.path)
    if record.state is State.MAKING or not os.path.lexists(path):
        return Remains(path, "holds nothing", kept=True)
    name = f"attempt {record.n} of `{record.task}`"
    if record.state is State.KEPT:
        return Remains(path, f"{name}: left as its worker left it", kept=False)
    key = AttemptKey(site.run, TaskId(record.task), record.n)
    keep = admin_files.read_ref(site.common, keep_ref(key.run, key.task, key.n))
    if not keep:
        return Remains(path, f"{name}: not captured yet", kept=False)
    capture = read_capture(site, key, keep)
    if capture is None or not capture.reusable:
        return Remains(path, f"{name}: not everything in it could be kept", kept=False)
    return Remains(path, f"{name}: everything in it is kept", kept=True)
