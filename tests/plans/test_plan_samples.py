"""Plan files that people really have; they are not part of the project."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import tag_of, write_status

FOLDER = os.environ.get("GITPAR_SAMPLES")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="GITPAR_SAMPLES names no folder with real plan files")


def samples(kind: str) -> list[Path]:
    return sorted((Path(FOLDER) / kind).iterdir()) if FOLDER else []


def wanted(name: str) -> str | None:
    return None if "+schemas+" in name or "+templates+" in name else "agent-os"


@pytest.mark.parametrize("path", samples("taskmaster"), ids=lambda path: path.name)
def test_taskmaster_files_are_read_and_written(path: Path, tmp_path: Path) -> None:
    check(path, "taskmaster", tmp_path)


@pytest.mark.parametrize("path", samples("agent-os"), ids=lambda path: path.name)
def test_agent_os_files_are_read_and_written_and_schemas_refused(path: Path, tmp_path: Path) -> None:
    if wanted(path.name) is None:
        with pytest.raises(PlanError, match="is not a plan that gitpar can read"):
            read_plans([path])
    else:
        check(path, "agent-os", tmp_path)


def check(path: Path, name: str, tmp_path: Path) -> None:
    """Reads a file, sees every pending task in a wave, and lands all of them."""
    plan = read_plans([path])
    pending = [task for task in plan.graph if task.status is TaskStatus.PENDING]
    assert plan.format == name
    assert sum(map(len, plan.graph.waves)) == len(pending) > 0
    assert all(task.title and task.prompt.strip() and task.source.line for task in plan.graph)
    copy = tmp_path / "tasks.json"
    copy.write_bytes(path.read_bytes())
    ends = {task.id: TaskEnd(outcome=Outcome.LANDED) for task in pending}
    assert write_status(copy, ends, Choices(tag=tag_of(pending[0]))) == ()
    assert read_plans([copy]).graph.waves == ()
    before, after = path.read_text().splitlines(), copy.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == len(pending)
    assert all('"status"' in old and '"status"' in new for old, new in changed)
    json.loads(copy.read_text())
