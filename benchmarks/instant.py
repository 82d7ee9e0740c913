"""Workers that take next to no time: they copy the files of a change into the worktree.

What a run costs is what it takes with such workers. One that has git apply a patch takes
longer than gitpar takes for it, and the time counts for both sides.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.support.history import Change, History
from tests.support.plaingit import PlainGit

_NOTHING = "000000"
_FILE = "100644"


def with_instant_workers(history: History, folder: Path) -> History:
    """Returns the history with workers that copy files; the files of each change are put into a folder.

    What is not as simple as files of the usual mode that come, change or go stays a patch.
    """
    return replace(
        history,
        changes=tuple(_instant(history, change, folder / change.id) for change in history.changes),
    )


def _instant(history: History, change: Change, folder: Path) -> Change:
    gone: list[str] = []
    there: list[tuple[str, str]] = []
    for before, after, blob, path in _changed(history.scratch, history.base, change.commit):
        if before not in {_NOTHING, _FILE} or after not in {_NOTHING, _FILE}:
            return change
        if after == _NOTHING:
            gone.append(path)
        else:
            there.append((path, blob))
    if any(path.startswith(f"{name}/") for path, _ in there for name in gone):
        return change  # a folder in place of a file
    for path, blob in there:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(history.scratch.raw("cat-file", "blob", blob))
    commands = [f"cp -R {shlex.quote(str(folder))}/. ."] if there else []
    commands += [f"rm {shlex.join(gone)}"] if gone else []
    return replace(change, worker=" && ".join(commands))


def _changed(scratch: PlainGit, base: str, commit: str) -> Iterator[tuple[str, str, str, str]]:
    """Yields mode before, mode after, blob and path of everything that changed."""
    fields = scratch.raw("diff-tree", "-r", "-z", "--no-renames", base, commit).decode().split("\0")
    for facts, path in zip(fields[::2], fields[1::2], strict=False):
        before, after, _, blob, _ = facts.removeprefix(":").split(" ")
        yield before, after, blob, path
