"""The sealed environment of every test: nothing of the user's machine reaches git or gitpar.

Whoever starts a process in a test gives it this environment, or inherits it from the
autouse fixture in tests/conftest.py, which sets exactly these variables.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's own folder."""

LET_IN = frozenset(
    {
        "GITPAR_SAMPLES",
        "GITPAR_REPOS",
        "GITPAR_SARIF_SCHEMA",
        "GITPAR_FORGE_DESCRIPTIONS",
        "GITPAR_AGENT_PROGRAMS",
    }
)
"""Other people's plans and repositories, and the schema of SARIF; tests skip where they are unset."""

NAME = "Terry Tester"
EMAIL = "terry@example.org"
DATE = "2026-01-02T03:04:05+00:00"

_OUTSIDE = (
    "GIT_",
    "GITPAR_",
    "XDG_",
    "LC_",
    "GH_",
    "GITHUB_",
    "GITLAB_",
    "CI_",
    "PRE_COMMIT_",
    "SSH_",
    "GPG_",
)
_OUTSIDE_NAMES = frozenset(
    {
        "EDITOR",
        "VISUAL",
        "PAGER",
        "LESS",
        "EMAIL",
        "LANGUAGE",
        "FORCE_COLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "LINES",
        "PYTHONUNBUFFERED",
        "PYTHONIOENCODING",
        "PYTHONUTF8",
        "PYTHONWARNINGS",
    }
)
_CONFIG = f"[user]\n\tname = {NAME}\n\temail = {EMAIL}\n[init]\n\tdefaultBranch = main\n"


def sealing(home: Path) -> dict[str, str]:
    """Makes `home` a home folder and returns the variables that seal a process into it."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / ".gitconfig"
    if not config.exists():
        config.write_text(_CONFIG, encoding="utf-8")
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_DATE": DATE,
        "GIT_TERMINAL_PROMPT": "0",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


def from_outside(environ: Mapping[str, str]) -> Iterator[str]:
    """Names the variables that would carry the user's settings into a test."""
    for name in environ:
        if name not in LET_IN and (name.startswith(_OUTSIDE) or name in _OUTSIDE_NAMES):
            yield name


def sealed_environment(home: Path) -> dict[str, str]:
    """Returns the whole environment of a sealed process; `home` is made where it is missing."""
    outside = set(from_outside(os.environ))
    return {name: value for name, value in os.environ.items() if name not in outside} | sealing(home)


def git(cwd: Path, *arguments: str, stdin: bytes | None = None) -> str:
    """Runs git in the sealed environment of the test and returns what it printed, without the last newline.

    Raises CalledProcessError with git's own words where it fails.
    """
    done = subprocess.run(["git", *arguments], cwd=cwd, input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")
        error = subprocess.CalledProcessError(done.returncode, ["git", *arguments], done.stdout, said)
        error.add_note(said)
        raise error
    return os.fsdecode(done.stdout).removesuffix("\n")
