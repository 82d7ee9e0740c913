from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.killing import Victim

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("GITPAR_KILL_ROUNDS", "80"))


@pytest.mark.parametrize("dag", [False, True])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_at_random_a_resume_ends_as_if_nothing_had_happened(
    tmp_path: Path, seed: int, *, dag: bool
) -> None:
    chance = random.Random(1000 + seed)
    victim = Victim(tmp_path, os.environ, pause_s=0.15, dag=dag)

    killed = victim.kill_at_random(
        chance, kills=chance.randint(2, 6), longest_s=chance.choice([0.7, 1.5, 2.5])
    )

    assert not killed.wrong, f"seed {seed}: {killed}"
