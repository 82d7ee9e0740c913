"""The command line: every command tried whole, on runs that are made of events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitpar.core.settings import OnRevert, Strategy
from gitpar.core.view import RunView, view
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.plans.reading import read_plans
from gitpar.ui import as_json
from gitpar.ui.cli.main import main
from gitpar.ui.cli.options import Duration, Invocation
from gitpar.wiring import CleanReport, Finding, RunRequest
from tests.support.cli import gitpar, program_environment
from tests.ui.made import Script, everything, task

if TYPE_CHECKING:
    from gitpar.plans.model import Plan
    from gitpar.ports import Watcher


USED = "Hint: How it is used: gitpar run --help\n"
WRITE = "write `90`, `90s`, `10m` or `1h30m`"
CLEANED = """\
run 7f3a, removed:
  worktree `shop.worktrees/7f3a`
run 7f3a, kept:
  level branch `gitpar/7f3a/level/1`
"""
EXAMINED = """\
✓ git         2.39.5
✗ repository  there is none here
  Hint: Go to one, or: git init
· overlayfs   not probed
1 of 3 are wrong
"""


@dataclass
class Recorded:
    """A house with runs made of events in it; what is asked of it is written down."""

    scripts: list[Script] = field(default_factory=list)
    fails: Exception | None = None
    worked_on_by: str | None = None
    findings: tuple[tuple[bool | None, str, str, str], ...] = ()
    asked: list[object] = field(default_factory=list)

    def _chosen(self, run: str | None) -> RunView:
        if self.fails is not None:
            raise self.fails
        found = [view(s.run, s.at) for s in self.scripts if run in (None, s.run.id)]
        if not found:
            raise UsageError(f"`{run}`: there is no such run")
        return found[0]

    def read(self, directory: Path, run: str | None) -> RunView:
        self.asked.append(("read", directory, run))
        return self._chosen(run)

    def runs(self, directory: Path) -> Sequence[RunView]:
        self.asked.append(("runs", directory))
        return [view(s.run, s.at) for s in self.scripts]

    def owner(self, directory: Path, run: str | None) -> str | None:
        self.asked.append(("owner", directory, run))
        return self.worked_on_by

    def start(self, directory: Path, request: RunRequest, watcher: Watcher) -> RunView:
        self.asked.append(("start", directory, request))
        self._chosen(None)
        script = everything(watcher)
        return view(script.run, script.at)

    def preview(self, directory: Path, request: RunRequest) -> Plan:
        self.asked.append(("preview", directory))
        return read_plans(request.plans)

    def resume(self, directory: Path, run: str | None, watcher: Watcher, *, steal: bool = False) -> RunView:
        self.asked.append(("resume", directory, run, steal))
        assert watcher.interval_s is None  # no terminal here, so nothing is drawn
        return self._chosen(run)

    def clean(self, directory: Path, run: str | None, *, purge: bool, dry_run: bool) -> CleanReport:
        self.asked.append(("clean", directory, run, purge, dry_run))
        kept = () if purge else ("level branch `gitpar/7f3a/level/1`",)
        return CleanReport("7f3a", ("worktree `shop.worktrees/7f3a`",), kept)

    def diagnose(self, directory: Path) -> Sequence[Finding]:
        self.asked.append(("diagnose", directory))
        return [Finding(*row) for row in self.findings]


@dataclass
class Shell:
    """Calls gitpar in this process, on a house of its own."""

    house: Recorded
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        status = main(words, Invocation(given_house=self.house))
        out, err = self.capsys.readouterr()
        return status, out, err


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(Recorded([everything()]), capsys)


# --- the program itself --------------------------------------------------------------------


def test_version_and_help_load_nothing_slow() -> None:
    probe = (
        "import sys; from gitpar.ui.cli.main import main; main([{words}]);"
        "print(sorted({{'git', 'pygit2', 'rich', 'sqlite3', 'pydantic', 'asyncio'}} & set(sys.modules)))"
    )
    for words in ("'--version'", "'--help'", "'run', '--help'", "'status', '--help'"):
        done = subprocess.run(
            [sys.executable, "-c", probe.format(words=words)],
            capture_output=True,
            text=True,
            check=True,
            env=program_environment(),
        )
        assert done.stdout.endswith("[]\n"), words


def test_the_program_says_its_version(tmp_path: Path) -> None:
    done = gitpar("--version", cwd=tmp_path)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith("gitpar ")


def test_every_command_has_help_that_ends_in_its_exit_codes(shell: Shell) -> None:
    for name in ("run", "status", "logs", "resume", "report", "clean", "doctor"):
        status, out, _err = shell(name, "--help")
        assert status == 0
        assert out.startswith(f"Usage: gitpar {name} ")
        assert "Exit codes:\n    0    " in out
        assert max(map(len, out.splitlines())) <= 80


def test_nothing_typed_shows_the_help(shell: Shell) -> None:
    assert shell() == shell("--help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stauts",), "Error: there is no command `stauts`\nHint: Did you mean `status`?\n"),
        (("frobnicate",), "Error: there is no command `frobnicate`\nHint: All commands: gitpar --help\n"),
        (
            ("run", "p", "--timeout", "0"),
            "Error: invalid value for '--timeout': must be longer than 0\n" + USED,
        ),
        (
            ("run", "p", "--timeout", "soon"),
            f"Error: invalid value for '--timeout': `soon` is no duration; {WRITE}\n{USED}",
        ),
        (("run",), "Error: missing argument 'PLAN...'\n" + USED),
    ],
)
def test_a_wrong_command_line(shell: Shell, words: tuple[str, ...], said: str) -> None:
    assert shell(*words) == (2, "", said)


def test_a_folder_that_is_not_there(shell: Shell) -> None:
    status, out, err = shell("-C", "nowhere", "status")
    assert (status, out) == (2, "")
    assert err.startswith("Error: invalid value for '-C': ")


def test_an_error_with_its_hints_and_exit_code(shell: Shell) -> None:
    shell.house.fails = EnvironmentFault("git 2.30 is too old\n(2.39 is needed)", "Install a newer git")
    said = "Error: git 2.30 is too old\n       (2.39 is needed)\nHint: Install a newer git\n"
    assert shell("status") == (3, "", said)
    status, out, err = shell("status", "--json")
    assert (status, err) == (3, said)
    assert json.loads(out) == as_json.error(shell.house.fails)


def test_a_bug_is_told_as_one(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.house.fails = KeyError("oops")
    said = (
        "Error: this is a bug of gitpar (KeyError: 'oops')\n"
        "Hint: The journal is safe: what a run has done so far is kept, and `gitpar resume` goes on with it\n"
        "Hint: To see where it happened, try again with GITPAR_DEBUG=1\n"
    )
    assert shell("status") == (3, "", said)
    assert "Traceback" in shell("status", "-v")[2]
    monkeypatch.setenv("GITPAR_DEBUG", "1")
    assert "Traceback" in shell("status")[2]


def test_an_interrupt_outside_of_a_run(shell: Shell) -> None:
    shell.house.fails = KeyboardInterrupt()  # type: ignore[assignment]
    assert shell("status") == (130, "", "")


@pytest.mark.parametrize("words", [["status", "--all"], ["logs"], ["--help"]])
def test_a_reader_who_leaves_is_no_error(words: list[str], tmp_path: Path) -> None:
    program = (
        "import sys; from gitpar.ui.cli.main import main; from gitpar.ui.cli.options import Invocation;"
        "from tests.ui.test_cli import Recorded; from tests.ui.made import everything;"
        "from pathlib import Path; Path('a-1.log').write_text('x\\n' * 99999);"
        "s = everything(log='a-1.log');"
        "sys.exit(main(sys.argv[1:], Invocation(given_house=Recorded([s] * 99))))"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        cwd=tmp_path,
        env=program_environment(),
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "environment", "colored"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--no-color",), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours(
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    environment: dict[str, str],
    colored: bool,  # noqa: FBT001 - a table's column
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in shell("status", *words)[1]) is colored
    assert ("\x1b[" in shell("stat", *words)[2]) is colored


# --- run and resume ------------------------------------------------------------------------


def test_run_tells_progress_on_stderr_and_the_summary_on_stdout(shell: Shell) -> None:
    status, out, err = shell("run", "tasks.json")
    assert status == 1
    assert out.startswith("Run 7f3a needs you: 4 landed, 1 held, 1 failed, 1 blocked, 1 skipped of 8 tasks\n")
    assert " landed api on gitpar/7f3a/level/1 (2 files)\n" in err


def test_run_with_json_prints_only_facts_on_stdout(shell: Shell) -> None:
    status, out, err = shell("run", "tasks.json", "--json", "-q")
    assert (status, err) == (1, "")
    script = everything()
    assert json.loads(out) == as_json.run(view(script.run, script.at))


def test_run_hands_on_only_what_was_typed(shell: Shell, tmp_path: Path) -> None:
    shell("-C", str(tmp_path), "run", "p.json", "-q")
    shell(
        *("run", "p.json", "q.toml", "-q", "--jobs", "3", "--base", "v1", "--strategy", "squash"),
        *("--agent-command", "agent", "--timeout", "1h30m", "--retries", "0", "--into", "main"),
        *("--only", "a", "--only", "b", "--skip", "c", "--tag", "t", "--format", "taskmaster"),
        *("--missing-dependency", "warn", "--grace", "0.5", "--on-revert", "warn", "--write-back"),
        *("--keep-worktrees", "--no-pool"),
    )
    assert shell.house.asked == [
        ("start", tmp_path, RunRequest(plans=(tmp_path / "p.json",))),
        (
            "start",
            Path(),
            RunRequest(
                plans=(Path("p.json"), Path("q.toml")),
                base="v1",
                only=("a", "b"),
                skip=("c",),
                tag="t",
                plan_format="taskmaster",
                missing_dependency="warn",
                flags={
                    "jobs": 3,
                    "agent_command": "agent",
                    "timeout_s": 5400.0,
                    "retries": 0,
                    "into": "main",
                    "grace_s": 0.5,
                    "write_back": True,
                    "keep_worktrees": True,
                    "strategy": Strategy.SQUASH,
                    "on_revert": OnRevert.WARN,
                    "pool": False,
                },
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5", 0.5), ("250ms", 0.25)],
)
def test_durations(typed: str, seconds: float) -> None:
    assert Duration().convert(typed, None, None) == pytest.approx(seconds)


def test_resume_ends_as_the_run_ended(shell: Shell) -> None:
    assert shell("resume", "7f3a", "--steal")[0] == 1
    assert shell("resume")[1].startswith("Run 7f3a needs you: ")
    assert shell.house.asked == [("resume", Path(), "7f3a", True), ("resume", Path(), None, False)]


# --- status, report, logs ------------------------------------------------------------------


def at_work(log: str = "") -> Script:
    script = Script((task("api"), task("app")), log=log)
    script.level(1)
    script.start("api")
    return script


def test_status_says_who_works_on_a_run(shell: Shell) -> None:
    shell.house.scripts = [at_work()]
    shell.house.worked_on_by = "process 4121 on host `b` since 09:14"
    status, out, err = shell("status")
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == [
        "Run 7f3a is running: 0 landed, 1 running, 1 pending of 2 tasks",
        "It is being worked on by process 4121 on host `b` since 09:14.",
    ]
    assert out.endswith("  follow it:  gitpar logs -f 7f3a\n")


def test_a_run_that_nobody_works_on_was_interrupted(shell: Shell) -> None:
    shell.house.scripts = [at_work()]
    assert json.loads(shell("status", "--json")[1])["state"] == "interrupted"
    assert shell("report")[1].startswith("Run 7f3a was interrupted: ")


def test_status_of_all_runs(shell: Shell) -> None:
    shell.house.scripts = [at_work(), everything()]
    lines = [line.split() for line in shell("status", "--all")[1].splitlines()]
    assert [line[:2] for line in lines[2:]] == [["7f3a", "interrupted"], ["7f3a", "needs-you"]]
    assert [run["state"] for run in json.loads(shell("status", "--all", "--json")[1])] == [
        "interrupted",
        "needs-you",
    ]


def test_report_is_the_summary_and_ends_with_0(shell: Shell) -> None:
    status, out, _err = shell("report")
    assert status == 0
    assert out == shell("resume")[1]


def test_logs_finds_run_or_task_by_a_single_word(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("said\n")
    shell.house.scripts = [at_work(str(tmp_path / "{task}.log"))]
    assert shell("logs") == shell("logs", "7f3a") == (0, "[api] said\n", "")
    assert shell("logs", "api") == shell("logs", "7f3a", "api") == (0, "said\n", "")


def test_logs_follows_until_the_end(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("said")
    shell.house.scripts = [at_work(str(tmp_path / "{task}.log"))]
    assert shell("logs", "-f") == (0, "[api] said\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("7f3a", "apy"),
            "Error: run 7f3a has no task `apy`\nHint: Did you mean `app` or `api`?\n",
        ),
        (("7f3a", "zzz"), "Error: run 7f3a has no task `zzz`\nHint: All tasks: gitpar status 7f3a\n"),
        (
            ("apy",),
            "Error: `apy` is neither a task of run 7f3a nor a run\nHint: Did you mean `app` or `api`?\n",
        ),
        (
            ("api", "--attempt", "2"),
            "Error: task `api` has no attempt 2\nHint: Attempts so far: 1\n",
        ),
    ],
)
def test_logs_of_what_is_not_there(shell: Shell, words: tuple[str, ...], said: str) -> None:
    shell.house.scripts = [at_work()]
    assert shell("logs", *words) == (2, "", said)


# --- clean and doctor ----------------------------------------------------------------------


def test_clean_says_what_went_and_what_stayed(shell: Shell) -> None:
    assert shell("clean") == (0, CLEANED, "")
    assert shell("clean", "--dry-run")[1].startswith("run 7f3a, would be removed:\n")
    assert shell.house.asked == [("clean", Path(), None, False, False), ("clean", Path(), None, False, True)]


def test_purge_lists_and_never_asks_without_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nothing").touch()
    with (tmp_path / "nothing").open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        status, out, err = shell("clean", "--purge")
    assert status == 2
    assert out == "run 7f3a, would be removed:\n  worktree `shop.worktrees/7f3a`\n"
    assert err == (
        "Error: `--purge` removes all of run 7f3a for good; nobody can be asked here\n"
        "Hint: Nothing was removed\n"
        "Hint: To do it without being asked: gitpar clean 7f3a --purge --yes\n"
    )
    assert shell("clean", "--purge", "--yes")[0] == 0
    assert shell.house.asked == [("clean", Path(), None, True, True), ("clean", Path(), None, True, False)]


def test_doctor(shell: Shell) -> None:
    shell.house.findings = (
        (True, "git", "2.39.5", ""),
        (False, "repository", "there is none here", "Go to one, or: git init"),
        (None, "overlayfs", "not probed", ""),
    )
    assert shell("doctor") == (3, EXAMINED, "")
    assert json.loads(shell("doctor", "--json")[1])[1] == {
        "ok": False,
        "title": "repository",
        "detail": "there is none here",
        "hint": "Go to one, or: git init",
    }
    shell.house.findings = shell.house.findings[:1]
    assert shell("doctor") == (0, "✓ git  2.39.5\nnothing is wrong\n", "")
