from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.sealed import ROOT, git

# read while pytest imports this file: a test sees a sealed environment
PROGRAM = shutil.which("pre-commit")
OUTSIDE = dict(os.environ)

pytestmark = pytest.mark.long

CONFIG = f"""\
default_install_hook_types: [pre-push]
default_language_version: {{python: {sys.executable}}}
repos:
  - repo: file://{ROOT}
    rev: REV
    hooks:
      - id: gitpar-check
"""


@pytest.mark.skipif(PROGRAM is None, reason="there is no pre-commit on the PATH: pip install pre-commit")
@pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="pre-commit installs from a repository: this is none"
)
def test_pre_commit_installs_the_hook_and_refuses_a_push(repo: Path, tmp_path: Path) -> None:
    """Installs gitpar as of the last commit, as pre-commit does for its users: by pip, from the network."""
    environ = {**OUTSIDE, "HOME": os.environ["HOME"], "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    environ.pop("PYTHONPATH", None)
    forge = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(forge))
    git(repo, "remote", "add", "origin", str(forge))
    (repo / ".pre-commit-config.yaml").write_text(CONFIG.replace("REV", git(ROOT, "rev-parse", "HEAD")))
    commit(repo, "Configure", "# Hooks\n")
    git(repo, "push", "-q", "origin", "main")
    assert PROGRAM is not None
    subprocess.run([PROGRAM, "install"], cwd=repo, env=environ, check=True, capture_output=True)
    git(repo, "checkout", "-q", "-b", "work")
    commit(repo, "Work", "# Work\n")

    fine = push(repo, environ)
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "`HEAD` merges into `origin/main`" in fine.stdout + fine.stderr

    git(repo, "checkout", "-q", "main")
    commit(repo, "Main", "# Main\n")
    git(repo, "push", "-q", "--no-verify", "origin", "main")
    git(repo, "checkout", "-q", "work")
    commit(repo, "More", "# More work\n")
    refused = push(repo, environ)
    assert refused.returncode == 1
    assert "conflict  `origin/main`: `README.md` line 1 (content)" in refused.stdout + refused.stderr
    assert git(forge, "log", "-1", "--format=%s", "work") == "Work"


def commit(repo: Path, subject: str, text: str) -> None:
    (repo / "README.md").write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", subject)


def push(repo: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "push", "origin", "work"],
        cwd=repo,
        env={**environ, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
