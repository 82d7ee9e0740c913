"""What becomes of workers whose gitpar is killed, and of the one that takes over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gitpar.backends.leftovers import MARK
from gitpar.backends.local import LocalBackend
from gitpar.backends.supervision import supervisor_command
from gitpar.core.events import Ending
from gitpar.core.names import RunId, TaskId
from gitpar.ports import AttemptKey
from tests.backends.worker_jobs import DAEMON, ignore_start, job, lives, marked, number, wait_until

OWNER = """
import os, sys
from pathlib import Path
from gitpar.backends.local import LocalBackend
from gitpar.ports import AttemptKey, Job

def started(pid):
    Path("worker.part").write_text(str(pid))
    Path("worker.part").rename("worker")

here = Path.cwd()
key = AttemptKey(sys.argv[1], "t", 1)
files = (here / name for name in ("prompt", "log", "exit"))
job = Job(key, sys.argv[2], here, dict(os.environ), *files, None, 0.3, 10**6)
backend = LocalBackend()
print(backend.run(job, started).ending, flush=True)
input()
"""
ENDLESS = DAEMON + "daemon pid; trap '' INT TERM; while :; do sleep 60; done"


@pytest.fixture
def attempt() -> AttemptKey:
    return AttemptKey(RunId(f"owned-by-{os.getpid()}"), TaskId("t"), 1)


def own(folder: Path, attempt: AttemptKey, command: str, **variables: str) -> subprocess.Popen[bytes]:
    """Starts a program that runs the command through a LocalBackend of its own."""
    (folder / "prompt").touch()
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, attempt.run, command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def kill(owner: subprocess.Popen[bytes]) -> None:
    owner.kill()
    owner.communicate()


def recover(folder: Path) -> tuple[Ending, int | None, str] | None:
    result = LocalBackend().recover(folder / "exit")
    assert not (folder / "exit.part").exists()
    return None if result is None else (result.ending, result.exit, result.message)


def test_kill_9_of_the_owner_ends_the_workers_whole_tree(tmp_path: Path, attempt: AttemptKey) -> None:
    owner = own(tmp_path, attempt, ENDLESS)
    worker, daemon = number(tmp_path / "worker"), number(tmp_path / "pid")
    supervisor = psutil.Process(worker).ppid()
    kill(owner)
    wait_until(lambda: not any(lives(pid) for pid in (worker, daemon, supervisor)))
    assert marked(attempt) == []
    assert recover(tmp_path) == (Ending.INTERRUPTED, None, "ended because its gitpar was gone")


def test_recover_waits_for_a_supervisor_that_is_still_at_it(tmp_path: Path, attempt: AttemptKey) -> None:
    command = "trap 'sleep 0.2; echo saved > saved; exit 0' INT; touch up; while :; do sleep 0.02; done"
    owner = own(tmp_path, attempt, command)
    wait_until((tmp_path / "up").exists)
    kill(owner)
    assert recover(tmp_path) == (Ending.INTERRUPTED, None, "ended because its gitpar was gone")
    assert (tmp_path / "saved").exists()
    assert marked(attempt) == []


def test_a_worker_that_had_ended_is_not_lost_with_its_owner(tmp_path: Path, attempt: AttemptKey) -> None:
    owner = own(tmp_path, attempt, "exit 8", GITPAR_FAULT="worker.ended:1:kill")
    assert owner.wait(20) == -signal.SIGKILL
    owner.communicate()
    assert recover(tmp_path) == (Ending.EXITED, 8, "")


@pytest.mark.parametrize("step", ["worker.start", "worker.started"])
def test_an_owner_killed_around_the_start_leaves_nothing(
    tmp_path: Path, attempt: AttemptKey, step: str
) -> None:
    owner = own(tmp_path, attempt, "while :; do sleep 60; done", GITPAR_FAULT=f"{step}:1:kill")
    assert owner.wait(20) == -signal.SIGKILL
    owner.communicate()
    found = recover(tmp_path)
    assert found is None if step == "worker.start" else found and found[0] is Ending.INTERRUPTED
    assert marked(attempt) == []


def test_a_fault_after_the_start_ends_the_worker(tmp_path: Path, attempt: AttemptKey) -> None:
    owner = own(tmp_path, attempt, "while :; do sleep 60; done", GITPAR_FAULT="worker.started:1:enospc")
    assert owner.wait(20) == 1
    owner.communicate()
    assert recover(tmp_path) == (Ending.INTERRUPTED, None, "interrupted")


def test_a_worker_killed_together_with_its_owner_is_not_blamed(tmp_path: Path, attempt: AttemptKey) -> None:
    owner = own(tmp_path, attempt, "exec sleep 60")
    worker = psutil.Process(number(tmp_path / "worker"))
    supervisor = worker.parent()
    assert supervisor is not None
    supervisor.suspend()
    worker.kill()
    kill(owner)
    supervisor.resume()
    assert recover(tmp_path) == (Ending.INTERRUPTED, None, "ended because its gitpar was gone")


def test_recover_ends_what_outlived_owner_and_supervisor(tmp_path: Path, attempt: AttemptKey) -> None:
    owner = own(tmp_path, attempt, ENDLESS)
    worker, daemon = number(tmp_path / "worker"), number(tmp_path / "pid")
    supervisor = psutil.Process(worker).parent()
    assert supervisor is not None
    owner.send_signal(signal.SIGSTOP)  # or it would clean up after its supervisor
    supervisor.kill()
    kill(owner)
    assert lives(worker)
    assert lives(daemon)
    assert recover(tmp_path) is None
    assert not lives(worker)
    assert not lives(daemon)


def test_recover_touches_no_other_attempt(tmp_path: Path) -> None:
    backend = LocalBackend()

    def recover_another(pid: int) -> None:
        assert LocalBackend().recover(tmp_path / "exit-2") is None
        assert lives(pid)
        backend.stop()

    result = backend.run(job(tmp_path, "exec sleep 60"), recover_another)
    assert result.ending is Ending.INTERRUPTED
    backend.close()


def test_recover_spares_itself_and_those_above_it(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from gitpar.backends.local import LocalBackend; "
        "print(LocalBackend().recover(Path('exit').absolute()))"
    )
    marks = {MARK: str(tmp_path / "exit")}
    done = subprocess.run(
        ["sh", "-c", 'sleep 60 & "$@"; echo survived; wait', "sh", sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **marks},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == "None\nsurvived\n"


def test_an_unreadable_exit_file_is_no_ending(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"ending": "unheard-of"}', "null"):
        (tmp_path / "exit").write_text(content)
        assert recover(tmp_path) is None


def test_a_supervisor_ends_with_its_owners_pipe_and_ignores_polite_signals() -> None:
    supervisor = subprocess.Popen(supervisor_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert supervisor.stdin is not None
    process = psutil.Process(supervisor.pid)
    wait_until(lambda: ignores_term(process.pid))
    for number_ in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        supervisor.send_signal(number_)
    supervisor.stdin.write(b"stop\nstop\n")
    supervisor.stdin.flush()
    assert supervisor.poll() is None
    supervisor.communicate(timeout=20)
    assert supervisor.returncode == 0


def ignores_term(pid: int) -> bool:
    """Whether the process has come so far as to ignore SIGTERM; without /proc, a second is long enough."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        time.sleep(1)
        return True
    line = next(line for line in status.read_text().splitlines() if line.startswith("SigIgn:"))
    return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_answers_are_json_whatever_is_in_a_message(tmp_path: Path) -> None:
    backend = LocalBackend()
    cwd = tmp_path / 'a"b\\c\né'
    result = backend.run(job(tmp_path, "true", cwd=cwd), ignore_start)
    assert result.message.endswith(str(cwd))
    assert json.loads((tmp_path / "exit-1").read_text())["message"] == result.message
    backend.close()


def test_a_stop_that_arrives_with_the_job_is_heard(tmp_path: Path) -> None:
    (tmp_path / "prompt").touch()
    paths = (str(tmp_path), *(str(tmp_path / name) for name in ("prompt", "log", "exit")))
    order = "\0".join(("touch worked", *paths, "", "1", "1000", "0", "PATH=/bin")).encode()
    done = subprocess.run(
        supervisor_command(), input=b"job %d\n%sstop\n" % (len(order), order), capture_output=True, check=True
    )
    answer = json.loads(done.stdout)
    assert (answer["ending"], answer["message"]) == ("interrupted", "stopped before it started")
    assert not (tmp_path / "worked").exists()


def test_an_ending_from_before_is_not_taken_for_the_next_one(tmp_path: Path, attempt: AttemptKey) -> None:
    (tmp_path / "exit").write_text(
        '{"ending": "exited", "exit": 0, "duration_s": 1, "message": "", "processes_gone": true}'
    )
    owner = own(tmp_path, attempt, "exec sleep 60")
    supervisor = psutil.Process(number(tmp_path / "worker")).parent()
    assert supervisor is not None
    owner.send_signal(signal.SIGSTOP)
    supervisor.kill()
    kill(owner)
    assert recover(tmp_path) is None
