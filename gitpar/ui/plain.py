"""Text that is safe to show: nothing in it can move a cursor, colour a line or break one.

Pure. Also the small phrases that every view needs: durations, counts, line ranges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gitpar.patterns import pattern

if TYPE_CHECKING:
    from gitpar.core.conflicts import LineRange, PathOverlap

_ESCAPES = pattern(
    r"\x1b\[[0-?]*[ -/]*(?:[@-~]|$)"  # CSI: colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC: titles, links
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with ESC
    r"|\x9b[0-?]*[ -/]*[@-~]",  # CSI in one byte
    re.DOTALL,
)
_UNSHOWN = pattern(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MINUTE_S = 60
_HOUR_S = 3600
_LISTED = 5


def without_escapes(text: str) -> str:
    """Removes terminal escape sequences, whole or cut off at the end."""
    return _ESCAPES.sub("", text)


def output_line(text: str) -> str:
    """Makes one line of a worker's output showable: no escapes, no control characters.

    Of a line that was overwritten by carriage returns, what stood last counts.
    """
    parts = [part for part in without_escapes(text).split("\r") if part.strip()]
    return _UNSHOWN.sub("", (parts[-1] if parts else "").replace("\t", "    ")).rstrip()


def clean(text: str) -> str:
    """Makes a name, title or message showable on one line; what cannot be shown is spelled out."""
    return _UNSHOWN.sub(_spelled, text.replace("\n", " ").replace("\t", " "))


def _spelled(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a path that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clipped(text: str, width: int) -> str:
    """Cuts text to a number of characters, with an ellipsis where something is lost."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def named(name: str) -> str:
    """Puts a name between backquotes, showable."""
    return f"`{clean(name)}`"


def listed(names: Iterable[str], limit: int = _LISTED) -> str:
    """Lists names between backquotes; beyond the limit only how many more there are."""
    everything = list(names)
    shown = [named(name) for name in everything[:limit]]
    if len(everything) > limit:
        return ", ".join(shown) + f" and {len(everything) - limit} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def counted(number: int, noun: str) -> str:
    """Returns `1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Returns `0.4 s`, `12.1 s`, `3 min 05 s`, `2 h 03 min`."""
    if round(seconds, 1) < _MINUTE_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S:02d} s"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S:02d} min"


def elapsed(seconds: float) -> str:
    """Returns a clock: `00:07`, `12:34`, `1:02:03`."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, _MINUTE_S)
    if whole < _HOUR_S:
        return f"{minutes:02d}:{rest:02d}"
    return f"{whole // _HOUR_S}:{minutes % _MINUTE_S:02d}:{rest:02d}"


def lines(where: LineRange) -> str:
    """Returns `3-5`, `4`, or `before 4` for a place between lines."""
    if where.count == 0:
        return f"before {where.start}"
    last = where.start + where.count - 1
    return str(where.start) if last == where.start else f"{where.start}-{last}"


def place(overlap: PathOverlap) -> str:
    """Names a path with the lines of both sides: "`src/x.py` lines 3-5 / 4"."""
    if overlap.a is None or overlap.b is None:
        return named(overlap.path)
    sides = list(dict.fromkeys((lines(overlap.a), lines(overlap.b))))
    one = len(sides) == 1 and overlap.a.count == 1
    return f"{named(overlap.path)} {'line' if one else 'lines'} {' / '.join(sides)}"


def places(overlaps: Sequence[PathOverlap], limit: int = 3) -> str:
    """Names the first few places and says how many more there are."""
    shown = ", ".join(place(overlap) for overlap in overlaps[:limit])
    left = len(overlaps) - limit
    return shown + (f" and {counted(left, 'more place')}" if left > 0 else "")
