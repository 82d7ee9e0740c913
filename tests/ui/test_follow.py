"""What workers printed, whole or as it comes, from real files that grow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitpar.core import events as e
from gitpar.core.view import RunView, view
from gitpar.ui import follow, tail
from tests.ui.made import Script, task


def viewed(script: Script) -> RunView:
    return view(script.run, script.at)


def logged(tmp_path: Path) -> Script:
    """Two tasks at work, each with a log."""
    script = Script((task("a"), task("b")), log=str(tmp_path / "{task}-{n}.log"))
    script.level(1)
    script.start("a")
    script.start("b")
    (tmp_path / "a-1.log").write_bytes(b"\x1b[31mone\x1b[0m\ntwo\n")
    (tmp_path / "b-1.log").write_bytes(b"10 %\r99 %\nhalf a li")
    return script


def test_everything_so_far_in_order_of_attempts(tmp_path: Path) -> None:
    script = logged(tmp_path)
    assert list(follow.lines(viewed(script), follow.Choice())) == [
        b"[a] one",
        b"[a] two",
        b"[b] 99 %",
        b"[b] half a li",
    ]
    assert list(follow.lines(viewed(script), follow.Choice("a"))) == [b"one", b"two"]
    assert list(follow.lines(viewed(script), follow.Choice("a", raw=True))) == [b"\x1b[31mone\x1b[0m", b"two"]


def test_one_attempt_of_several(tmp_path: Path) -> None:
    script = logged(tmp_path)
    script.finish("a", 1, exit=1)
    script.start("a", 2)
    (tmp_path / "a-2.log").write_text("again\n")
    assert list(follow.lines(viewed(script), follow.Choice("a"))) == [b"one", b"two", b"again"]
    assert list(follow.lines(viewed(script), follow.Choice("a", 2))) == [b"again"]


class Steps:
    """Lets the world go on by one step whenever the follower pauses."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)
        self.pauses = 0

    def __call__(self) -> None:
        self.pauses += 1
        if self.steps:
            self.steps.pop(0)()


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def test_follows_all_that_run_and_picks_up_new_attempts(tmp_path: Path) -> None:
    script = logged(tmp_path)

    def again() -> None:
        script.finish("a", 1, exit=1)
        script.start("a", 2)
        (tmp_path / "a-2.log").write_text("again\nand the end")

    def close() -> None:
        script.finish("a", 2, "x")
        script.finish("b", 1, "x")
        script.close(e.RunEnd.INTERRUPTED)

    steps = Steps(lambda: append(tmp_path / "b-1.log", b"ne\nthree\n"), again, *[lambda: None] * 3, close)
    shown = list(follow.follow(lambda: viewed(script), steps, follow.Choice()))
    assert shown == [
        b"[a] one",
        b"[a] two",
        b"[b] 99 %",
        b"[b] half a line",
        b"[b] three",
        b"[a] again",
        b"[a] and the end",
    ]
    assert steps.pauses == 6


def test_following_one_task_ends_with_it(tmp_path: Path) -> None:
    script = logged(tmp_path)

    def land() -> None:
        script.finish("a", 1)
        script.finish("b", 1)

    shown = list(follow.follow(lambda: viewed(script), Steps(land), follow.Choice("a")))
    assert shown == [b"one", b"two"]
    assert script.run.state == "running"


def test_what_ended_before_is_not_followed_unless_it_is_all_there_is(tmp_path: Path) -> None:
    script = logged(tmp_path)
    script.finish("a", 1)
    script.finish("b", 1)
    script.close(e.RunEnd.DONE)
    steps = Steps()
    assert list(follow.follow(lambda: viewed(script), steps, follow.Choice())) == []
    assert list(follow.follow(lambda: viewed(script), steps, follow.Choice("a"))) == [b"one", b"two"]
    assert steps.pauses == 0


def test_a_log_that_was_cut_is_read_on_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 100 + b"\n")
    follower = tail.Follower(str(log))
    assert follower.lines(ended=False) == [b"x" * 100]
    log.write_bytes(b"short\n")
    assert follower.lines(ended=False) == [b"... (the middle of this log was cut)"]
    append(log, b"new\n")
    assert follower.lines(ended=False) == [b"new"]


def test_a_missing_log_and_a_pipe_say_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path / "pipe", tmp_path):
        assert tail.Follower(str(path)).lines(ended=True) == []
        assert tail.last_line(path) == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("42 writing tests\n", (42.0, "writing tests")),
        ("42%\nwriting tests\n", (42.0, "writing tests")),
        ("7.5 % - almost nothing", (7.5, "almost nothing")),
        ("10 one\n20 two\n", (20.0, "two")),
        ("100", (100.0, "")),
        ("42files", None),
        ("250 too much", None),
        ("no figure", None),
        ("", None),
    ],
)
def test_progress(tmp_path: Path, written: str, read: tuple[float, str] | None) -> None:
    (tmp_path / "attempt.progress").write_text(written)
    found = tail.progress(tmp_path / "attempt.log")
    assert (None if found is None else (found.percent, found.line)) == read
