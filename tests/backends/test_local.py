"""Workers on this machine: how each of them ends, and that nothing is left of it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gitpar.backends.local import LocalBackend
from gitpar.core.events import Ending
from gitpar.ports import Backend, WorkerResult
from tests.backends.worker_jobs import DAEMON, ignore_start, job, key, lives, marked, number, wait_until

BOMB = "f() { [ $1 -gt 0 ] && { f $(($1-1)) & f $(($1-1)) & }; sleep 60; }; f 5 & f 5 & touch lit; wait"


Started = Callable[[], list[psutil.Process]]


@pytest.fixture
def started() -> Started:
    """Lists the processes below this one that were not there before the test."""
    before = psutil.Process().children()
    return lambda: [one for one in psutil.Process().children() if one not in before]


@pytest.fixture
def backend(started: Started) -> Iterator[LocalBackend]:
    local = LocalBackend()
    yield local
    local.close()
    assert started() == []


def test_a_worker_gets_its_prompt_and_environment_and_leaves_log_and_exit_file(
    backend: Backend, tmp_path: Path
) -> None:
    pids: list[int] = []
    command = (
        'cat; echo "$GITPAR_TASK/$GITPAR_ATTEMPT $NAME" >&2; echo "50 half" > "$GITPAR_PROGRESS"; exit 3'
    )
    env = {"PATH": os.environ["PATH"], "NAME": "a=b\nc", "GITPAR_PROGRESS": str(tmp_path / "progress")}
    result = backend.run(job(tmp_path, command, env=env), pids.append)
    assert (result.ending, result.exit, result.message, result.processes_gone) == (Ending.EXITED, 3, "", True)
    assert (tmp_path / "log-1").read_text() == "the prompt\ntäsk 1.2/1 a=b\nc\n"
    assert (tmp_path / "progress").read_text() == "50 half\n"
    assert json.loads((tmp_path / "exit-1").read_text()) == {
        "ending": "exited",
        "exit": 3,
        "duration_s": result.duration_s,
        "message": "",
        "processes_gone": True,
    }
    assert len(pids) == 1
    assert backend.recover(tmp_path / "exit-1") == result
    os.utime(tmp_path / "exit-1", (1, 1))  # of before this start of the machine
    found = backend.recover(tmp_path / "exit-1")
    assert found is not None
    why = "the machine was started anew before its work was kept"
    assert (found.ending, found.exit, found.message) == (Ending.INTERRUPTED, None, why)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("kill -9 $$", (Ending.SIGNALED, None, "killed by SIGKILL")),
        ("kill -TERM $$", (Ending.SIGNALED, None, "killed by SIGTERM")),
        ("no-such-program-anywhere", (Ending.EXITED, 127, "")),
        ("exec >&- 2>&-; exit 4", (Ending.EXITED, 4, "")),
        ("yes | head -n 1 >&2", (Ending.EXITED, 0, "")),
        ("trap - INT; kill -INT $$", (Ending.SIGNALED, None, "killed by SIGINT")),
    ],
)
def test_each_ending_is_told_apart(
    backend: Backend, tmp_path: Path, command: str, expected: tuple[Ending, int | None, str]
) -> None:
    result = backend.run(job(tmp_path, command), ignore_start)
    assert (result.ending, result.exit, result.message) == expected


def test_a_worker_ignores_no_signal_from_the_start(backend: Backend, tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("signal masks are read from /proc")
    backend.run(job(tmp_path, "exec grep -E 'Sig(Ign|Blk)' /proc/self/status"), ignore_start)
    _, blocked, _, ignored = (tmp_path / "log-1").read_text().split()
    standard = (1 << 31) - 1
    assert (int(blocked, 16) & standard, int(ignored, 16) & standard) == (0, 0)


def test_what_cannot_start_is_said_and_not_raised(backend: Backend, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for changes, message in (
        ({"cwd": nowhere}, f"the worker cannot be started: No such file or directory: {nowhere}"),
        ({"stdin": nowhere}, f"the worker cannot be started: No such file or directory: {nowhere}"),
        ({"command": "x" * 3_000_000}, "the worker cannot be started: Argument list too long: /bin/sh"),
        (
            {"exit_file": nowhere / "e"},
            f"its exit file cannot be made: No such file or directory: {nowhere}/e.part",
        ),
        ({"env": {"A=B": "c"}}, "the environment variable 'A=B' cannot be set"),
        ({"env": {"A": "b\0c"}}, "the environment variable 'A' cannot be set"),
        ({"command": "true\0"}, "the command or a path has a NUL character in it"),
    ):
        result = backend.run(job(tmp_path, **{"command": "true", **changes}), pytest.fail)  # type: ignore[arg-type]
        assert result == WorkerResult(Ending.NOT_STARTED, None, 0.0, message)


def test_an_interrupted_worker_has_its_grace_to_save_what_it_did(backend: Backend, tmp_path: Path) -> None:
    command = "trap 'echo saved > saved; exit 0' INT; touch ready; while :; do sleep 0.02; done"
    result = backend.run(job(tmp_path, command, timeout_s=0.5, grace_s=10.0), ignore_start)
    assert (result.ending, result.exit) == (Ending.TIMED_OUT, None)
    assert result.message == "ended after its limit of 0.5 s"
    assert (tmp_path / "saved").exists()
    assert result.duration_s < 5


def test_at_its_limit_a_worker_that_ignores_signals_is_killed_with_its_daemons(
    backend: Backend, tmp_path: Path
) -> None:
    command = DAEMON + "daemon pid; trap '' INT TERM; while :; do sleep 60; done"
    result = backend.run(job(tmp_path, command, timeout_s=1.0), ignore_start)
    assert (result.ending, result.processes_gone) == (Ending.TIMED_OUT, True)
    assert not lives(number(tmp_path / "pid"))
    assert marked(key()) == []


def test_a_stopped_worker_is_ended_as_well(backend: Backend, tmp_path: Path) -> None:
    command = "trap 'exit 0' INT; kill -STOP $$; sleep 60"
    result = backend.run(job(tmp_path, command, timeout_s=0.3, grace_s=10.0), ignore_start)
    assert (result.ending, result.duration_s < 5) == (Ending.TIMED_OUT, True)


def test_what_a_worker_leaves_behind_is_ended_and_named(backend: Backend, tmp_path: Path) -> None:
    result = backend.run(job(tmp_path, DAEMON + "daemon pid; echo done"), ignore_start)
    assert (result.ending, result.exit, result.processes_gone) == (Ending.EXITED, 0, True)
    assert result.message.startswith("ended what it left behind: 1 process (python")
    assert not lives(number(tmp_path / "pid"))
    assert (tmp_path / "log-1").read_text() == "done\n"


def test_the_last_words_of_what_was_left_behind_are_in_the_log(backend: Backend, tmp_path: Path) -> None:
    child = "(trap 'echo last words; exit' TERM; touch ready; while :; do sleep 0.02; done) &"
    command = f"{child} while [ ! -e ready ]; do sleep 0.01; done; echo first"
    result = backend.run(job(tmp_path, command, grace_s=10.0), ignore_start)
    assert (result.ending, result.exit) == (Ending.EXITED, 0)
    assert (tmp_path / "log-1").read_text().startswith("first\n")
    assert (tmp_path / "log-1").read_text().endswith("last words\n")


def test_a_tree_that_grows_is_ended_whole(backend: Backend, tmp_path: Path) -> None:
    result = backend.run(job(tmp_path, BOMB, timeout_s=0.5, grace_s=0.0), ignore_start)
    assert (result.ending, result.processes_gone) == (Ending.TIMED_OUT, True)
    assert marked(key()) == []


def test_a_full_disk_stops_the_log_and_not_the_worker(backend: Backend, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    command = "seq 100000; echo worked > worked"
    result = backend.run(job(tmp_path, command, log=Path("/dev/full")), ignore_start)
    assert (result.ending, result.exit) == (Ending.EXITED, 0)
    assert result.message == "the log stopped: No space left on device"
    assert (tmp_path / "worked").exists()


def test_long_output_keeps_its_beginning_and_its_end(backend: Backend, tmp_path: Path) -> None:
    result = backend.run(job(tmp_path, "seq 3000000", log_limit_bytes=100_000), ignore_start)
    assert result.ending is Ending.EXITED
    log = (tmp_path / "log-1").read_text()
    assert log.startswith("1\n2\n3\n")
    assert log.endswith("\n2999999\n3000000\n")
    assert len(log) <= 100_100


def test_the_log_can_be_read_while_the_worker_runs(backend: Backend, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    with ThreadPoolExecutor() as threads:
        future = threads.submit(
            backend.run, job(tmp_path, "echo early; read line < go; echo late"), ignore_start
        )
        wait_until(lambda: (tmp_path / "log-1").exists() and (tmp_path / "log-1").read_text() == "early\n")
        (tmp_path / "go").write_text("on\n")
        assert future.result().exit == 0
    assert (tmp_path / "log-1").read_text() == "early\nlate\n"


def test_sixteen_jobs_run_at_once_on_sixteen_supervisors(
    backend: Backend, started: Started, tmp_path: Path
) -> None:
    command = "touch up-$GITPAR_ATTEMPT; while [ ! -e go ]; do sleep 0.05; done; exit $GITPAR_ATTEMPT"
    with ThreadPoolExecutor(16) as threads:
        futures = [threads.submit(backend.run, job(tmp_path, command, n), ignore_start) for n in range(16)]
        wait_until(lambda: len(list(tmp_path.glob("up-*"))) == 16)
        (tmp_path / "go").touch()
        assert [future.result().exit for future in futures] == list(range(16))
        again = [
            threads.submit(backend.run, job(tmp_path, "exit 9", n + 16), ignore_start) for n in range(64)
        ]
        assert {future.result().exit for future in again} == {9}
    [stem] = started()
    assert len(stem.children(recursive=True)) == 16


def test_stop_interrupts_all_workers_and_no_other_starts(backend: LocalBackend, tmp_path: Path) -> None:
    command = (
        DAEMON
        + "daemon pid-$GITPAR_ATTEMPT; touch up-$GITPAR_ATTEMPT; trap '' INT; while :; do sleep 60; done"
    )
    with ThreadPoolExecutor() as threads:
        futures = [threads.submit(backend.run, job(tmp_path, command, n), ignore_start) for n in (1, 2)]
        wait_until(lambda: len(list(tmp_path.glob("up-*"))) == 2)
        backend.stop()
        results = [future.result() for future in futures]
    assert {(result.ending, result.exit, result.processes_gone) for result in results} == {
        (Ending.INTERRUPTED, None, True)
    }
    assert not any(lives(number(tmp_path / f"pid-{n}")) for n in (1, 2))
    after = backend.run(job(tmp_path, "touch after", 3), ignore_start)
    assert after.ending is Ending.INTERRUPTED
    assert not (tmp_path / "after").exists()


def test_a_second_stop_does_not_wait_for_the_grace(backend: LocalBackend, tmp_path: Path) -> None:
    command = "trap 'touch asked' INT; touch up; while :; do sleep 0.02; done"
    with ThreadPoolExecutor() as threads:
        future = threads.submit(backend.run, job(tmp_path, command, grace_s=600.0), ignore_start)
        wait_until((tmp_path / "up").exists)
        backend.stop()
        wait_until((tmp_path / "asked").exists)
        backend.stop()
        assert future.result(20).ending is Ending.INTERRUPTED


def test_a_stop_does_not_cut_the_grace_of_a_worker_at_its_limit(
    backend: LocalBackend, tmp_path: Path
) -> None:
    command = "trap 'touch asked; sleep 0.3; touch saved; exit' INT; while :; do sleep 0.02; done"
    with ThreadPoolExecutor() as threads:
        future = threads.submit(
            backend.run, job(tmp_path, command, timeout_s=0.3, grace_s=60.0), ignore_start
        )
        wait_until((tmp_path / "asked").exists)
        backend.stop()
        assert future.result(20).ending is Ending.TIMED_OUT
    assert (tmp_path / "saved").exists()


def test_a_killed_supervisor_costs_its_worker_and_leaves_nothing(
    backend: LocalBackend, tmp_path: Path
) -> None:
    def kill_supervisor(pid: int) -> None:
        number(tmp_path / "pid")
        psutil.Process(pid).parent().kill()  # type: ignore[union-attr]

    command = DAEMON + "daemon pid; while :; do sleep 60; done"
    result = backend.run(job(tmp_path, command), kill_supervisor)
    assert (result.ending, result.exit, result.processes_gone) == (Ending.SIGNALED, None, True)
    assert result.message == "its supervisor was lost: it was killed"
    assert not lives(number(tmp_path / "pid"))
    assert marked(key()) == []
    assert backend.run(job(tmp_path, "exit 5", 2), ignore_start).exit == 5


def test_an_idle_supervisor_that_was_killed_is_replaced(
    backend: Backend, started: Started, tmp_path: Path
) -> None:
    assert backend.run(job(tmp_path, "exit 1", 1), ignore_start).exit == 1
    (stem,) = started()
    (supervisor,) = stem.children()
    supervisor.kill()
    wait_until(lambda: not lives(supervisor.pid))
    assert backend.run(job(tmp_path, "exit 2", 2), ignore_start).exit == 2


def test_a_killed_stem_costs_nobody(backend: LocalBackend, started: Started, tmp_path: Path) -> None:
    def kill_stem(pid: int) -> None:
        stem = psutil.Process(pid).parent().parent()  # type: ignore[union-attr]
        assert stem.ppid() == os.getpid()  # type: ignore[union-attr]
        stem.kill()  # type: ignore[union-attr]

    os.mkfifo(tmp_path / "go")
    with ThreadPoolExecutor() as threads:
        first = threads.submit(backend.run, job(tmp_path, "read line < go; exit 3", 1), kill_stem)
        wait_until(lambda: all(child.status() == "zombie" for child in started()))
        assert backend.run(job(tmp_path, "exit 4", 2), ignore_start).exit == 4
        (tmp_path / "go").write_text("on\n")
        assert first.result(20).exit == 3
    backend.close()
    assert started() == []


def test_a_worker_whose_start_cannot_be_noted_is_ended(backend: Backend, tmp_path: Path) -> None:
    def fail(_pid: int) -> None:
        raise OSError("the journal is full")

    with pytest.raises(OSError, match="the journal is full"):
        backend.run(job(tmp_path, "trap '' INT; while :; do sleep 60; done"), fail)
    assert marked(key()) == []


def test_workers_and_supervisors_are_in_sessions_of_their_own(backend: Backend, tmp_path: Path) -> None:
    sessions: list[int] = []

    def note(pid: int) -> None:
        sessions.extend((os.getsid(pid), os.getsid(psutil.Process(pid).ppid())))

    backend.run(job(tmp_path, "sleep 0.2"), note)
    assert len({os.getsid(0), *sessions}) == 3


def test_close_ends_what_still_runs(started: Started, tmp_path: Path) -> None:
    backend = LocalBackend()
    up = threading.Event()
    with ThreadPoolExecutor() as threads:
        future = threads.submit(backend.run, job(tmp_path, "while :; do sleep 60; done"), lambda _: up.set())
        assert up.wait(20)
        backend.close()
        assert future.result(20).ending is Ending.INTERRUPTED
    assert started() == []


def test_without_adopting_the_marks_find_who_left_the_tree(tmp_path: Path) -> None:
    backend = LocalBackend("--no-adopting")
    try:
        result = backend.run(job(tmp_path, DAEMON + "sleep 60 & daemon pid; exit 6"), ignore_start)
        assert (result.ending, result.exit, result.processes_gone) == (Ending.EXITED, 6, True)
        assert not lives(number(tmp_path / "pid"))
        assert marked(key()) == []
        assert backend.run(job(tmp_path, "exit 7", 2), ignore_start).exit == 7
    finally:
        backend.close()
