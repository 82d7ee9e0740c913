"""Writes files of gitpar's own by their descriptors: hundreds a run, which paths and buffers would slow."""

from __future__ import annotations

import os


def write_out(descriptor: int, content: bytes, *, durably: bool) -> None:
    """Writes all of a content into an open file, flushes it where that is wanted, and closes it."""
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        if durably:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
