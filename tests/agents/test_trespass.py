"""What is seen of workers that write into each other's worktrees."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from gitpar.core.changes import ChangeKind, FileChange
from gitpar.engine.trespass import Neighbours, changed_before
from tests.support.agent_programs import claude_init, claude_result, claude_tool, prints, program, settings
from tests.support.cli import gitpar
from tests.support.plans import facts, states, write_plan


def change(path: str, kind: ChangeKind = ChangeKind.MODIFIED) -> FileChange:
    return FileChange(path, kind, 0o100644, 0o100644, "a" * 40, "b" * 40)


def test_a_file_that_changed_before_its_worker_began_was_changed_by_somebody_else(tmp_path: Path) -> None:
    for name in ("before", "after", "new"):
        (tmp_path / name).write_text("x")
    began_at = (tmp_path / "before").stat().st_ctime + 0.2
    until = time.monotonic() + 10
    while (tmp_path / "after").stat().st_ctime < began_at and time.monotonic() < until:
        (tmp_path / "after").write_text("y")
    changes = [change("before"), change("after"), change("new", ChangeKind.ADDED), change("gone")]
    assert changed_before(tmp_path, changes, began_at) == ["before"]


def test_only_tool_calls_that_name_another_worktree_count(tmp_path: Path) -> None:
    neighbours = Neighbours(tmp_path / "run" / "2")
    folder = str(tmp_path / "run")
    calls = [
        claude_tool("Edit", file_path=f"{folder}/2/a.py"),
        claude_tool("Edit", file_path=f"{folder}/21/a.py"),
        claude_tool("Bash", command=f"cd {folder}/1 && make"),
        {"type": "item.started", "item": {"command": f"ls {folder}/3"}},
    ]
    for call in calls:
        neighbours.look(json.dumps(call).encode())
    listed = {"type": "user", "message": {"content": [{"type": "tool_result", "content": f"{folder}/7/x"}]}}
    neighbours.look(json.dumps(listed).encode())
    neighbours.look(f"{folder}/8/x in plain words".encode())
    assert list(neighbours.named) == [f"{folder}/21", f"{folder}/1", f"{folder}/3"]


def test_both_sides_are_told(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = json.dumps(claude_tool("Edit", file_path="@OTHER@/README.md"))
    here = f'touch "{tmp_path}/$GITPAR_TASK"; '
    meet = f"{here}while [ ! -e {tmp_path}/a ] || [ ! -e {tmp_path}/b ]; do sleep 0.05; done"
    reach = (
        'other="$(dirname "$PWD")/$((3 - $(basename "$PWD")))"; '
        f"echo '{call}' | sed \"s#@OTHER@#$other#\"; echo evil >> $other/README.md"
    )
    work = f'{meet}\nif [ "$GITPAR_TASK" = a ]; then {reach}; else sleep 1; fi; echo x > "$GITPAR_TASK.txt"'
    program(tmp_path / "bin", "claude", f"{prints(claude_init())}{work}\n{prints(claude_result())}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    settings(repo, 'agent = "claude"\n')
    plan = write_plan(tmp_path / "plan.json", {"a": {"prompt": "x"}, "b": {"prompt": "x"}})
    done = gitpar("run", plan, "--json", cwd=repo)
    run = facts(done)
    assert states(run) == {"a": "landed", "b": "landed"}
    report = gitpar("report", run["run"], cwd=repo).stdout
    assert "its tool calls name the worktree of `b`" in report
    assert "`a` may have written into its worktree: its tool calls name the worktree" in report
