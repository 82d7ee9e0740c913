"""Writes single objects into a store through long-lived git processes, one for each type.

A process for each commit costs ten times as much as the commit. git checks every object
and flushes it before it answers, so what has an id here is on the disk.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from gitpar.git.command import GitCommand, GitFailed


@dataclass(slots=True)
class ObjectWriter:
    """Writes objects by `git hash-object -w`. Safe to share between threads.

    `folder` is where an object's content waits for git to read it; it is gitpar's own.
    """

    git: GitCommand
    folder: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sessions: dict[str, Popen[bytes]] = field(default_factory=dict)

    def write(self, kind: str, content: bytes) -> str:
        """Writes an object of a type (`commit`, `tree`, `blob`) durably and returns its id.

        Raises GitFailed where git does not take it, OSError where its content cannot be
        handed over.
        """
        with self._lock:
            session = self._session(kind)
            stdin, stdout = session.stdin, session.stdout
            if stdin is None or stdout is None:
                raise GitFailed(_arguments(kind), -1, "the process has no pipes")
            file = self.folder / f"object-{kind}"
            file.write_bytes(content)
            with contextlib.suppress(BrokenPipeError):  # it has died; the answer is missed below
                # relative to the folder, because git reads names line by line
                stdin.write(f"{file.name}\n".encode())
                stdin.flush()
            answer = stdout.readline()
            if not answer.endswith(b"\n"):
                del self._sessions[kind]
                said = session.communicate()[1].decode(errors="replace")
                raise GitFailed(_arguments(kind), session.returncode, said)
            return answer.decode().strip()

    def close(self) -> None:
        """Ends the processes."""
        with self._lock:
            while self._sessions:
                self._sessions.popitem()[1].communicate()

    def _session(self, kind: str) -> Popen[bytes]:
        if kind not in self._sessions:
            self.folder.mkdir(parents=True, exist_ok=True)
            # a worker may have set core.worktree, and git would look for relative names there
            folder = self.git.environment.at(self.folder, GIT_WORK_TREE=str(self.folder))
            self._sessions[kind] = self.git.at(folder).start(*_arguments(kind))
        return self._sessions[kind]


def _arguments(kind: str) -> tuple[str, ...]:
    return ("hash-object", "-w", "-t", kind, "--no-filters", "--stdin-paths")
