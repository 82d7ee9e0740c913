"""Plans for scenario tests, and what a run of them said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.cli import Completed, gitpar
from tests.support.sealed import git

Facts = dict[str, Any]


def write_plan(path: Path, tasks: Mapping[str, str | dict[str, Any]], **settings: Any) -> Path:
    """Writes a plan of gitpar's own: a task is its command, or all of its fields."""
    rows = [{"id": task_id, **(t if isinstance(t, dict) else {"command": t})} for task_id, t in tasks.items()]
    path.write_text(json.dumps({**settings, "tasks": rows}, indent=1), encoding="utf-8")
    return path


def run_json(repo: Path, plan: Path, *options: str, status: int = 0) -> Facts:
    """Runs a plan and returns its facts; fails with what was printed where the status is another."""
    done = gitpar("run", plan, "--json", *options, cwd=repo)
    return facts(done, status)


def facts(done: Completed, status: int = 0) -> Facts:
    """Parses the facts of a command that had to end with `status`."""
    assert done.status == status, f"status {done.status}\n{done.stdout}\n{done.stderr}"
    found: Facts = json.loads(done.stdout)
    return found


def states(run: Facts) -> dict[str, str]:
    """Task states by id."""
    return {task["id"]: task["state"] for task in run["tasks"]}


def tip(run: Facts) -> str:
    """The branch that holds everything that landed."""
    branch: str = run["levels"][-1]["branch"]
    return branch


def show(repo: Path, revision: str, path: str) -> str:
    """A file at a revision."""
    return git(repo, "show", f"{revision}:{path}")


def everything_of_the_user(repo: Path) -> dict[str, object]:
    """What a run must leave as it is: every file of the checkout, index, HEAD, stash, config, refs, hooks."""
    own = ("refs/heads/gitpar/", "refs/gitpar/")
    refs = git(repo, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    files = {
        str(path.relative_to(repo)): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes())
        for path in sorted(repo.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(repo).parts
    }
    inside = ("index", "HEAD", "config", "ORIG_HEAD", "logs/HEAD", "logs/refs/stash", "info/exclude")
    return {
        "files": files,
        "git": {
            name: (repo / ".git" / name).read_bytes() for name in inside if (repo / ".git" / name).exists()
        },
        "refs": [ref for ref in refs if not ref.partition(" ")[2].startswith(own)],
    }
