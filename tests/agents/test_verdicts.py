"""What is made of the answer of an agent that is a gate, whatever it prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.agents.claude import ClaudeReader
from gitpar.agents.verdicts import AnswerReader, verdict_of
from tests.support.amounts import examples

PASS = '```json\n{"verdict": "pass", "reasons": []}\n```'
FAIL = '```json\n{"verdict": "Failed", "reasons": ["a.py line 3 is wrong", 7, "", "two\\nlines"]}\n```'


@pytest.mark.parametrize(
    ("text", "verdict", "reasons"),
    [
        (f"Fine.\n\n{PASS}\n", "pass", ()),
        (f"{PASS}\nOn second thoughts:\n{FAIL}", "fail", ("a.py line 3 is wrong", "lines")),
        ('noise\n{"verdict": "fail", "reasons": "all of it"}\n', "fail", ("all of it",)),
        ('```\n{"verdict": "pass"}\n```', "pass", ()),
        ('```json\n{"verdict": "maybe"}\n```', "", ()),
        ('```json\n{"status": "pass"}\n```', "", ()),
        ('the "verdict" is pass', "", ()),
        ("[" * 100_000 + '"verdict"', "", ()),
        ("", "", ()),
    ],
)
def test_the_last_verdict_counts(text: str, verdict: str, reasons: tuple[str, ...]) -> None:
    assert verdict_of(text) == (verdict, reasons)
    reader = AnswerReader(None)
    for line in text.encode().split(b"\n"):
        reader.feed(line)
    assert (reader.report().verdict, reader.report().reasons) == (verdict, reasons)


@examples(100)
@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_output_is_too_odd_to_be_read(lines: list[bytes]) -> None:
    for reader in (AnswerReader(None), AnswerReader(ClaudeReader())):
        for line in lines:
            reader.feed(line)
        assert reader.report().verdict in ("", "pass", "fail")


def test_of_endless_output_the_end_is_read() -> None:
    reader = AnswerReader(None)
    for _ in range(2_000):
        reader.feed(b"x" * 1_000)
    for line in PASS.encode().split(b"\n"):
        reader.feed(line)
    assert reader.report().verdict == "pass"
