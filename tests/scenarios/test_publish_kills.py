"""Killed anywhere while publishing, a resume ends with each request once."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from gitpar.faults import Step
from tests.support.publish_killing import PASSAGES, STEPS, Publishing, passages
from tests.support.publishing import KINDS, make, opened

SEED = 4
ALL = [
    (mode, step, passage)
    for mode in PASSAGES
    for step in STEPS
    for passage in range(1, passages(mode, step) + 1)
]
ROUNDS = int(os.environ.get("GITPAR_KILL_ROUNDS", "100"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template")


def kill(template: Path, tmp_path: Path, kind: str, how: tuple[str, Step, int]) -> str:
    if not (template / "shop").exists():
        make(template, os.environ)
    mode, step, passage = how
    with opened(template, tmp_path / "copy", kind) as shop:
        return Publishing(shop, mode, os.environ).killed_at(step, passage)


@pytest.mark.parametrize("how", random.Random(SEED).sample(ALL, 3), ids=str)
def test_killed_at_some_steps(template: Path, tmp_path: Path, how: tuple[str, Step, int]) -> None:
    wrong = kill(template, tmp_path, "github", how)
    assert not wrong, wrong


@pytest.mark.long
@pytest.mark.parametrize("how", ALL, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_each_step(template: Path, tmp_path: Path, kind: str, how: tuple[str, Step, int]) -> None:
    wrong = kill(template, tmp_path, kind, how)
    assert not wrong, wrong


@pytest.mark.long
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_three_times_at_random(template: Path, tmp_path: Path, seed: int) -> None:
    if not (template / "shop").exists():
        make(template, os.environ)
    chance = random.Random(seed)
    with opened(template, tmp_path / "copy", chance.choice(KINDS)) as shop:
        mode = chance.choice(list(PASSAGES))
        wrong = Publishing(shop, mode, os.environ).killed_at_random(chance, kills=3)
    assert not wrong, f"seed {seed}: {wrong}"
