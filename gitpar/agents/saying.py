"""What an agent says at the end of its work, and what an error of its provider means.

The json block and the sentinels are those of agent-os and ralph. What is said here
decides nothing by itself: it is held against what git shows.
"""

from __future__ import annotations

import json
import re

from gitpar.core.agents import Said, Trouble
from gitpar.values import dataclass

_BLOCK = re.compile(r"```json\s*\n(.*?)\n\s*```", re.DOTALL)
_SENTINEL = re.compile(r"^\W{0,4}(?:TASK|BATCH)[ _]COMPLETE[D]?\b", re.MULTILINE)
_STATUSES = {
    "pass": Said.DONE,
    "passed": Said.DONE,
    "done": Said.DONE,
    "complete": Said.DONE,
    "completed": Said.DONE,
    "fail": Said.FAILED,
    "failed": Said.FAILED,
    "blocked": Said.BLOCKED,
}
_REFUSED = frozenset({401, 403})
_SLOW_DOWN = 429
_SERVER = 500
_STATUS = re.compile(r"\b(?:status|code|error|http)\D{0,12}\b([45]\d\d)\b", re.IGNORECASE)
_WORDS = (
    (
        re.compile(
            r"authenticat|unauthorized|invalid.{0,10}api.?key|api.?key.{0,20}invalid|/login", re.IGNORECASE
        ),
        Trouble.KEY,
    ),
    (re.compile(r"rate.?limit|too many requests|quota|usage limit", re.IGNORECASE), Trouble.RATE_LIMIT),
    (
        re.compile(
            r"prompt is too long|context.{0,10}(window|length)|maximum context|too many tokens", re.IGNORECASE
        ),
        Trouble.TOO_LONG,
    ),
    (
        re.compile(
            r"overloaded|unavailable|connection (error|refused)|timed? ?out|ECONNREFUSED|bad gateway",
            re.IGNORECASE,
        ),
        Trouble.OVERLOADED,
    ),
    (
        re.compile(
            r"no (conversation|session|rollout|thread)s? found|session.{0,40}not found", re.IGNORECASE
        ),
        Trouble.SESSION,
    ),
)
_LONGEST = 300
_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class LastWords:
    """What the text at the end says: `claimed` is None where it lists no files."""

    said: Said
    message: str
    claimed: tuple[str, ...] | None = None
    notes: str = ""


def last_words(text: str) -> LastWords:
    """Reads the last json block with a status, else a sentinel, else only the last line."""
    for block in reversed(_BLOCK.findall(text)):
        found = _block(block)
        if found is not None:
            return found
    said = Said.DONE if _SENTINEL.search(text) else Said.ENDED
    return LastWords(said, one_line(text))


def _block(block: str) -> LastWords | None:
    try:
        value = json.loads(block)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    said = _STATUSES.get(str(value.get("status", "")).strip().lower())
    if said is None:
        return None
    notes = value.get("notes")
    blocker = value.get("blocker")
    message = blocker if isinstance(blocker, str) and blocker and said is not Said.DONE else notes
    return LastWords(
        said,
        one_line(message if isinstance(message, str) else ""),
        _files(value),
        notes if isinstance(notes, str) else "",
    )


def _files(value: dict[str, object]) -> tuple[str, ...] | None:
    keys = [
        key
        for key in ("files_modified", "files_created", "files_deleted")
        if isinstance(value.get(key), list)
    ]
    if not keys:
        return None
    listed = [path for key in keys for path in value[key] if isinstance(path, str)]  # type: ignore[attr-defined]
    return tuple(dict.fromkeys(path.removeprefix("./") for path in listed[:_MOST_FILES]))


def one_line(text: str) -> str:
    """Returns the last line that says something, cut to what can be read."""
    lines = [" ".join(line.split()) for line in text[-5000:].splitlines() if line.strip(" `\t")]
    last = lines[-1] if lines else ""
    return last if len(last) <= _LONGEST else last[: _LONGEST - 1] + "…"


def trouble_of(text: str, status: object = None) -> Trouble:
    """Returns what an error means, by its HTTP status where it has one, else by its words."""
    code = status if isinstance(status, int) else None
    if code is None and (found := _STATUS.search(text)):
        code = int(found[1])
    if code in _REFUSED:
        return Trouble.KEY
    if code == _SLOW_DOWN:
        return Trouble.RATE_LIMIT
    if code is not None and code >= _SERVER:
        return Trouble.OVERLOADED
    return next((trouble for words, trouble in _WORDS if words.search(text)), Trouble.NONE)
