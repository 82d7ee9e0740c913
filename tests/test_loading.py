"""What is loaded for a plain use: importing is a good part of what a short run costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import program_environment
from tests.support.plans import write_plan

PROBE = (
    "import json, sys; loaded = set(sys.modules);"
    "from gitpar.ui.cli.main import main; status = main(sys.argv[1:]);"
    "print(json.dumps(sorted(set(sys.modules) - loaded)), file=sys.stderr); sys.exit(status)"
)
LIBRARIES = {"asyncio", "cattrs", "concurrent", "git", "jinja2", "logging", "psutil", "rich", "tomllib"}
if sys.platform == "linux":  # elsewhere it is asked where settings are kept
    LIBRARIES.add("platformdirs")
RARELY = {
    "gitpar.agents.cli",
    "gitpar.core.builds",
    "gitpar.core.comparison",
    "gitpar.core.gates",
    "gitpar.engine.gating",
    "gitpar.forges",
    "gitpar.git.comparing",
    "gitpar.git.settling",
    "gitpar.plans.markdown",
    "gitpar.settling_port",
    "gitpar.symbols",
    "gitpar.wiring.across",
    "gitpar.wiring.noting",
}
"""For agents, gates, forges, conflicts, certificates repaired, plans of lines, several repositories."""
RUNNING = {
    "pygit2",
    "sqlite3",
    "subprocess",
    "gitpar.core.events",
    "gitpar.engine",
    "gitpar.git",
    "gitpar.journal",
}


def loaded(*words: str | Path, **variables: str) -> set[str]:
    """Returns the modules that a call of the program imports."""
    program = [sys.executable, "-c", PROBE, *words]
    environ = program_environment() | variables
    done = subprocess.run(program, env=environ, capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan of two tasks, one after the other."""
    return write_plan(
        tmp_path / "plan.json", {"a": "echo a > a", "b": {"command": "echo b > b", "depends_on": ["a"]}}
    )


def test_a_plain_run_loads_nothing_that_it_does_not_use(repo: Path, plan: Path) -> None:
    found = loaded("-C", repo, "run", plan, "--json")

    assert found & (LIBRARIES | RARELY) == set()
    assert found >= RUNNING


def test_libgit2_is_loaded_where_there_are_no_certificates(repo: Path, plan: Path) -> None:
    """As on a machine with git and Python and little else."""
    nowhere = {"SSL_CERT_FILE": "/nonexistent/file", "SSL_CERT_DIR": "/nonexistent/folder"}

    assert "pygit2" in loaded("-C", repo, "run", plan, "--json", **nowhere)


def test_a_dry_run_loads_no_git_and_no_engine(repo: Path, plan: Path) -> None:
    assert loaded("-C", repo, "run", plan, "--dry-run") & (LIBRARIES | RARELY | RUNNING) == set()


def test_the_version_is_said_without_settings_and_plans(repo: Path) -> None:
    found = loaded("-C", repo, "--version")

    assert found & (LIBRARIES | RARELY | RUNNING | {"gitpar.core", "gitpar.plans", "traceback"}) == set()
