"""Each kind of planned failure, in a real process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess

import pytest

from gitpar.faults import Kind, Step
from tests.support.journals import start

PASSES = """
from gitpar.errors import UsageError
from gitpar.faults import Step, passage
for n in range(1, 4):
    try:
        passage(Step.COMPARE)
    except OSError as error:
        print(n, "errno", error.errno, error.strerror, flush=True)
    except UsageError as error:
        print(error.message, *error.hints, sep="\\n", flush=True)
    else:
        print(n, flush=True)
"""


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    output, errors = process.communicate(timeout=30)
    assert not errors
    return process.returncode, output.splitlines()


def test_without_the_variable_nothing_fails() -> None:
    assert ended(start(PASSES)) == (0, ["1", "2", "3"])


def test_other_steps_do_not_count() -> None:
    assert ended(start(PASSES, fault="landing.move:1:kill")) == (0, ["1", "2", "3"])


@pytest.mark.parametrize(("kind", "number"), [(Kind.KILL, signal.SIGKILL), (Kind.TERM, signal.SIGTERM)])
def test_a_signal_ends_the_process_at_that_passage(kind: Kind, number: signal.Signals) -> None:
    assert ended(start(PASSES, fault=f"compare:2:{kind}")) == (-number, ["1"])


@pytest.mark.parametrize(("kind", "number"), [(Kind.ENOSPC, errno.ENOSPC), (Kind.EIO, errno.EIO)])
def test_an_error_of_the_disk_is_raised_once(kind: Kind, number: int) -> None:
    failed = f"2 errno {number} {os.strerror(number)} (injected at compare)"
    assert ended(start(PASSES, fault=f"compare:2:{kind}")) == (0, ["1", failed, "3"])


def test_a_hang_lasts_until_the_process_is_killed() -> None:
    process = start(PASSES, fault="compare:2:hang")
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.kill()
    assert ended(process) == (-signal.SIGKILL, [])


def test_several_failures_are_separated_by_commas() -> None:
    code, lines = ended(start(PASSES, fault="compare:1:eio,compare:3:kill,"))
    assert (code, [line[:7] for line in lines]) == (-signal.SIGKILL, ["1 errno", "2"])


@pytest.mark.parametrize(
    "wrong",
    ["compare", "compare:1", "compare:one:kill", "moon.land:1:kill", "compare:1:melt", "compare:0:kill"],
)
def test_what_makes_no_sense_is_refused_with_all_that_does(wrong: str) -> None:
    _, lines = ended(start(PASSES, fault=f"landing.move:1:kill,{wrong}"))
    assert lines[:3] == [
        f"`GITPAR_FAULT`: `{wrong}` is not `step:n:kind`",
        "Steps: " + ", ".join(step.value for step in Step),
        "Kinds: kill, term, enospc, eio, hang",
    ]
