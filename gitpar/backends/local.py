"""Runs workers on this machine, each below a supervisor process that leaves nothing behind.

A supervisor is forked when a job needs one and serves the next job after it, so there
are never more of them than jobs at once. The calling thread blocks on the supervisor's
pipe: a job costs gitpar itself a fraction of a millisecond.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gitpar.backends.leftovers import end_marked, marks
from gitpar.backends.supervision import Stem, Supervisor, SupervisorLost
from gitpar.core.events import Ending
from gitpar.faults import Step, passage
from gitpar.ports import Job, WorkerResult

_CLOSING_S = 15.0
_RELEASE_S = 10.0
_RELEASE_TICK_S = 0.02
_ANEW = "the machine was started anew before its work was kept"


class LocalBackend:
    """The Backend of this machine. After `stop` or `close` no worker starts any more."""

    def __init__(self, *options: str) -> None:
        """Starts nothing yet. `options` go to the supervisors; `--no-adopting` does without subreaping."""
        self._stem = Stem(*options)
        self._changed = threading.Condition()
        self._idle: list[Supervisor] = []
        self._busy: set[Supervisor] = set()
        self._working: dict[Path, Supervisor] = {}
        self._why: dict[Path, str] = {}
        self._stopped = False

    def prepare(self) -> None:
        """Starts what the first worker will need, and does not wait for it."""
        self._stem.prepare()

    def dismiss(self) -> None:
        """Has those end that work on nothing, where no worker is to come; `close` waits for them."""
        with self._changed:
            for supervisor in self._idle:
                supervisor.hang_up()
        self._stem.dismiss()

    def run(self, job: Job, started: Callable[[int], None]) -> WorkerResult:
        """Runs the worker and returns when all of its processes are gone; calls `started(pid)` once.

        What the worker leaves running when it exits is ended and named in the message.
        Where the supervisor itself is killed, the worker is killed and SIGNALED.
        """
        passage(Step.WORKER_START)
        if problem := _problem(job):
            return WorkerResult(Ending.NOT_STARTED, None, 0.0, problem)
        try:
            supervisor = self._take()
        except OSError as error:
            return WorkerResult(Ending.NOT_STARTED, None, 0.0, f"no supervisor can be started: {error}")
        if supervisor is None:
            return WorkerResult(Ending.INTERRUPTED, None, 0.0, "stopped before it started")
        usable = False
        why: str | None = None
        with self._changed:
            self._working[job.exit_file] = supervisor
        try:
            result, usable = _work(supervisor, job, started)
        finally:
            with self._changed:
                del self._working[job.exit_file]
                why = self._why.pop(job.exit_file, None)
            usable = usable and why is None  # it takes no further job once it was stopped
            self._give_back(supervisor, usable=usable)
        passage(Step.WORKER_ENDED)
        if why is not None and result.ending is Ending.INTERRUPTED and not self._stopped:
            return replace(result, ending=Ending.CUT_SHORT, message=why)
        return result

    def end(self, job_exit_file: Path, why: str) -> None:
        """Ends one worker (interrupt, grace, kill); its `run` returns CUT_SHORT with the reason."""
        with self._changed:
            supervisor = self._working.get(job_exit_file)
            if supervisor is None:
                return  # it has ended meanwhile
            self._why.setdefault(job_exit_file, why)
        supervisor.stop()

    def stop(self) -> None:
        """Ends every worker that runs now (interrupt, grace, kill); a second call kills at once."""
        with self._changed:
            self._stopped = True
            busy = list(self._busy)
        for supervisor in busy:
            supervisor.stop()

    def recover(self, job_exit_file: Path) -> WorkerResult | None:
        """Ends what a dead owner's worker left running; returns its ending if that was recorded.

        A supervisor that outlived its owner is given time to end its worker and to
        record it. A process that cannot be ended gives a result with `processes_gone`
        False, INTERRUPTED where nothing was recorded. So is what ended before the machine was
        started anew: a power cut may have taken what it had written.
        """
        part = job_exit_file.with_name(f"{job_exit_file.name}.part")
        released = _await_release(part)
        left = end_marked(job_exit_file)
        if not released:
            _await_release(part)
        result = _recorded(job_exit_file)
        if result is not None and _is_from_before(job_exit_file):
            result = replace(result, ending=Ending.INTERRUPTED, exit=None, message=_ANEW)
        part.unlink(missing_ok=True)
        if left:
            found = result or WorkerResult(Ending.INTERRUPTED, None, 0.0)
            return replace(found, message=_joined(found.message, _unended(left)), processes_gone=False)
        return result

    def close(self) -> None:
        """Ends all workers and supervisors."""
        if not self._stopped:
            self.stop()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._busy, _CLOSING_S):
                for supervisor in self._busy:
                    supervisor.hang_up()
                self._changed.wait_for(lambda: not self._busy, _CLOSING_S)
            idle, self._idle = self._idle, []
        for supervisor in idle:
            supervisor.hang_up()
        for supervisor in idle:
            supervisor.close()
        self._stem.close()

    def _take(self) -> Supervisor | None:
        """An idle supervisor, else a new one; None after a stop."""
        with self._changed:
            while self._idle and not self._stopped:
                supervisor = self._idle.pop()
                if supervisor.lives:
                    self._busy.add(supervisor)
                    return supervisor
                supervisor.close()
            if self._stopped:
                return None
        supervisor = self._stem.grow()
        with self._changed:
            if not self._stopped:
                self._busy.add(supervisor)
                return supervisor
        supervisor.close()
        return None

    def _give_back(self, supervisor: Supervisor, *, usable: bool) -> None:
        if not usable:
            supervisor.close()
        with self._changed:
            self._busy.discard(supervisor)
            if usable:
                self._idle.append(supervisor)
            self._changed.notify_all()


def _work(supervisor: Supervisor, job: Job, started: Callable[[int], None]) -> tuple[WorkerResult, bool]:
    """Runs the job on the supervisor; says as well whether it can be used again."""
    since = time.monotonic()
    if not supervisor.begin(_order(job)):
        return WorkerResult(Ending.INTERRUPTED, None, 0.0, "stopped before it started"), False
    answer = _answer(supervisor, job, since)
    if "started" in answer:
        try:
            started(answer["started"])
            passage(Step.WORKER_STARTED)
        except BaseException:
            supervisor.stop()
            _answer(supervisor, job, since)
            raise
        answer = _answer(supervisor, job, since)
    result = _result(answer)
    if not answer.get("proved", True) and (left := end_marked(job.exit_file)):
        result = replace(result, message=_joined(result.message, _unended(left)), processes_gone=False)
    return result, result.processes_gone and supervisor.lives


def _answer(supervisor: Supervisor, job: Job, since: float) -> dict[str, Any]:
    """The supervisor's next line; where the supervisor is lost, ends its worker and says so instead."""
    try:
        return supervisor.answer()
    except SupervisorLost as lost:
        left = end_marked(job.exit_file)
        return {
            "ending": Ending.SIGNALED,
            "exit": None,
            "duration_s": time.monotonic() - since,
            "message": _joined(f"its supervisor was lost: {lost}", _unended(left)),
            "processes_gone": not left,
        }


