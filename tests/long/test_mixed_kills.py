"""Killed at random while gates, policies, early starts and publishing are all at work: see mixed_killing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.mixed_killing import How, Outcome, mixed

ROUNDS = int(os.environ.get("GITPAR_KILL_ROUNDS", "120"))
_SAMPLE = (103,)


@pytest.fixture(scope="module")
def expected() -> dict[How, Outcome]:
    """What comes of undisturbed runs; made when it is first wanted."""
    return {}


def kill(
    tmp_path: Path, record: Callable[[str, object], None], seed: int, expected: dict[How, Outcome]
) -> list[str]:
    chance = random.Random(seed)
    how = How.chosen(chance)
    if how not in expected:
        with mixed(tmp_path / "undisturbed", os.environ, how) as victim:
            expected[how] = victim.undisturbed()
    with mixed(tmp_path / "killed", os.environ, how) as victim:
        times, wrong = victim.killed(chance, chance.randint(2, 5), expected[how])
    record("kills", times)
    return wrong


@pytest.mark.parametrize(
    "seed",
    [*_SAMPLE, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1000, 1000 + ROUNDS))],
)
def test_a_mixed_run_killed_at_random_ends_as_if_nothing_had_happened(
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    expected: dict[How, Outcome],
    seed: int,
) -> None:
    wrong = kill(tmp_path, record_property, seed, expected)
    assert not wrong, "\n".join([f"seed {seed}: {How.chosen(random.Random(seed))}", *wrong])
