"""Asks the `gh` program for the token it was given at `gh auth login`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

_PATIENCE_S = 10.0


def gh_token(host: str, environ: Mapping[str, str]) -> str:
    """Returns the token for a host, empty where there is no `gh` or it has none."""
    program = shutil.which("gh", path=environ.get("PATH"))
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "auth", "token", "--hostname", host],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""
