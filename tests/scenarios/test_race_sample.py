from __future__ import annotations

import os
from pathlib import Path

from tests.support.racing import race


def test_no_task_is_lost_when_many_run_at_once(tmp_path: Path) -> None:
    wrong = race(tmp_path, os.environ, jobs=8, tasks=40)

    assert not wrong, "\n".join(wrong)
