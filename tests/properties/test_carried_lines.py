"""Lines that are carried from one version of a file to another, against the edit that was made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.changes import Hunk
from gitpar.core.check import after, carried
from gitpar.core.conflicts import LineRange


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[str], list[str], list[Hunk]]:
    """An old file of numbered lines, the new one, and the hunks between them."""
    old = [f"old {number}" for number in range(draw(st.integers(1, 12)))]
    new: list[str] = []
    hunks: list[Hunk] = []
    at = 0
    while at < len(old):
        kept = draw(st.integers(1, 4))
        new += old[at : at + kept]
        at += kept
        gone, made = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        gone = min(gone, max(0, len(old) - at))
        if at <= len(old) and (gone or made):
            hunks.append(Hunk(at + 1, gone, len(new) + 1, made))
            new += [f"new {len(new)} {number}" for number in range(made)]
            at += gone
    return old, new, hunks


@given(edits())
def test_a_line_that_stays_is_found_again(edit: tuple[list[str], list[str], list[Hunk]]) -> None:
    old, new, hunks = edit
    for number, line in enumerate(old, start=1):
        where = carried(LineRange(number, 1), hunks)
        if line in new:
            assert where == LineRange(new.index(line) + 1, 1)
        else:
            assert where.count >= 0


@given(edits())
def test_a_hunk_becomes_what_it_made(edit: tuple[list[str], list[str], list[Hunk]]) -> None:
    for hunk in edit[2]:
        found = after(LineRange(hunk.old_start, hunk.old_count), edit[2])
        assert found == LineRange(hunk.new_start, hunk.new_count)
