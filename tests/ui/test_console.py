"""The plain lines of a whole run, compared whole."""

from __future__ import annotations

import io
import os

from gitpar.core import events as e
from gitpar.core.graph import WaveNote
from gitpar.core.names import TaskId
from gitpar.ui.console import PlainConsole, Quiet
from tests.ui.made import BEGAN, Script, everything, task

WHOLE = """\
00:00 note: uncommitted changes are not part of the run
00:00 run 7f3a: 7 tasks in 2 waves, at most 2 at once, from 626173650000
00:00 wave 1: 5 tasks (independent of each other)
00:01 api#1 started
00:02 cache#1 started
00:03 api#1 done in 2.0 s, 2 files
00:03 api#1: left a stash; it is kept
00:04 flaky#1 started
00:05 cache#1 done in 2.0 s, 1 file
00:06 flaky#1 exit status 1, tried again
00:07 flaky#2 started
00:08 stuck#1 started
00:09 stuck#1 done in 2.0 s, 1 file
00:10 flaky#2 done in 2.0 s, 2 files
00:11 broken#1 started
00:12 broken#1 no end within 60 s, tried again
00:13 broken#2 started
00:14 broken#2 exit status 3, tried again
00:15 broken#3 started
00:16 broken#3 exit status 3: failed
00:17 wave 1: 4 results compared, 4 pairs in the same files, git refuses 2
00:19 landed api on gitpar/7f3a/level/1 (2 files)
00:20 cache steps aside: does not merge with `api` in `src/x.py` lines 3-5 / 4
00:22 landed flaky on gitpar/7f3a/level/1 (2 files)
00:23 stuck steps aside: does not merge with `api` in `src/x.py` lines 3-5
00:24 cache#2 started, again, from what has landed
00:25 cache#2 done in 2.0 s, 1 file
00:27 landed cache on gitpar/7f3a/level/1 (1 file)
00:28 stuck#2 started, again, from what has landed
00:29 stuck#2 is held: its re-run takes away what had just landed (src/x.py:3, src/x.py:4)
00:30 wave 2: 2 tasks, 1 of them blocked
00:31 use-api#1 started
00:32 use-api#1 done in 2.0 s, 1 file
00:34 landed use-api on gitpar/7f3a/level/2 (1 file)
00:35 run 7f3a ended
"""


def told(*, verbose: bool = False) -> str:
    out = io.StringIO()
    everything(PlainConsole(out, verbose=verbose, now=lambda: BEGAN))
    return out.getvalue()


def console(out: io.StringIO) -> PlainConsole:
    return PlainConsole(out, now=lambda: BEGAN)


def test_tells_a_whole_run() -> None:
    assert told() == WHOLE


def test_verbose_adds_where_and_how() -> None:
    added = [line[6:] for line in told(verbose=True).splitlines() if line not in WHOLE.splitlines()]
    assert added[:5] == [
        "api#1: process 4121 in shop.worktrees/7f3a/1",
        "api#1: log logs/api/1/attempt.log",
        "cache#1: process 4121 in shop.worktrees/7f3a/1",
        "cache#1: log logs/cache/1/attempt.log",
        "api#1: worker exited, exit status 0",
    ]
    assert "broken#1: worker timed-out" in added
    assert "api#1: landing 4c6170690000 proved on 626173650000" in added


def test_tells_a_stop_and_how_to_go_on() -> None:
    out = io.StringIO()
    script = Script((task("a"), task("b")), watcher=console(out))
    script.level(1)
    script.start("a")
    script.start("b")
    script.say(e.StopRequested(at=script.at, now=False))
    script.say(e.StopRequested(at=script.at, now=True))
    script.say(e.WorkersStopping(at=script.at))
    script.finish("a", 1, "a", exit=None, ending=e.Ending.INTERRUPTED)
    script.finish("b", 1, exit=None, ending=e.Ending.INTERRUPTED)
    script.close(e.RunEnd.INTERRUPTED)
    lines = [line[6:] for line in out.getvalue().splitlines()]
    assert lines[4:] == [
        "draining: 2 workers go on; Ctrl-C again ends them",
        "stopping: 2 workers being ended, what they did is kept",
        "a#1 was interrupted; what it did is kept",
        "b#1 was interrupted; what it did is kept",
        "run 7f3a stopped; it goes on with: gitpar resume 7f3a",
    ]


def test_tells_trouble_of_the_machine() -> None:
    out = io.StringIO()
    script = Script((task("a"),), watcher=console(out))
    script.level(1)
    script.start("a")
    script.say(e.AttemptLost(at=script.at, task=TaskId("a"), n=1, message="No space left on device"))
    script.close(e.RunEnd.INTERRUPTED)
    assert out.getvalue().splitlines()[3:] == [
        "00:02 a#1 came to nothing: No space left on device",
        "00:03 run 7f3a stopped (No space left on device); it goes on with: gitpar resume 7f3a",
    ]


def test_tells_that_a_whole_wave_failed() -> None:
    out = io.StringIO()
    script = Script((task("a"), task("b")), watcher=console(out))
    script.level(1)
    for name in ("a", "b"):
        for n in (1, 2):
            script.start(name, n)
            script.finish(name, n, exit=2)
    assert out.getvalue().splitlines()[-1] == (
        "00:08 b#2 exit status 2; the whole wave failed: its tasks are tried again one at a time"
    )


def test_nothing_in_names_and_messages_reaches_the_terminal_raw() -> None:
    out = io.StringIO()
    script = Script((task("a"),), notes=(WaveNote(1, "why \x1b[2J\n?"),), watcher=console(out))
    script.level(1)
    script.start("a")
    script.finish("a", 1, "a", notes=("a note\x1b]0;title\x07\nin two lines",))
    assert [line[6:] for line in out.getvalue().splitlines()][1:] == [
        "wave 1: 1 task (why \\x1b[2J ?)",
        "a#1 started",
        "a#1 done in 2.0 s, 1 file",
        "a#1: a note\\x1b]0;title\\x07 in two lines",
    ]


def test_an_encoding_that_lacks_a_letter_is_no_error() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    script = Script((task("é"),), watcher=PlainConsole(out, now=lambda: BEGAN))
    script.level(1)
    script.start("é")
    assert raw.getvalue().splitlines()[1:] == [b"00:00 wave 1: 1 task", b"00:01 ?#1 started"]


def test_a_reader_who_goes_away_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        script = everything(PlainConsole(out, now=lambda: BEGAN))
    assert script.run.end is e.RunEnd.NEEDS_PERSON


def test_quiet_is_quiet() -> None:
    assert Quiet().interval_s is None
    assert everything(Quiet()).run.end is e.RunEnd.NEEDS_PERSON
