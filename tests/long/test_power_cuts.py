"""The power is cut at steps drawn by a seed: a resume goes on from what the disk has been given."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from gitpar.faults import Step
from tests.support.disks import disk
from tests.support.killing import Victim

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("GITPAR_POWER_ROUNDS", "40"))
_OTHERS = ("publish.", "request.", "undo.", "clean.", "gate.", "settle.", "notes.", "footing", "carry")
STEPS = [step.value for step in Step if not step.value.startswith(_OTHERS)]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_after_power_cuts_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    if os.geteuid():
        pytest.skip("only root can mount file systems")
    with disk(tmp_path) as power:
        # the log of what was started is no part of what the cut may take away
        (tmp_path / "log").touch()
        (power.folder / "log").symlink_to(tmp_path / "log")
        victim = Victim(power.folder, os.environ, commits=chance.random() < 0.7)
        power.settle()
        arguments, faults = victim.arguments, list[str]()
        settled: dict[str, int] = {}
        for _ in range(2):
            faults.append(f"{chance.choice(STEPS)}:{chance.choice((1, 1, 2, 3, 5, 7))}:kill")
            victim.driver.say(*arguments, fault=faults[-1])
            power.cut()
            _start_anew(victim)
            arguments = ("resume",) if victim.note_finished(settled) else victim.arguments
        said = victim.driver.say(*arguments)
        power.cut()
        wrong = victim.wrong(said, settled)
    assert not wrong, f"seed {seed}, {faults}: {said}\n" + "\n".join(wrong)


def _start_anew(victim: Victim) -> None:
    """Makes workers' endings as old as they would be after a start of the machine."""
    for path in victim.repository.glob(".git/gitpar/runs/*/**/exit.json"):
        os.utime(path, (1, 1))
