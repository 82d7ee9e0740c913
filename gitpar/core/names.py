"""Names of runs, tasks, commits and refs: the types, and the one rule that makes each ref.

Pure: knows the shape of a name, never whether it exists.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NewType

from gitpar.patterns import pattern

RunId = NewType("RunId", str)
TaskId = NewType("TaskId", str)
CommitId = NewType("CommitId", str)
TreeId = NewType("TreeId", str)
RefName = NewType("RefName", str)
"""Always full: `refs/heads/…`, never a short branch name."""
Results = Sequence[tuple[TaskId, CommitId]]
"""What each of some tasks has made, in the order in which it is to land."""

NO_TREE = TreeId("")
NO_COMMIT = CommitId("")
"""Stands for "the ref does not exist" in a ref update."""
MERGED = "refs/gitpar/merged/"
"""Below it, by run and level, what was fetched of targets into which levels were merged."""

_LONGEST_ID_BYTES = 200
_LONGEST_ENCODED_BYTES = 200
_REFUSED = pattern(r"[^\w.\-+=@,!]", re.ASCII)
_HOPELESS = (
    (pattern(r"^\s*$"), "is empty"),
    (pattern(r"[\x00-\x1f\x7f\x80-\x9f\ud800-\udfff]"), "has a control character or broken text in it"),
    (pattern(r"\.\."), "has `..` in it"),
    (pattern(r"^-"), "starts with a dash"),
    (pattern(r"\.lock$", re.IGNORECASE), "ends with `.lock`"),
)


def hopeless_id(task_id: str) -> str | None:
    """Says why an id cannot be used at all, or None where it can.

    Source: `git check-ref-format`, and file names on case-insensitive systems.
    """
    for shape, why in _HOPELESS:
        if shape.search(task_id):
            return why
    if len(task_id.encode()) > _LONGEST_ID_BYTES:
        return f"is longer than {_LONGEST_ID_BYTES} bytes"
    return None


@functools.cache
def encode_id(task_id: str) -> str:
    """Returns the id as one component of a ref or folder name.

    What git or a case-insensitive file system refuses is percent-encoded; letters of
    other alphabets stay. An encoding over 200 bytes is cut and ends in a digest of
    the id, so two ids never share a name.
    """
    encoded = "".join(
        char if ord(char) > 127 and char.isalnum() else _REFUSED.sub(_percent, char) for char in task_id
    )
    encoded = re.sub(r"^\.|\.$", "%2E", encoded)
    if len(encoded.encode()) <= _LONGEST_ENCODED_BYTES:
        return encoded
    import hashlib  # noqa: PLC0415 - brings OpenSSL, for ids of this length only

    digest = hashlib.sha256(task_id.encode()).hexdigest()[:16]
    head = encoded.encode()[: _LONGEST_ENCODED_BYTES - 17].decode(errors="ignore")
    return f"{head}-{digest}"


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode())


def level_ref(prefix: str, run: RunId, level: int) -> RefName:
    """Returns the branch that a wave lands on; levels count from 1."""
    return RefName(f"refs/heads/{prefix}/{run}/level/{level}")


def task_ref(prefix: str, run: RunId, task: TaskId, attempt: int) -> RefName:
    """Returns the branch of one attempt; attempts count from 1."""
    return RefName(f"refs/heads/{prefix}/{run}/task/{encode_id(task)}/{attempt}")


def landed_ref(prefix: str, run: RunId, task: TaskId) -> RefName:
    """Returns the branch of a remote that holds what had landed when a task did; there is none here."""
    return RefName(f"refs/heads/{prefix}/{run}/landed/{encode_id(task)}")


def keep_ref(run: RunId, task: TaskId, attempt: int) -> RefName:
    """Returns the ref that keeps everything an attempt left, outside refs/heads."""
    return RefName(f"refs/gitpar/keep/{run}/{encode_id(task)}/{attempt}")


def into_ref(run: RunId) -> RefName:
    """Returns the ref that keeps where the branch of `--into` stood before the run moved it."""
    return RefName(f"refs/gitpar/into/{run}")


def undone_ref(operation: str, ref: RefName) -> RefName:
    """Returns the ref that keeps what an undo took a ref away from."""
    return RefName(f"refs/gitpar/undone/{operation}/{ref.removeprefix('refs/')}")


def short(ref: RefName) -> str:
    """Returns a branch as people type it."""
    return ref.removeprefix("refs/heads/")
