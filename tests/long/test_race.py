from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.racing import race

pytestmark = pytest.mark.long


@pytest.mark.parametrize("time", range(1, 11))
def test_no_task_is_lost_when_200_run_32_at_once(tmp_path: Path, time: int) -> None:
    wrong = race(tmp_path, os.environ, jobs=32, tasks=200)

    assert not wrong, f"time {time}:\n" + "\n".join(wrong)
