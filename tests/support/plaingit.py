"""Plain git in a sealed environment: what gitpar's results are compared with.

Nothing of gitpar is imported here, so that the judge shares no code with the judged.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

CONFIG = """\
[user]
\tname = Test User
\temail = test@example.org
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
[protocol "file"]
\tallow = always
"""


class PlainGitFailed(AssertionError):
    """A git command of the test itself failed."""


def seal(home: Path) -> dict[str, str]:
    """Returns an environment that no setting of the machine reaches; makes its HOME and git config."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "gitconfig"
    config.write_text(CONFIG)
    passed_on = ("PATH", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")
    return {
        **{name: os.environ[name] for name in passed_on if name in os.environ},
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }


class PlainGit:
    """Git in one folder and one environment."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ)

    def at(self, folder: Path) -> PlainGit:
        """The same environment in another folder."""
        return PlainGit(folder, self.environ)

    def attempt(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Runs git and returns how it went, whatever its status."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
        )

    def raw(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Returns what git printed; raises PlainGitFailed for any status but 0."""
        done = self.attempt(*arguments, stdin=stdin)
        if done.returncode:
            raise PlainGitFailed(f"git {' '.join(arguments)}: {done.returncode}\n{done.stderr.decode(errors='replace')}")
        return done.stdout

    def text(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Returns what git printed as text, without the last line's end."""
        return self.raw(*arguments, stdin=stdin).decode(errors="replace").rstrip("\n")

    def lines(self, *arguments: str) -> Sequence[str]:
        """Returns what git printed, line by line."""
        return self.text(*arguments).splitlines()

    def tree(self, revision: str) -> str:
        """Returns the tree a revision names."""
        return self.text("rev-parse", "--verify", f"{revision}^{{tree}}")
