"""Hands out a shell whose gitpar works on a run that is made of events."""

from __future__ import annotations

import pytest

from tests.ui.made import everything
from tests.ui.recorded import Recorded, Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(Recorded([everything()]), capsys)
