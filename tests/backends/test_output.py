"""The log file: the middle is cut, never the end, at any moment."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from gitpar.backends.output import LogFile

MARKER = re.compile(rb"\n\[\xe2\x80\xa6 (\d+) bytes left out \xe2\x80\xa6\]\n")


def lines(count: int) -> bytes:
    return b"".join(b"line %d\n" % n for n in range(count))


@pytest.mark.parametrize("seed", range(6))
def test_beginning_and_newest_output_are_there_at_any_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path, limit = tmp_path / "log", chance.choice((1024, 5000, 40_000))
    log, output = LogFile(os.fsencode(path), limit), lines(30_000)
    at = 0
    while at < len(output):
        piece = output[at : at + chance.choice((1, 7, 300, 3000, 70_000))]
        log.write(piece)
        at += len(piece)
        kept = path.read_bytes()
        assert len(kept) <= limit + 60
        parts = MARKER.split(kept)
        assert output.startswith(parts[0])
        if len(parts) == 1:
            assert kept == output[:at]
        else:
            head, left_out, tail = parts
            assert output[:at].endswith(tail)
            assert len(tail) >= limit // 8
            assert len(head) >= limit // 2 - limit // 8
            assert len(head) + int(left_out) + len(tail) == at
    log.close()
    assert log.problem == ""


def test_a_cut_falls_between_lines(tmp_path: Path) -> None:
    log = LogFile(os.fsencode(tmp_path / "log"), 10_000)
    log.write(lines(5000))
    log.close()
    head, _, tail = MARKER.split((tmp_path / "log").read_bytes())
    assert all(re.fullmatch(rb"line \d+", line) for line in (head + b"\n" + tail).splitlines())


def test_one_endless_line_is_cut_as_well(tmp_path: Path) -> None:
    log = LogFile(os.fsencode(tmp_path / "log"), 4000)
    log.write(b"\n" + b"x" * 99_999 + b"end")
    log.close()
    kept = (tmp_path / "log").read_bytes()
    assert len(kept) < 4100
    assert kept.endswith(b"xend")
    assert len(MARKER.findall(kept)) == 1


def test_what_is_within_the_limit_is_untouched_and_an_old_log_is_continued(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"before\n")
    log = LogFile(os.fsencode(tmp_path / "log"), 4000)
    log.write(b"a" * 3000)
    log.close()
    assert (tmp_path / "log").read_bytes() == b"before\n" + b"a" * 3000


def test_a_log_that_cannot_be_opened_says_so_once(tmp_path: Path) -> None:
    log = LogFile(os.fsencode(tmp_path / "no" / "log"), 4000)
    log.write(b"lost")
    log.close()
    assert log.problem == "the log stopped: No such file or directory"
