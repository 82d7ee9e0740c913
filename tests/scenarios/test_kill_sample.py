from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.killing import Victim


def test_an_undisturbed_run_is_what_the_killed_ones_are_compared_with(tmp_path: Path) -> None:
    victim = Victim(tmp_path, os.environ)

    said = victim.driver.say(*victim.arguments)

    wrong = victim.wrong(said, {})
    assert not wrong, "\n".join([str(said), *wrong])
    # `right` conflicts with `left` and is run again; nothing else is
    assert sorted(victim.log.read_text().split()) == [
        "five",
        "four",
        "left",
        "one",
        "right",
        "right",
        "three",
        "two",
    ]


@pytest.mark.parametrize("seed", [11, 12])
def test_killed_at_random_a_resume_ends_as_if_nothing_had_happened(tmp_path: Path, seed: int) -> None:
    victim = Victim(tmp_path, os.environ, pause_s=0.2)

    killed = victim.kill_at_random(random.Random(seed), kills=3, longest_s=1.8)

    assert not killed.wrong, f"seed {seed}: {killed}"
