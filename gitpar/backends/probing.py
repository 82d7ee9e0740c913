"""Asks programs for their version before anything is started, and remembers what they said.

Asking takes an agent's program 0.2 to 2 s of a processor, at each run. What it said holds as long as its file
is the same one; it is kept in the user's cache folder, and where that cannot be, programs are asked again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATIENCE_S = 30.0
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def version_of(program: str, env: Mapping[str, str]) -> tuple[int, ...] | None:
    """Returns the version that `PROGRAM --version` prints; None where the program is not there.

    Empty where it is there and tells no version.
    """
    found = shutil.which(program, path=env.get("PATH"))
    return None if found is None else _asked(found, env)


def known_version(program: str, env: Mapping[str, str], oldest: tuple[int, ...]) -> tuple[int, ...] | None:
    """Returns the same, from memory where the program said so before and it was at least `oldest`.

    Only then: what is wrong with a program may be mended without a change to the file that is found.
    """
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        return None
    real = os.path.realpath(found)
    stat = os.stat(real)  # noqa: PTH116 - the text is the key
    file = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
    caches = env.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - may be unset
    memory = Path(caches) / "gitpar" / "versions.json"
    remembered = _read(memory)
    match remembered.get(real):
        case {"file": known, "version": [int(), *_] as numbers} if known == file:
            said = tuple(number for number in numbers if isinstance(number, int))
            if said >= oldest:
                return said
        case _:
            pass  # nothing is known of this very file
    version = _asked(found, env)
    if version >= oldest:
        _write(memory, {**remembered, real: {"file": file, "version": list(version)}})
    return version


def _asked(program: str, env: Mapping[str, str]) -> tuple[int, ...]:
    try:
        done = subprocess.run(
            [program, "--version"],
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


def _read(memory: Path) -> dict[str, Any]:
    try:
        found = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}  # nothing is remembered, or nothing that can be read
    return found if isinstance(found, dict) else {}


def _write(memory: Path, remembered: Mapping[str, Any]) -> None:
    part = memory.with_name(f"{memory.name}.{os.getpid()}.part")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(remembered), encoding="utf-8")
        part.replace(memory)
    except OSError:
        if part.exists():
            part.unlink()  # then it is asked again the next time
