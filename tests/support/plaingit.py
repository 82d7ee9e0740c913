"""Plain git in a given environment: what gitpar's results are compared with.

Nothing of gitpar is imported here, so that the judge shares no code with the judged.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class PlainGitFailed(AssertionError):
    """A git command of the test itself failed."""


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
            raise PlainGitFailed(
                f"git {' '.join(arguments)}: {done.returncode}\n{done.stderr.decode(errors='replace')}"
            )
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
