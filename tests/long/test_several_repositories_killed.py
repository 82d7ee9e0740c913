"""A plan over three repositories, killed again and again at steps drawn by a seed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gitpar.faults import Step
from tests.support.sister_repos import kill, three

pytestmark = pytest.mark.long

_OTHERS = (
    "publish.",
    "request.",
    "undo.",
    "clean.",
    "gate.",
    "settle.",
    "into.",
    "write-back.",
)
STEPS = [step.value for step in Step if not step.value.startswith(_OTHERS)]


@pytest.mark.parametrize("schedule", ["waves", "dag"])
@pytest.mark.parametrize("seed", range(40))
def test_killed_twice_at_steps_of_its_choice_it_ends_as_if_nothing_had_happened(
    tmp_path: Path, seed: int, schedule: str
) -> None:
    chance = random.Random(seed)
    faults = [f"{chance.choice(STEPS)}:{chance.choice((1, 1, 2, 3, 5, 7))}:kill" for _ in range(2)]
    assert kill(three(tmp_path), *faults, schedule=schedule) == ""
