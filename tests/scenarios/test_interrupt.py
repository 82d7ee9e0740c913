"""Ctrl-C, other signals and other gitpars: the run stops, nothing is lost, and it can be resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.support.cli import gitpar, running
from tests.support.plans import Facts, facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

WAITS = 'echo begun > begun.txt; echo $$ > "{gate}.pid"; read line < "{gate}"; echo $line > end.txt'


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A named pipe: a worker that reads it goes on when the test writes to it."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture
def plan(tmp_path: Path, gate: Path) -> Path:
    """One task that waits at the gate, and one after it."""
    after = {"command": "cat end.txt > after.txt", "depends_on": ["waits"]}
    return write_plan(tmp_path / "plan.json", {"waits": WAITS.format(gate=gate), "after": after})


def open_gate(gate: Path, word: str) -> None:
    """Waits until a worker stands at the gate, and lets it through with a word."""
    gate.write_text(f"{word}\n", encoding="utf-8")


def said(process: subprocess.Popen[str], word: str) -> None:
    """Reads what the run says until a line has a word in it."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"the run ended without saying {word!r}")


def test_one_ctrl_c_lets_the_workers_end_and_starts_nothing_new(repo: Path, plan: Path, gate: Path) -> None:
    with running(repo, "run", plan) as process:
        said(process, "waits#1 started")
        process.send_signal(signal.SIGINT)
        said(process, "Ctrl-C")
        open_gate(gate, "patient")
        run = facts_of(process)
        assert process.returncode == 130
    assert (run["state"], states(run)) == ("interrupted", {"waits": "finished", "after": "pending"})
    done = facts(gitpar("resume", "--json", cwd=repo))
    assert states(done) == {"waits": "landed", "after": "landed"}
    assert show(repo, tip(done), "after.txt") == "patient"
    assert [len(task["attempts"]) for task in done["tasks"]] == [1, 1]


@pytest.mark.parametrize("signals", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP]])
def test_a_second_ctrl_c_ends_the_workers_and_keeps_their_work(
    repo: Path, plan: Path, gate: Path, signals: list[signal.Signals]
) -> None:
    with running(repo, "run", plan, "--grace", "0.2") as process:
        said(process, "waits#1 started")
        pid = int(written(gate.with_name("gate.pid")))
        for number in signals[:-1]:
            process.send_signal(number)
            said(process, "Ctrl-C")
        process.send_signal(signals[-1])
        run = facts_of(process)
        assert process.returncode == 130
    [attempt] = run["tasks"][0]["attempts"]
    assert attempt["state"] == "interrupted"
    assert show(repo, attempt["keep_ref"], "begun.txt") == "begun"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with subprocess.Popen(["sh", "-c", f"echo again > {gate}"]):
        done = facts(gitpar("resume", "--json", cwd=repo))
    assert show(repo, tip(done), "after.txt") == "again"


def test_a_run_that_is_worked_on_is_not_taken_over_and_another_may_go_on_beside_it(
    repo: Path, plan: Path, gate: Path, tmp_path: Path
) -> None:
    with running(repo, "run", plan) as process:
        said(process, "waits#1 started")
        second = gitpar("resume", cwd=repo)
        assert second.status == 3
        assert f"is being worked on by process {process.pid} on host" in second.stderr
        assert gitpar("clean", cwd=repo).status == 3
        beside = run_json(repo, write_plan(tmp_path / "other.json", {"b": "echo b > b"}))
        assert show(repo, tip(beside), "b") == "b"
        open_gate(gate, "first")
        assert states(facts_of(process)) == {"waits": "landed", "after": "landed"}
    assert git(repo, "worktree", "list").count("\n") == 0


def facts_of(process: subprocess.Popen[str]) -> Facts:
    """What the run says at its end."""
    stdout, stderr = process.communicate(timeout=60)
    assert stdout, stderr
    found: Facts = json.loads(stdout)
    return found


def written(path: Path) -> str:
    """Waits until a worker has written a line, and returns it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if path.exists() and (text := path.read_text(encoding="utf-8")).endswith("\n"):
            return text
        threading.Event().wait(0.02)
    raise AssertionError(f"nobody wrote {path}")
