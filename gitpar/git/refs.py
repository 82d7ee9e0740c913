"""Moves the user's refs: one long-lived `git update-ref --stdin`, each move a transaction with old values."""

from __future__ import annotations

import contextlib
import difflib
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen

from gitpar.core.names import NO_COMMIT, CommitId, RefName, short
from gitpar.errors import EnvironmentFault, RefMoved, UsageError
from gitpar.git.command import GitFailed
from gitpar.git.repository import RepositoryPlace
from gitpar.patterns import pattern
from gitpar.ports import RefUpdate

_ARGUMENTS = ("update-ref", "-m", "gitpar", "--stdin", "-z")
_ABSENT = "0" * 40
_PATIENCE_S = 2.0
_MORE_S = 1.0
"""How much longer is waited where gitpar's own locks are in the way: one may have come in between."""
_LOCKED = pattern(r"Unable to create '(?P<path>[^']*\.lock)': File exists")
_OURS = pattern(r"refs/(gitpar/.+|notes/gitpar|heads/.+/(level/\d+|(task|landed)/.+))\.lock")
"""Locks of refs that only a run's owner moves, and in an instant."""
_IN_THE_WAY = pattern(r"'(?P<there>refs/[^']*)' exists; cannot create '(?P<wanted>refs/[^']*)'")


