"""Asks programs for their version before anything is started."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping

_PATIENCE_S = 30.0
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def version_of(program: str, env: Mapping[str, str]) -> tuple[int, ...] | None:
    """Returns the version that `PROGRAM --version` prints; None where the program is not there.

    Empty where it is there and tells no version.
    """
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return None
    try:
        done = subprocess.run(
            [found, "--version"],
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    said = _VERSION.search((done.stdout + done.stderr).decode(errors="replace"))
    return tuple(map(int, said[0].split("."))) if said and done.returncode == 0 else ()
