"""Signs that a worker wrote into another one's worktree. Looks only at what is known anyway; decides nothing.

Two things can be seen without a sandbox, at the cost of a look at each changed file: a file
that changed before its worker began, and tool calls of an agent that name another worktree
of the run. What a shell command does to a worktree in which somebody is at work cannot be told
from that one's own changes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gitpar.core.changes import ChangeKind, FileChange

_MARGIN_S = 0.05
"""By how much times of files may lag behind the clock."""
_MOST = 1_000
_CALLS = (b'"tool_use"', b'"item.started"', b'"file_change"')
_RESULTS = (b'"tool_result"', b'"output"')


def changed_before(worktree: Path, changes: Sequence[FileChange], began_at: float) -> list[str]:
    """Lists files of the base that a worker's result changes and that were changed before it began."""
    found = []
    for file in changes[:_MOST]:
        if file.kind is not ChangeKind.MODIFIED:
            continue
        try:
            changed_at = os.lstat(f"{worktree}/{file.path}").st_ctime
        except OSError:
            continue  # its folder is gone, or it is a name that nobody can have here
        if changed_at < began_at - _MARGIN_S:
            found.append(file.path)
    return found


class Neighbours:
    """The other worktrees of a run, as they are called in the tool calls of one worker."""

    def __init__(self, worktree: Path) -> None:
        self._own = worktree.name
        self._folder = worktree.parent
        self._begin = os.fsencode(self._folder) + b"/"
        self._pattern = re.compile(re.escape(self._begin) + rb"(\d+)(?=[/\"'\\ ])")
        self.named: dict[str, None] = {}

    def look(self, line: bytes) -> None:
        """Takes a line of output."""
        if self._begin not in line or not _is_call(line):
            return
        for number in self._pattern.findall(line):
            if number.decode() != self._own:
                self.named[str(self._folder / number.decode())] = None


def _is_call(line: bytes) -> bool:
    return any(word in line for word in _CALLS) and not any(word in line for word in _RESULTS)
