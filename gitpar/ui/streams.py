"""What streams cannot do: letters that an encoding lacks, readers who have gone away."""

from __future__ import annotations

import os
from typing import TextIO


def encodable(line: str, stream: TextIO) -> str:
    """Replaces what the stream's encoding does not have."""
    encoding = stream.encoding or "utf-8"
    return line.encode(encoding, errors="replace").decode(encoding)


def silence(stream: TextIO) -> None:
    """Leads a broken stream to nowhere, so that Python's last flush of it does not fail as well."""
    try:
        number = stream.fileno()
    except OSError:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