class GitRefs:
    """Fulfils ports.Refs on the user's repository. Safe to share between threads."""

    def __init__(self, place: RepositoryPlace) -> None:
        self._git = place.command
        self._common = place.common
        self._where = f"--git-dir={place.common}"
        self._lock = threading.Lock()
        self._session: Popen[bytes] | None = None

    def resolve(self, revision: str) -> CommitId:
        """Returns the commit a revision names; raises UsageError where there is none."""
        found = self._git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", ok=(0, 1, 128)
        )
        if found.status == 0 and revision and "\n" not in found.text:
            return CommitId(found.text)
        raise self._unknown(revision)

    def read(self, prefix: str) -> Mapping[RefName, CommitId]:
        """Lists the refs below a prefix, or the one that has it for a name."""
        result = self._git.run(self._where, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
        pairs = (line.split(" ", 1) for line in result.text.splitlines())
        return {RefName(name): CommitId(commit) for commit, name in pairs}

    def move(self, updates: Sequence[RefUpdate]) -> None:
        """Moves all refs or none, durably; raises RefMoved where an old value differs.

        A lock file that somebody holds is waited for up to two seconds; one of a ref of gitpar's
        own, or for the very move that is made here, is what a power cut left, then, and removed.
        Raises EnvironmentFault naming any other, UsageError where a branch blocks the name.
        """
        if not updates:
            return
        with self._lock:
            give_up_at = time.monotonic() + _PATIENCE_S
            pause_s = 0.02
            seen: dict[Path, tuple[tuple[int, int], float]] = {}
            while (failure := self._transact(updates)) is not None:
                if self._settled(updates, failure):
                    return
                if (stale := self._stale_lock(updates, failure, seen)) is not None:
                    stale.unlink(missing_ok=True)
                    give_up_at = time.monotonic() + _PATIENCE_S
                elif time.monotonic() > give_up_at + _MORE_S * bool(seen):
                    raise _locked(failure)
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, 0.3)

    def _stale_lock(
        self, updates: Sequence[RefUpdate], failure: str, seen: dict[Path, tuple[tuple[int, int], float]]
    ) -> Path | None:
        """Returns the lock in the way if gitpar has left it, and it has been `seen` for long."""
        found = _LOCKED.search(failure)
        path = Path(found["path"]) if found else self._common
        if not path.is_relative_to(self._common):
            return None
        name = path.relative_to(self._common).as_posix()
        # git writes what a ref is to hold into its lock
        made_here = (f"{one.ref}.lock" == name and _holds(path, one.new) for one in updates)
        if not _OURS.fullmatch(name) and not any(made_here):
            return None
        try:
            now = path.lstat()
        except FileNotFoundError:
            return None
        looks = (now.st_ino, now.st_mtime_ns)
        if path not in seen or seen[path][0] != looks:
            seen[path] = (looks, time.monotonic())
        return path if time.monotonic() >= seen[path][1] + _PATIENCE_S else None

    def close(self) -> None:
        """Ends the update-ref process."""
        with self._lock:
            self._end()

    def _transact(self, updates: Sequence[RefUpdate]) -> str | None:
        """Tries one transaction; returns git's complaint, or None where everything moved."""
        text = b"start\0" + b"".join(map(_line, updates)) + b"prepare\0commit\0"
        if self._session is None or self._session.poll() is not None:
            self._end()
            self._session = self._git.start(self._where, *_ARGUMENTS)
        stdin, stdout = self._session.stdin, self._session.stdout
        if stdin is None or stdout is None:
            raise GitFailed(_ARGUMENTS, -1, "the process has no pipes")
        with contextlib.suppress(BrokenPipeError):  # it has died; what it said is read below
            stdin.write(text)
            stdin.flush()
        answers = [stdout.readline() for _ in range(3)]
        if answers == [b"start: ok\n", b"prepare: ok\n", b"commit: ok\n"]:
            return None
        return self._end()

    def _end(self) -> str:
        """Ends the session, if there is one, and returns what it said on stderr."""
        session, self._session = self._session, None
        if session is None:
            return ""
        # closes its stdin, which ends it, and an open transaction with it
        said = session.communicate()[1]
        return said.decode(errors="replace").strip()

    def _settled(self, updates: Sequence[RefUpdate], failure: str) -> bool:
        """Judges a failed transaction by where the refs are.

        Returns True where it happened after all, False where it is worth another try.
        """
        now = {update.ref: self.read(update.ref).get(update.ref, NO_COMMIT) for update in updates}
        if not failure and all(now[update.ref] == update.new for update in updates):
            # the process was ended by somebody after it had moved them
            return True
        for update in updates:
            if now[update.ref] != update.old:
                raise RefMoved(update.ref, update.old, now[update.ref])
        if blocked := _IN_THE_WAY.search(failure):
            there, wanted = (short(RefName(blocked[name])) for name in ("there", "wanted"))
            raise UsageError(
                f"the branch `{wanted}` cannot be made, because there is a branch `{there}`",
                f"Rename that branch: git branch -m {there} {there.replace('/', '-')}-old",
                "Or choose another prefix for gitpar's branches in gitpar.toml",
            )
        if _LOCKED.search(failure) or not failure:
            return False
        raise GitFailed(_ARGUMENTS, 128, failure)

    def _unknown(self, revision: str) -> UsageError:
        names = self._git.run(
            self._where,
            "for-each-ref",
            "--format=%(refname:short)",
            "refs/heads",
            "refs/remotes",
            "refs/tags",
        ).text.splitlines()
        if not names and revision == "HEAD":
            return UsageError(
                "the repository has no commit yet, so there is nothing to start from",
                "Make the first one: git add . && git commit -m 'First commit'",
            )
        near = difflib.get_close_matches(revision, names, n=3)
        hints = [f"Did you mean `{name}`?" for name in near] or ["See what there is: git branch --all"]
        return UsageError(f"`{revision}` names no commit in this repository", *hints)


def resolved(place: RepositoryPlace, revision: str) -> CommitId:
    """Returns the commit that a revision names; raises UsageError where there is none."""
    refs = GitRefs(place)
    try:
        return refs.resolve(revision)
    finally:
        refs.close()


def _holds(lock: Path, commit: CommitId) -> bool:
    try:
        # one that is empty may be anybody's
        return bool(commit) and lock.read_bytes().strip() == commit.encode()
    except OSError:
        return False


def _line(update: RefUpdate) -> bytes:
    new, old = update.new or _ABSENT, update.old or _ABSENT
    if new == old:
        return f"verify {update.ref}\0{old}\0".encode()
    return f"update {update.ref}\0{new}\0{old}\0".encode()


def _locked(failure: str) -> EnvironmentFault:
    found = _LOCKED.search(failure)
    name = found["path"] if found else "a ref's lock file"
    return EnvironmentFault(
        f"git's lock `{name}` has been held for {_PATIENCE_S:.0f} seconds; no ref was moved",
        f"If no git is running there: rm {name}",
    )
