"""Plans written for one test and read back."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from tests.support.plan_reading import Complaints, ReadPlan

# A busy machine is no reason to fail.
settings.register_profile("plans", deadline=None)
settings.load_profile("plans")


@pytest.fixture
def read_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReadPlan:
    """Writes a value as JSON, or a text as it is, and reads it as a plan called `plan`."""
    monkeypatch.chdir(tmp_path)

    def read(content: Any, **options: Any) -> Plan:
        text = textwrap.dedent(content) if isinstance(content, str) else json.dumps(content, indent=1)
        Path("plan").write_text(text, encoding="utf-8")
        return read_plans([Path("plan")], Choices(**options))

    return read


@pytest.fixture
def complaints(read_plan: ReadPlan) -> Complaints:
    """Reads a plan that is wrong and returns its problems and hints as they are shown."""

    def read(content: Any, **options: Any) -> list[str]:
        with pytest.raises(PlanError) as caught:
            read_plan(content, **options)
        return [*map(str, caught.value.problems), *caught.value.hints]

    return read
