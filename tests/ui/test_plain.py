"""Nothing that a worker or a plan says can move the cursor, and small phrases read well."""

from __future__ import annotations

import pytest

from gitpar.core.conflicts import LineRange, PathOverlap
from gitpar.ui import plain


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m text", "red text"),
        ("\x1b]0;a title\x07after", "after"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("100 %\r", "100 %"),
        ("cut off \x1b[3", "cut off"),
        ("bell\x07 back\x08 null\x00", "bell back null"),
        ("\x1b(B\x1b[mtput", "tput"),
        ("one\ttwo", "one    two"),
        ("turned \u202earound", "turned around"),
        ("日本語", "日本語"),
    ],
)
def test_output_loses_what_would_move_the_cursor(raw: str, shown: str) -> None:
    assert plain.output_line(raw) == shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\nb\tc", "a b c"),
        ("\x1b[31m", "\\x1b[31m"),
        ("caf\udce9.txt", "caf\\xe9.txt"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("\u2028", "\\u2028"),
    ],
)
def test_names_spell_out_what_cannot_be_shown(raw: str, shown: str) -> None:
    assert plain.clean(raw) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (12.06, "12.1 s"), (59.96, "1 min 00 s"), (185, "3 min 05 s"), (7380, "2 h 03 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert plain.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(-1, "00:00"), (7.9, "00:07"), (754, "12:34"), (3723, "1:02:03")]
)
def test_clock(seconds: float, said: str) -> None:
    assert plain.elapsed(seconds) == said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "`a`"),
        (["a", "b"], "`a` and `b`"),
        (["a", "b", "c"], "`a`, `b` and `c`"),
        (list("abcdefg"), "`a`, `b`, `c`, `d`, `e` and 2 more"),
    ],
)
def test_lists(names: list[str], said: str) -> None:
    assert plain.listed(names) == said


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (LineRange(3, 3), LineRange(4, 1), "`x` lines 3-5 / 4"),
        (LineRange(3, 3), LineRange(3, 3), "`x` lines 3-5"),
        (LineRange(3, 1), LineRange(3, 1), "`x` line 3"),
        (LineRange(3, 0), LineRange(2, 1), "`x` lines before 3 / 2"),
        (None, None, "`x`"),
    ],
)
def test_places(a: LineRange | None, b: LineRange | None, said: str) -> None:
    assert plain.place(PathOverlap("x", a, b)) == said
