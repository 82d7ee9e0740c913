"""Output that is long, broken or cut: the verdict is right, and what is kept of it stays small."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from gitpar.core.agents import AgentReport, Said
from gitpar.engine.watching import Watch, read_log
from tests.agents.test_readers import READERS
from tests.support.agent_streams import STREAMS

LIMIT = 10**9
SAID = {"aider": Said.ENDED}


def written(log: Path, name: str, *, lines: int, longest: int = 0, cut: int = 0) -> int:
    """Writes a stream to a log, without its last `cut` bytes; returns its size."""
    with log.open("wb") as file:
        file.writelines(STREAMS[name].of(lines=lines, longest=longest))
    size = log.stat().st_size - cut
    with log.open("r+b") as file:
        file.truncate(size)
    return size


def check(name: str, report: AgentReport) -> None:
    assert report.said is SAID.get(name, Said.DONE)
    assert report.trouble.value == ""
    assert report.tokens.all == STREAMS[name].tokens


@pytest.mark.parametrize("name", READERS)
def test_a_line_without_end_and_odd_bytes_change_no_verdict(tmp_path: Path, name: str) -> None:
    check_stream(tmp_path, name, lines=400, longest=12_000_000)


def check_stream(tmp_path: Path, name: str, *, lines: int, longest: int) -> None:
    log = tmp_path / "log"
    size = written(log, name, lines=lines, longest=longest)
    assert size > longest
    tracemalloc.start()
    report = read_log(log, LIMIT, READERS[name]())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    check(name, report)
    assert peak < 40_000_000


@pytest.mark.parametrize("name", READERS)
def test_what_was_cut_in_the_middle_of_its_last_line_is_no_success(tmp_path: Path, name: str) -> None:
    log = tmp_path / "log"
    written(log, name, lines=40, cut=20)
    report = read_log(log, LIMIT, READERS[name]())
    assert report.said is Said.NOTHING
    assert report.trouble.value == ""


@pytest.mark.parametrize("name", READERS)
def test_lines_that_come_in_pieces_are_read_as_whole_ones(tmp_path: Path, name: str) -> None:
    log, source = tmp_path / "log", tmp_path / "source"
    written(source, name, lines=8)
    output = source.read_bytes()
    watch = Watch(log, LIMIT, READERS[name]())
    with log.open("wb", buffering=0) as file:
        for at in range(0, len(output), 37):
            file.write(output[at : at + 37])
            watch.look()
    check(name, watch.end())
