"""Runs that are interrupted or killed while a gate is run: it ends with them, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar, running
from tests.support.plans import Facts, facts, states, write_plan
from tests.support.sealed import git

LONGEST_S = 60.0


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe: a gate that reads it goes on when the test writes to it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def said(process: subprocess.Popen[str], word: str) -> None:
    """Reads what the run says until a line has a word in it: two signals at once would be one."""
    assert process.stderr is not None
    assert any(word in line for line in process.stderr), f"the run ended without saying {word!r}"


def begun(pid_file: Path) -> int:
    """Waits until the gate is at work; returns its process."""
    until = time.monotonic() + LONGEST_S
    while not (pid_file.exists() and (text := pid_file.read_text().strip())):
        assert time.monotonic() < until, "the gate has not begun"
        time.sleep(0.01)
    pid_file.unlink()
    return int(text)


def gone(pid: int) -> bool:
    """Waits until a process has ended."""
    until = time.monotonic() + LONGEST_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}").exists()


def resumed(repo: Path, pipe: Path) -> Facts:
    """Resumes the run and lets its gate pass."""
    opener = threading.Thread(target=lambda: pipe.write_text("go\n"), daemon=True)
    opener.start()
    found = facts(gitpar("resume", "--json", cwd=repo))
    opener.join(LONGEST_S)
    return found


def waiting(tmp_path: Path, pipe: Path) -> str:
    """A gate that tells its process and waits at the pipe, with a child that waits too."""
    return f'sleep 600 & echo $$ > "{tmp_path}/pid"; read line < "{pipe}"; test "$line" = go'


@pytest.mark.parametrize("signals", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGKILL]])
@pytest.mark.parametrize("on", ["task", "level"])
def test_a_gate_ends_with_the_run_and_is_run_again_by_a_resume(
    repo: Path, tmp_path: Path, pipe: Path, on: str, signals: list[signal.Signals]
) -> None:
    log = tmp_path / "worked"
    tasks: dict[str, str | dict[str, Any]] = {
        "a": f"echo a >> {log}; echo a > a",
        "b": {"command": f"echo b >> {log}; echo b > b", "depends_on": ["a"]},
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    command = f"test -e b || {{ {waiting(tmp_path, pipe)}; }}"
    with running(repo, "run", plan, f"--{on}-gate", command, "--grace", "1") as process:
        pid = begun(tmp_path / "pid")
        for number in signals:
            process.send_signal(number)
            if number is signal.SIGINT:
                said(process, "ing: ")  # draining, then stopping
        stdout, _ = process.communicate(timeout=LONGEST_S)
    assert gone(pid), "the gate lives on"
    if signals != [signal.SIGKILL]:
        stopped: Facts = json.loads(stdout)
        assert (process.returncode, stopped["state"]) == (130, "interrupted")
        assert [gate["verdict"] for gate in stopped["gates"]] == ["interrupted"]
    run = resumed(repo, pipe)
    assert states(run) == {"a": "landed", "b": "landed"}
    assert log.read_text().split() == ["a", "b"], "no worker's work is done twice"
    assert [gate["verdict"] for gate in run["gates"]] == ["interrupted", "passed", "passed"]
    assert len(git(repo, "worktree", "list").splitlines()) == 1


def test_a_run_that_drains_waits_for_its_gate(repo: Path, tmp_path: Path, pipe: Path) -> None:
    tasks: dict[str, str | dict[str, Any]] = {
        "a": "echo a > a",
        "b": {"command": "echo b > b", "depends_on": ["a"]},
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    with running(repo, "run", plan, "--level-gate", waiting(tmp_path, pipe)) as process:
        begun(tmp_path / "pid")
        process.send_signal(signal.SIGINT)
        pipe.write_text("go\n")
        stdout, _ = process.communicate(timeout=LONGEST_S)
    stopped: Facts = json.loads(stdout)
    assert (process.returncode, stopped["gates"][0]["verdict"]) == (130, "passed")
    run = resumed(repo, pipe)
    assert states(run) == {"a": "landed", "b": "landed"}
    assert [gate["verdict"] for gate in run["gates"]] == ["passed", "passed"], "the first is not asked again"
