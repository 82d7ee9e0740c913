"""Where a file system knows neither hard nor symbolic links everything goes as elsewhere."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.bystander import left_behind
from tests.support.cli import gitpar, program_environment
from tests.support.plans import write_plan
from tests.support.sealed import git
from tests.support.without_links import CALLS


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in CALLS, reason="no way to refuse links here"
)
def test_a_run_needs_no_links(shop: Path, tmp_path: Path) -> None:
    # the second task gets a worktree that the first one had, the third needs both
    last = {"command": "cat a list.txt > c", "depends_on": ["a", "b"]}
    tasks: dict[str, str | dict[str, Any]] = {
        "a": "ln -s a b || echo a > a",
        "b": "sed -i 1s/$/b/ list.txt",
        "c": last,
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    program = [sys.executable, "-m", "tests.support.without_links", sys.executable, "-m", "gitpar"]
    done = subprocess.run(
        [*program, "-C", shop, "run", plan, "--json", "--jobs", "1"],
        env=program_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    facts = json.loads(done.stdout)
    assert {task["id"]: task["state"] for task in facts["tasks"]} == dict.fromkeys("abc", "landed"), done
    tip = facts["levels"][-1]["commit"]
    assert git(shop, "show", f"{tip}:c").splitlines()[:2] == ["a", "line 1b"]
    assert gitpar("clean", cwd=shop).status == 0
    assert left_behind(shop) == []
