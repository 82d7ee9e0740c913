"""The summary and the status of a whole run, compared whole, 80 columns wide and without colour."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from gitpar.core import events as e
from gitpar.core.view import RunView, view
from gitpar.errors import ExitCode
from gitpar.ui import closing, summary
from tests.ui.made import BEGAN, Script, everything, task

SUMMARY = """\
Run 7f3a needs you: 4 landed, 1 held, 1 failed, 1 blocked, 1 skipped of 8 tasks

Not landed
Task     State     Why
────────────────────────────────────────────────────────────────────────────────
stuck    held      its re-run takes away what had just landed (src/x.py:3,
                   src/x.py:4)
broken   failed    exit status 3
waits    blocked   waits for `broken`, which failed

Waves
Wave   Branch                Commit         Landed     Time
───────────────────────────────────────────────────────────
   1   gitpar/7f3a/level/1   4c6361636865   3 of 5   29.5 s
   2   gitpar/7f3a/level/2   4c7573652d61   1 of 2    4.5 s

Work
Workers    11 spawned, 7 succeeded, 4 failed, 5 run again; at most 2 at once
Time       35.5 s, 24.5 s above the bound of 11.0 s
           (the bound is the longer of critical path and work divided by 2 jobs)
Speed-up   0.6 times as fast as the 22.0 s of all workers in a row, efficiency
           31%
Conflicts  40% of the tasks that were worked on did not merge at the first try

Conflict report
Tier       What two tasks have in common
────────────────────────────────────────────────────────────────────────────────
conflict   `api` and `cache` both changed `src/x.py` lines 3-5 / 4: git refuses
           (content); `cache` was run again after `api` and landed
conflict   `api` and `stuck` both changed `src/x.py` lines 3-5: git refuses
           (content); `stuck` is held, its branch is kept
touching   `cache` and `stuck` both changed `src/x.py` lines 7 / before 8: the
           changes touch, and git merges them
file       `api` and `flaky` both changed `src/x.py` lines 1 / 90-91: the
           changes lie apart

Declared and changed files
Task   Changed, not declared   Declared, not changed
────────────────────────────────────────────────────
api    `src/x.py`              `docs/`

Notes
  api#1: left a stash; it is kept

Next
  see what landed:            git log --graph --oneline gitpar/7f3a/level/2
  take it:                    git merge gitpar/7f3a/level/2
  what `stuck` said:          gitpar logs 7f3a stuck
  what `stuck` did:           git show gitpar/7f3a/task/stuck/2
  try `stuck` again:          gitpar resume 7f3a --retry stuck
  settle `stuck` by hand:     gitpar resume 7f3a --resolve stuck
  what `broken` said:         gitpar logs 7f3a broken
  what `broken` did:          git show gitpar/7f3a/task/broken/3
  try `broken` again:         gitpar resume 7f3a --retry broken
  remove what is not needed:  gitpar clean 7f3a

The plan was left as it is; to have statuses written into it: --write-back
"""

STATUS = """\
Run 7f3a needs you: 4 landed, 1 held, 1 failed, 1 blocked, 1 skipped of 8 tasks
It is being worked on by process 4121 on host `b` since 09:14.

Tasks
Task      State     Wave   Tries    Time   What is known
────────────────────────────────────────────────────────────────────────────────
api       landed       1       1   2.0 s   Rename [red]API[/red]
cache     landed       1       2   4.0 s   landed by a re-run
flaky     landed       1       2   4.0 s   Task flaky
stuck     held         1       2   4.0 s   its re-run takes away what had just
                                           landed (src/x.py:3, src/x.py:4)
broken    failed       1       3   6.0 s   exit status 3
use-api   landed       2       1   2.0 s   Task use-api
waits     blocked      2                   waits for `broken`, which failed
later     skipped                          left out by --skip

Waves
Wave   Branch                Commit         Landed     Time
───────────────────────────────────────────────────────────
   1   gitpar/7f3a/level/1   4c6361636865   3 of 5   29.5 s
   2   gitpar/7f3a/level/2   4c7573652d61   1 of 2    4.5 s

Next
  see what landed:            git log --graph --oneline gitpar/7f3a/level/2
  take it:                    git merge gitpar/7f3a/level/2
  what `stuck` said:          gitpar logs 7f3a stuck
  what `stuck` did:           git show gitpar/7f3a/task/stuck/2
  try `stuck` again:          gitpar resume 7f3a --retry stuck
  settle `stuck` by hand:     gitpar resume 7f3a --resolve stuck
  what `broken` said:         gitpar logs 7f3a broken
  what `broken` did:          git show gitpar/7f3a/task/broken/3
  try `broken` again:         gitpar resume 7f3a --retry broken
  remove what is not needed:  gitpar clean 7f3a
