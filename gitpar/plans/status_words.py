"""What the words of a status cell mean, and how one is put in place of another in the file's own style."""

from __future__ import annotations

import re

from gitpar.core.graph import TaskStatus
from gitpar.values import dataclass

TOKEN = re.compile(r"\bTASK:[ ]?([A-Z][A-Z_/-]*)")
_SATISFIED = {
    "COMPLETE",
    "COMPLETED",
    "DONE",
    "PASS",
    "PASSED",
    "FINISHED",
    "MERGED",
    "IMPLEMENTED",
    "RESOLVED",
    "LANDED",
}
_LEFT_OUT = {
    *("SKIPPED", "SKIP", "DEFERRED", "N/A", "NA", "CANCELLED", "CANCELED", "WONTFIX", "OBSOLETE", "DROPPED"),
    *("REMOVED", "SUPERSEDED", "ABANDONED", "STANDING"),
}
_PENDING = {
    *(
        "PENDING",
        "TODO",
        "TO-DO",
        "OPEN",
        "IN_PROGRESS",
        "IN-PROGRESS",
        "PARTIAL",
        "BLOCKED",
        "NOT-STARTED",
        "READY",
    ),
    *(
        "PLANNED",
        "WIP",
        "QUEUED",
        "FAILED",
        "STARTED",
        "REVIEW",
        "IN-REVIEW",
        "ACTIVE",
        "NEW",
        "NOT_STARTED",
        "NEXT",
    ),
}
_SYMBOLS = {
    **dict.fromkeys("✅✔✓☑🟢", TaskStatus.DONE),
    **dict.fromkeys("⬜🔲☐⏳🚧🟡🔴🔵⚪📋🔄❌⚠▢◻", TaskStatus.PENDING),
    **dict.fromkeys("⏭🚫⏸", TaskStatus.LEFT_OUT),
}
_WORDS = re.compile(r"[A-Z][A-Z_/-]*(?:[ ](?:STARTED|PROGRESS|REVIEW|DO)\b)?", re.IGNORECASE)
_BOX = re.compile(r"[-* ]*\[([ xX~-]?)\]")


@dataclass(frozen=True, slots=True)
class Status:
    """What a status cell means; `start` and `end` enclose the word in the cell's raw text."""

    meaning: TaskStatus
    word: str
    start: int
    end: int
    token: bool
    known: bool = True


def status_of(raw: str) -> Status | None:
    """Reads a status cell: `TASK:PENDING (dep: T2)`, `Done`, `✅ Complete`, `[x]`; else None."""
    if token := TOKEN.search(raw):
        meaning = _meaning(token[1].strip("_/-"))
        return Status(
            meaning or TaskStatus.PENDING,
            token[0],
            token.start(1),
            token.end(1),
            token=True,
            known=meaning is not None,
        )
    if box := _BOX.match(raw):
        done = box[1] in ("x", "X")
        return Status(
            TaskStatus.DONE if done else TaskStatus.PENDING,
            box[0].strip(),
            box.start(1),
            box.end(1),
            token=False,
        )
    body = raw.lstrip(" *_`~")
    symbol = _SYMBOLS.get(body[:1])
    found = _WORDS.search(raw)
    if found is not None and len(raw[: found.start()].strip(" *_`~\ufe0f")) <= 1:
        meaning = _meaning(found[0]) or _meaning(found[0].partition(" ")[0])
        if meaning is not None:
            return Status(meaning, found[0], found.start(), found.end(), token=False)
    if symbol is not None:
        at = len(raw) - len(body)
        return Status(symbol, body[:1], at, at + 1, token=False)
    return None


def _meaning(word: str) -> TaskStatus | None:
    plain = word.upper().replace(" ", "-")
    if plain in _SATISFIED:
        return TaskStatus.DONE
    if plain in _LEFT_OUT:
        return TaskStatus.LEFT_OUT
    return TaskStatus.PENDING if plain in _PENDING else None


_DONE_LIKE = {"TODO": "DONE", "TO-DO": "DONE", "OPEN": "DONE"}
_STOPPED = "BLOCKED"


def replaced(found: Status, raw: str, *, landed: bool) -> tuple[int, int, str] | None:
    """Returns what to put in place of the word, in its own style; None where it says so already."""
    if landed and found.meaning is TaskStatus.DONE:
        return None
    if found.word.startswith("["):
        return (found.start, found.end, "x") if landed else None
    if found.word in _SYMBOLS:
        sign = "✅" if landed else "❌"
        return (found.start, found.end, sign) if found.word != sign else None
    old = raw[found.start : found.end]
    new = _DONE_LIKE.get(old.upper(), "COMPLETE") if landed else _STOPPED
    if old.upper() == new:
        return None
    new = new if old.isupper() else new.lower() if old.islower() else new.capitalize()
    begin = found.start
    lead = raw[: found.start].strip(" *_`~\ufe0f")
    if lead and lead in _SYMBOLS:
        begin = raw.index(lead)
        new = f"{'✅' if landed else '❌'}{raw[begin + 1 : found.start].replace(chr(0xFE0F), '')}{new}"
    return begin, found.end, new
