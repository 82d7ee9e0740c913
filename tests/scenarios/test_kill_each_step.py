from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from gitpar.faults import Step
from tests.support.driving import Driver
from tests.support.killing import Victim

SEED = 5
OF_CLEAN = (Step.CLEAN_REFS, Step.CLEAN_DONE)
OF_PUBLISHING = [step for step in Step if step.value.startswith(("publish.", "request."))]
"""Killed at in test_publish_kills.py."""
OF_UNDO = (Step.UNDO_MOVE, Step.UNDO_MOVED)
"""Killed at in test_undo.py."""
OF_NOTES = [step for step in Step if step.value.startswith("notes.")]
"""Killed at in test_progress.py."""
OF_DAG = (Step.FOOTING, Step.CARRY)
"""Killed at in test_dag.py."""
OF_GATES = [step for step in Step if step.value.startswith("gate.")]
"""Killed at in test_gates.py."""
ELSEWHERE = (*OF_CLEAN, *OF_UNDO, *OF_PUBLISHING, *OF_NOTES, *OF_DAG, *OF_GATES)
OF_RUN = [step for step in Step if step not in ELSEWHERE]

ONCE = frozenset(
    {
        Step.SETTLE,
        Step.SETTLED,
        Step.LEASE_TAKE,
        Step.LEASE_TAKEN,
        Step.INTO_MOVE,
        Step.INTO_MOVED,
        Step.WRITE_BACK,
        Step.WRITTEN_BACK,
    }
)
"""Steps that one process passes only once with this plan, so a second passage cannot fail."""


def kill_at(folder: Path, step: Step, passage: int) -> str:
    """Kills the run at a step, resumes it, and says what is wrong; also where the step was not reached."""
    victim = Victim(folder, os.environ)
    killed = victim.driver.say(*victim.arguments, fault=f"{step.value}:{passage}:kill")
    if killed.status != -signal.SIGKILL:
        return f"passage {passage} of {step.value} was not reached: {killed}"
    settled: dict[str, int] = {}
    recorded = victim.note_finished(settled)
    said = victim.driver.say("resume") if recorded else victim.driver.say(*victim.arguments)
    wrong = victim.wrong(said, settled)
    return "\n".join([f"{step.value}:{passage}:kill, then {said}", *wrong]) if wrong else ""


@pytest.mark.parametrize("step", random.Random(SEED).sample(OF_RUN, 6))
def test_killed_at_some_steps_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, step: Step) -> None:
    wrong = kill_at(tmp_path, step, 1)

    assert not wrong, wrong


@pytest.mark.long
@pytest.mark.parametrize("passage", [1, 2])
@pytest.mark.parametrize("step", OF_RUN)
def test_killed_at_each_step_a_resume_ends_as_if_nothing_had_happened(
    tmp_path: Path, step: Step, passage: int
) -> None:
    wrong = kill_at(tmp_path, step, passage)

    if passage == 2 and step in ONCE:
        assert "was not reached" in wrong, f"{step.value} is passed twice now: take it off the list"
    else:
        assert not wrong, wrong


@pytest.mark.parametrize("step", OF_CLEAN)
def test_a_clean_killed_half_way_is_finished_by_the_next(tmp_path: Path, step: Step) -> None:
    victim = Victim(tmp_path, os.environ)
    said = victim.driver.say(*victim.arguments)

    killed = Driver(victim.repository, os.environ).clean(fault=f"{step.value}:1:kill")

    assert killed.status == -signal.SIGKILL, str(killed)
    wrong = victim.wrong(said, {})
    assert not wrong, "\n".join([str(said), *wrong])
