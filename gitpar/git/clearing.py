"""Removes worktrees of a run that hold nothing, and those that a kill left half-made."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

from gitpar.core.names import TaskId, keep_ref
from gitpar.git import admin as admin_files
from gitpar.git.capture import read_capture, rebuilt_capture
from gitpar.git.command import GitCommand
from gitpar.git.environment import GitEnvironment
from gitpar.git.ground import Ground
from gitpar.git.site import Record, Site, State
from gitpar.git.slots import Slot
from gitpar.ports import AttemptKey


def clear_away(ground: Ground, held: Container[int]) -> None:
    """Removes worktrees that hold nothing, and the half-made, unless they are handed out."""
    site = ground.site
    for record in site.records():
        if record.number not in held and _holds_nothing(ground, record):
            Slot(ground, record.with_admin(record.admin or _found(site, record))).remove()
    stay = {record.admin for record in site.records()}
    paths = {Path(record.path) for record in site.records()}
    for admin, place in site.admins():
        if admin.name in stay or place in paths:
            continue
        if place is None or not os.path.lexists(place):
            site.take_away(site.folder / "nothing", admin)
        elif site.unused(admin):
            site.take_away(place, admin)
    for path in site.orphans():
        site.take_away(path, None)


def _found(site: Site, record: Record) -> str:
    admin = admin_files.find_admin(site.common, Path(record.path))
    return admin.name if admin is not None else ""


def _holds_nothing(ground: Ground, record: Record) -> bool:
    """Says whether nothing in a slot is unkept, so that it may go."""
    if record.state is not State.HELD:
        return record.state is State.MAKING
    site: Site = ground.site
    key = AttemptKey(site.run, TaskId(record.task), record.n)
    keep = admin_files.read_ref(site.common, keep_ref(key.run, key.task, key.n))
    if not keep or ground.settings.keep_worktrees:
        return False
    git = GitCommand(GitEnvironment(site.common, {"GIT_DIR": str(site.common)}))
    # a capture that has nothing to say is told by its keep-ref alone
    return (read_capture(site, key, keep) or rebuilt_capture(git, keep)).reusable