def _order(job: Job) -> bytes:
    """The job as the supervisor reads it: fields, then the environment, cut by NULs."""
    timeout = "" if job.timeout_s is None else repr(job.timeout_s)
    limits = (timeout, repr(job.grace_s), str(job.log_limit_bytes))
    paths = (job.cwd, job.stdin, job.log, job.exit_file)
    environ = {**job.env, **marks(job.key, job.exit_file)}
    bounds = (str(len(job.sandbox)), *job.sandbox)
    variables = (f"{name}={value}" for name, value in environ.items())
    fields = (job.command, *map(str, paths), *limits, *bounds, *variables)
    return os.fsencode("\0".join(fields))


def _problem(job: Job) -> str:
    """Why no process can be started for the job, empty where nothing is known against it."""
    paths = (job.cwd, job.stdin, job.log, job.exit_file)
    if any("\0" in text for text in (job.command, *map(str, paths), *job.sandbox)):
        return "the command or a path has a NUL character in it"
    for name, value in job.env.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            return f"the environment variable {name!r} cannot be set"
    return ""


def _result(answer: Mapping[str, Any]) -> WorkerResult:
    unrecorded = f"its ending could not be recorded: {answer['unrecorded']}" if "unrecorded" in answer else ""
    return WorkerResult(
        Ending(answer["ending"]),
        answer["exit"],
        answer["duration_s"],
        _joined(answer["message"], unrecorded),
        answer["processes_gone"],
    )


def _recorded(exit_file: Path) -> WorkerResult | None:
    """The ending in an exit file; None where there is none, or none that a supervisor wrote."""
    try:
        return _result(json.loads(exit_file.read_bytes()))
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return None


def _is_from_before(file: Path) -> bool:
    """Says whether a file was written before this start of the machine."""
    up_s = time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    return file.stat().st_mtime < time.time() - up_s


def _await_release(part: Path) -> bool:
    """Waits until no supervisor holds the file; says whether that came true."""
    until = time.monotonic() + _RELEASE_S
    try:
        file = os.open(part, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(_RELEASE_TICK_S)
            except OSError:
                return True  # a file system without locks: then the marks have to do
            else:
                return True
    finally:
        os.close(file)


def _unended(left: tuple[str, ...]) -> str:
    return f"{', '.join(left)} cannot be ended" if left else ""


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))
