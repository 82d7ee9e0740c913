"""The command line: every command tried whole, on runs that are made of events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitpar.core.settings import OnRevert, Strategy
from gitpar.core.view import view
from gitpar.errors import EnvironmentFault
from gitpar.plans.choices import Choices, MissingDependency
from gitpar.ui import as_json
from gitpar.ui.cli.main import COMMANDS
from gitpar.ui.cli.options import Duration
from gitpar.wiring import RunRequest
from tests.support.cli import gitpar, program_environment
from tests.ui.made import Script, everything, task
from tests.ui.recorded import Shell

USED = "Hint: How it is used: gitpar run --help\n"
WRITE = "write `90`, `90s`, `10m` or `1h30m`"


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", ["plan --help", "plan bookshop.json", "plan bookshop.json --json"])
def test_output_that_cannot_be_written_is_no_bug(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gitpar", *words.split()],
            cwd=Path(__file__).parents[2] / "fixtures" / "plans",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=program_environment(),
        )
    assert done.returncode == 3
    assert done.stderr.startswith(
        "Error: the output or a file could not be written: No space left on device\n"
    )
    assert done.stderr.count("\n") == 2


def test_every_command_has_help_that_ends_in_its_exit_codes(shell: Shell) -> None:
    for name in COMMANDS:
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
        "from tests.ui.recorded import Recorded; from tests.ui.made import everything;"
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


def test_a_broken_plan_is_answered_once_in_json(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"tasks": [{"id": "a", "dependencies": ["b"]}]}')
    for words in (["plan", "plan.json"], ["run", "plan.json", "--dry-run"]):
        status, out, err = shell("-C", str(tmp_path), *words, "--json")
        assert status == 2
        assert "depends on `b`, which is not in the plan" in err
        assert set(json.loads(out)) >= ({"problems"} if words[0] == "plan" else {"error"})


def test_run_dry_run_shows_what_plan_shows(shell: Shell, tmp_path: Path) -> None:
    tasks = [{"id": "a", "command": "true"}, {"id": "b", "command": "true", "dependencies": ["a"]}]
    (tmp_path / "plan.json").write_text(json.dumps({"tasks": tasks}))
    for more in ((), ("--json",), ("--jobs", "7")):
        planned = shell("-C", str(tmp_path), "plan", "plan.json", *more)
        assert shell("-C", str(tmp_path), "run", "plan.json", "--dry-run", *more) == planned
        assert planned[0] == 0
        assert planned[1]


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
                choices=Choices(tag="t", format="taskmaster", missing=MissingDependency.WARN),
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