"""


def whole() -> RunView:
    script = everything()
    return view(script.run, script.at)


def printed(seen: RunView, width: int = 80, owner: str | None = None, *, status: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    if status:
        summary.print_status(seen, console, owner)
    else:
        summary.print_summary(seen, console)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def test_the_whole_summary() -> None:
    assert printed(whole()) == SUMMARY


def test_the_whole_status() -> None:
    assert printed(whole(), owner="process 4121 on host `b` since 09:14", status=True) == STATUS


@pytest.mark.parametrize("width", [40, 80, 200])
def test_what_is_to_be_typed_is_never_broken(width: int) -> None:
    assert "  git log --graph --oneline gitpar/7f3a/level/2\n" in printed(whole(), width)


def test_odd_ids_are_quoted_for_the_shell_and_shown_as_they_are() -> None:
    script = Script((task("it's [bold]1/2"),))
    script.level(1)
    for n in (1, 2):
        script.start("it's [bold]1/2", n)
        script.finish("it's [bold]1/2", n, exit=9)
    script.close(e.RunEnd.FAILED)
    text = printed(view(script.run, script.at))
    assert "it's [bold]1/2   failed   exit status 9\n" in text
    assert """gitpar logs 7f3a 'it'"'"'s [bold]1/2'\n""" in text


def test_an_interrupted_run_says_how_to_go_on_first() -> None:
    script = Script((task("a"),))
    script.level(1)
    script.say(e.StopRequested(at=script.at, now=False))
    script.close(e.RunEnd.INTERRUPTED)
    seen = view(script.run, script.at)
    assert printed(seen).startswith("Run 7f3a was interrupted: 0 landed, 1 pending of 1 task\n")
    assert closing.what_next(seen) == [closing.Step("go on:", "gitpar resume 7f3a")]
    assert closing.exit_code(seen) is ExitCode.INTERRUPTED


def test_what_became_of_into_is_told() -> None:
    script = Script((task("a"),))
    script.level(1)
    script.start("a")
    script.finish("a", 1, "a")
    script.land("a")
    script.close(e.RunEnd.DONE, "`main` is checked out and has changes, so it was not moved")
    seen = view(script.run, script.at)
    assert "`main` is checked out and has changes, so it was not moved\n" in printed(seen)
    assert closing.exit_code(seen) is ExitCode.OK


@pytest.mark.parametrize(
    ("state", "trouble", "code"),
    [("needs-you", "", 1), ("failed", "", 1), ("interrupted", "disk full", 3), ("interrupted", "", 130)],
)
def test_exit_codes(state: str, trouble: str, code: int) -> None:
    assert closing.exit_code(replace(whole(), state=state, trouble=trouble)) == code


def test_the_bound_in_words() -> None:
    seen = whole()
    near = replace(seen, metrics=replace(seen.metrics, wall_s=12.1, bound_s=10.3))
    below = replace(seen, metrics=replace(seen.metrics, wall_s=9.0, bound_s=10.3))
    assert closing.bound(near) == "12.1 s, 1.8 s above the bound of 10.3 s"
    assert closing.bound(below) == "9.0 s, not above the bound of 10.3 s"


def test_an_estimate_is_compared_where_there_is_one() -> None:
    metrics = replace(whole().metrics, estimated_sequential_s=3600.0)
    assert closing.estimate(metrics) == (
        "1 h 00 min estimated for all tasks in a row, 22.0 s worked, 35.5 s waited"
    )
    assert closing.estimate(whole().metrics) == ""


@pytest.mark.parametrize(
    ("declared", "path", "means"),
    [
        ("src/a.py", "src/a.py", True),
        ("./src/a.py", "src/a.py", True),
        ("src/", "src/deep/a.py", True),
        ("src", "src/a.py", True),
        ("**/*.py", "a.py", True),
        ("src/*.py", "src/a.py", True),
        ("src/a", "src/ab", False),
        ("docs/*.md", "src/a.py", False),
    ],
)
def test_declared_files(declared: str, path: str, means: bool) -> None:  # noqa: FBT001 - a table's column
    script = Script((task("a", declared=(declared,)),))
    script.level(1)
    script.start("a")
    script.finish("a", 1, path)
    assert (closing.surprises(view(script.run, BEGAN)) == []) is means


def test_a_plan_that_was_written_to_needs_no_word_about_it() -> None:
    seen = view(everything().run, 100.0)
    assert closing.not_written(seen).startswith("The plan was left as it is")
    assert closing.not_written(replace(seen, write_back=True)) == ""
    assert closing.not_written(replace(seen, state="running")) == ""
    assert closing.not_written(replace(seen, undone="7f3a.1")) == ""
