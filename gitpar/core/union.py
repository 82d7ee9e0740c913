"""What a union of two versions must be, said without making one. Pure.

It is the judge of whoever makes unions, git or another: no line may be lost, doubled or
brought back, and each side's lines stay in their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def union_problem(base: bytes, ours: bytes, theirs: bytes, merged: bytes) -> str:
    """Says what is wrong with a union of two versions of a file, or nothing.

    A line that both sides have as often as the base or more often must be there as often
    as on either side, and no more often than the additions of both make. Where a side
    took lines away, what is left of them must not be more than a merge without a conflict
    leaves: a file in which that cannot be had was not only added to.
    """
    was, ours_rows, theirs_rows, rows = map(_lines, (base, ours, theirs, merged))
    b, o, t, found = map(Counter, (was, ours_rows, theirs_rows, rows))
    for line in (*found, *(line for line in (*o, *t) if line not in found)):
        least, most = _bounds(b[line], o[line], t[line])
        if found[line] < least:
            return f"the line {_shown(line)} would be lost"
        if not o[line] and not t[line]:
            return f"the line {_shown(line)} stands on neither side"
        if found[line] > most:
            taken = o[line] < b[line] or t[line] < b[line]
            said = "a side had taken away" if taken else "is there already"
            return f"the line {_shown(line)} would stand there again, which {said}"
    kept = {line for line in found if o[line] >= b[line] and t[line] >= b[line]}
    order = [line for line in rows if line in kept]
    for side in (ours_rows, theirs_rows):
        if not _in_order([line for line in side if line in kept], order):
            return "lines would change their order"
    return _ends_problem(ours, theirs, merged)


def _ends_problem(ours: bytes, theirs: bytes, merged: bytes) -> str:
    if (b"\r\n" in merged) not in (b"\r\n" in ours, b"\r\n" in theirs):
        return "line ends would change"
    lost = ours.endswith(b"\n") and theirs.endswith(b"\n") and not merged.endswith(b"\n")
    return "the last line would lose its end" if lost else ""


def _bounds(base: int, ours: int, theirs: int) -> tuple[int, int]:
    """How often a line may stand in a union, from its numbers on the three sides."""
    both = ours + theirs - base
    least = max(ours, theirs) if ours >= base and theirs >= base else max(0, both)
    return least, max(both, min(ours, theirs))


def _in_order(side: Sequence[bytes], rows: Sequence[bytes]) -> bool:
    left = iter(rows)
    return all(line in left for line in side)


def _lines(content: bytes) -> list[bytes]:
    """The lines without their ends, which a merge may make equal."""
    lines = content.split(b"\n")
    return [line.removesuffix(b"\r") for line in (lines[:-1] if lines[-1] == b"" else lines)]


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    return f"`{text if len(text) <= _LONGEST else text[:_LONGEST] + '…'}`"


_LONGEST = 60
