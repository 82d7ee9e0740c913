"""A hundred thousand lines, and one of fifty megabytes, from every agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agents.test_readers import READERS
from tests.agents.test_streams import check_stream

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", READERS)
def test_a_stream_of_a_hundred_thousand_lines(tmp_path: Path, name: str) -> None:
    check_stream(tmp_path, name, lines=100_000, longest=50_000_000)
