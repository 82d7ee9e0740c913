"""Plan files that people really have; they are not part of the project.

The figures were counted by hand in the files: how many rows or check boxes with an id are
tasks, how many of these are done, how many are left out. What is no task although it looks
like one is named with its line.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from gitpar.core.graph import TaskStatus
from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, Plan, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import tag_of, write_status

FOLDER = os.environ.get("GITPAR_SAMPLES")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="GITPAR_SAMPLES names no folder with real plan files")


class Counted(NamedTuple):
    """What a file holds."""

    tasks: int
    done: int
    left_out: int = 0
    said: tuple[str, ...] = ()
    """What is said about rows and boxes with an id that are no task, or not under it."""
    bare: int = 0
    """Check boxes without an id that are said to be no tasks."""


HAND: dict[str, Counted] = {
    "taskmaster/01LEE+task_master": Counted(13, 9),
    "taskmaster/5dlabs+taskmaster-sync": Counted(16, 7),
    "taskmaster/66nodes+prds": Counted(23, 21),
    "taskmaster/5dlabs+agent-docs": Counted(20, 0),
    "taskmaster/CambridgeMonorail+vscode-huckleberry": Counted(13, 5),
    "agent-os/EXTRACT+ketro155+agent-os+shared+task-json.md@8019073": Counted(3, 0),
    "agent-os/EXTRACT+ketro155+agent-os+shared+task-json.md@02d82e9": Counted(3, 1),
    "markdown-plan/timblaktu+nixcfg+.claude+user-plans+026": Counted(6, 5),
    "markdown-plan/timblaktu+nixcfg+.claude+user-plans+archive+019": Counted(60, 57, 2),
    "markdown-plan/timblaktu+nixcfg+.claude+user-plans+017": Counted(4, 1),
    "markdown-plan/timblaktu+nixcfg+.claude+user-plans+archive+parallel": Counted(
        4, 2, 1, ("`F3` (line 64), `F4` (line 65) stand in a code block",)
    ),
    "ralph/tzachbon+smart-ralph+specs+parallel-tasks-execution+tasks": Counted(46, 46),
    "ralph/tzachbon+smart-ralph+specs+implement": Counted(27, 27),
    "ralph/tzachbon+smart-ralph+plugins": Counted(
        46,
        0,
        1,
        tuple(f"line {line}: `{name}` is listed a second time" for line, name in ((550, "VE1"), (558, "VE2")))
        + tuple(f"this task is called `{name}-2`" for name in ("1.1", "2.1", "3.1", "4.1")),
    ),
    "ralph/tzachbon+smart-ralph+specs+parallel-tasks-execution+.progress": Counted(1, 1),
    "spec-kit/goaikit": Counted(137, 133),
    "spec-kit/Jesn": Counted(135, 65),
    "spec-kit/github": Counted(28, 0, bare=6),
    "spec-kit/khadija": Counted(23, 23),
    "spec-kit/Rickwen1126": Counted(
        170, 162, 2, tuple(f"this task is called `{name}-2`" for name in ("T030.2", "T028.1"))
    ),
}
NO_PLANS = ("+schemas+", "+templates+tasks+", ".ralph-state.json")
KINDS = ("taskmaster", "agent-os", "markdown-plan", "ralph", "spec-kit")


def samples(kind: str) -> list[Path]:
    return sorted((Path(FOLDER) / kind).iterdir()) if FOLDER else []


def paths() -> list[Path]:
    return [path for kind in KINDS for path in samples(kind)]


def counted(path: Path) -> Counted | None:
    name = f"{path.parent.name}/{path.name}"
    [*found] = [hand for start, hand in HAND.items() if name.startswith(start)]
    return found[0] if found else None


def no_plan(path: Path) -> bool:
    return any(part in path.name for part in NO_PLANS[: 1 if path.parent.name == "ralph" else 3]) or (
        path.name.startswith("jmagar") and ".ralph-state" in path.name
    )


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.name)
def test_every_task_of_a_real_file_is_read(path: Path) -> None:
    if no_plan(path):
        with pytest.raises(PlanError, match="is not a plan that gitpar can read"):
            read_plans([path])
        return
    plan = read_plans([path])
    hand = counted(path)
    assert hand is not None, f"count the tasks of {path.name} by hand"
    status = [task.status for task in plan.graph]
    found = (len(plan.graph), status.count(TaskStatus.DONE), status.count(TaskStatus.LEFT_OUT))
    assert (plan.format, *found) == (path.parent.name, hand.tasks, hand.done, hand.left_out)
    assert sum(map(len, plan.graph.waves)) == status.count(TaskStatus.PENDING)
    assert all(task.title and task.prompt.strip() and task.source.line for task in plan.graph)
    said = "\n".join((*plan.notes, *map(str, plan.warnings)))
    assert [part for part in hand.said if part not in said] == []
    bare = re.search(r"(\d+) check box(?:es)? ha(?:s|ve) no id", said)
    assert int(bare[1] if bare else 0) == hand.bare


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.name)
def test_writing_back_changes_one_status_of_a_real_file_and_no_other_byte(path: Path, tmp_path: Path) -> None:
    if no_plan(path):
        return
    plan = read_plans([path])
    copy = tmp_path / path.name
    pending = [task for task in plan.graph if task.status is TaskStatus.PENDING]
    for task in pending[:: len(pending) // 5 + 1]:
        copy.write_bytes(path.read_bytes())
        end = TaskEnd(outcome=Outcome.LANDED, ended_at=0)
        assert write_status(copy, {task.id: end}, Choices(tag=tag_of(task))) == ()
        assert task.source.line is not None
        check(plan, path, copy, task.source.line)


def check(plan: Plan, path: Path, copy: Path, line: int) -> None:
    """Compares the bytes of both files, apart from what landing this one task must have changed."""
    before = path.read_bytes().decode().split("\n")
    after = copy.read_bytes().decode().split("\n")
    if plan.format in ("taskmaster", "agent-os"):
        # the status stands below the line on which the task begins; agent-os writes more than it
        blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        changed = [(before[a:b], after[c:d]) for tag, a, b, c, d in blocks if tag != "equal"]
        keys = {re.sub(r'[^"]*"(\w+)".*', r"\1", row) for old, new in changed for row in (*old, *new)}
        assert keys <= {"status", "completed_at", "notes", "blocker", "attempts"}
        assert "status" in keys
        return
    assert len(before) == len(after)
    lines = zip(before, after, strict=True)
    changes = {number: pair for number, pair in enumerate(lines, start=1) if pair[0] != pair[1]}
    old, new = changes.pop(line)
    for was, now in changes.values():
        # the section of a row says it too
        assert plan.format == "markdown-plan"
        assert now == re.sub(r"(\*\*Status\*\*: TASK:|`TASK:)[A-Z_]+", r"\1COMPLETE", was, count=1)
    assert len(changes) <= 1
    if plan.format == "markdown-plan":
        assert new.replace("1970-01-01 |", "|").replace("TASK:COMPLETE", "TASK:PENDING") in (
            old,
            old.replace("TASK:IN_PROGRESS", "TASK:PENDING").replace("TASK:PARTIAL", "TASK:PENDING"),
        )
    else:
        assert new == old.replace("[ ]", "[x]", 1)


@pytest.mark.parametrize("path", samples("taskmaster"), ids=lambda path: path.name)
def test_landing_all_of_a_real_file_changes_as_many_lines(path: Path, tmp_path: Path) -> None:
    plan = read_plans([path])
    pending = [task for task in plan.graph if task.status is TaskStatus.PENDING]
    copy = tmp_path / "tasks.json"
    copy.write_bytes(path.read_bytes())
    ends = {task.id: TaskEnd(outcome=Outcome.LANDED) for task in pending}
    assert write_status(copy, ends, Choices(tag=tag_of(pending[0]))) == ()
    assert read_plans([copy]).graph.waves == ()
    before, after = path.read_text().splitlines(), copy.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == len(pending)
    assert all('"status"' in old and '"status"' in new for old, new in changed)
