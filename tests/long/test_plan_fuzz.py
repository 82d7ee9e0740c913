"""Ten minutes of plans that nobody would write, and a megabyte of each thing that plans are made of."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, seed, settings

from gitpar.plans.choices import Choices
from tests.support.plan_fuzz import BIG, CHOICES, FORMATS, TEXTS, seconds_of, try_plan

pytestmark = pytest.mark.long
MEGABYTE = 1_000_000
LENGTH_S = float(os.environ.get("GITPAR_FUZZ_S", "600"))


@pytest.mark.parametrize("name", FORMATS)
def test_any_text_as_any_format(name: str | None) -> None:
    rounds, end = 0, time.monotonic() + LENGTH_S / len(FORMATS)
    while time.monotonic() < end:

        @seed(rounds)
        @settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(TEXTS, CHOICES)
        def one_round(text: str, choices: Choices) -> None:
            try_plan(text, replace(choices, format=name))

        one_round()
        rounds += 1
    assert rounds > 0


@pytest.mark.parametrize("name", BIG)
def test_a_megabyte_of_anything_is_read_in_two_seconds(name: str) -> None:
    text = BIG[name](MEGABYTE)
    assert min(seconds_of(text, Choices()) for _ in range(2)) < 2
