"""Streams as a user types them: real program, real git, real workers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.cli import gitpar
from tests.support.plans import run_json, show, states, tip, write_plan
from tests.support.sealed import git

TABLE = """\
# Plan

| Task | Stream | Name | Status |
|------|--------|------|--------|
| T1 | api | Lay the ground | TASK:PENDING |
| T2 | ui | Draw | TASK:PENDING |
| T3 | api | Build | TASK:PENDING |
"""
SETTINGS = """\
[streams.API]
jobs = 1
account = "team-a"
env = { KEY = "a b" }
agent-command = 'echo "$GITPAR_STREAM $GITPAR_ACCOUNT $KEY" > "$GITPAR_TASK.api"'
[streams.ui]
agent-command = 'echo "$GITPAR_STREAM ${GITPAR_ACCOUNT-none} ${KEY-none}" > "$GITPAR_TASK.ui"'
"""


def test_each_stream_has_its_own_command_environment_account_and_jobs(repo: Path) -> None:
    (repo / "gitpar.toml").write_text(SETTINGS, encoding="utf-8")
    (repo / "plan.md").write_text(TABLE, encoding="utf-8")
    run = run_json(repo, Path("plan.md"))
    assert states(run) == {"T1": "landed", "T2": "landed", "T3": "landed"}
    assert [level["tasks"] for level in run["levels"]] == [["T1", "T2"], ["T3"]]
    assert show(repo, tip(run), "T1.api") == show(repo, tip(run), "T3.api") == "api team-a a b"
    assert show(repo, tip(run), "T2.ui") == "ui none none"
    assert run["streams"] == [
        {"name": "api", "jobs": 1, "account": "team-a", "tasks": ["T1", "T3"], "states": {"landed": 2}},
        {"name": "ui", "jobs": None, "account": None, "tasks": ["T2"], "states": {"landed": 1}},
    ]
    shown = gitpar("status", cwd=repo).stdout
    rows = [line.split() for line in shown.partition("Streams\n")[2].splitlines()]
    assert rows[0] == ["Stream", "Landed", "At", "once", "Account"]
    assert rows[2:4] == [["api", "2", "of", "2", "1", "team-a"], ["ui", "1", "of", "1"]]


def test_limits_of_a_stream_hold_through_a_kill_and_a_resume_without_the_settings(
    repo: Path, tmp_path: Path
) -> None:
    """The lock folder can be made by one worker at a time only."""
    alone = "mkdir {0}/lock || exit 9; echo $GITPAR_TASK > $GITPAR_TASK; sleep 0.05; rmdir {0}/lock"
    tasks = {f"t{n}": {"command": alone.format(tmp_path), "stream": "db"} for n in range(4)}
    plan = write_plan(tmp_path / "plan.json", tasks, retries=0)
    (repo / "gitpar.toml").write_text("[streams.db]\njobs = 1\n", encoding="utf-8")
    killed = gitpar("run", plan, cwd=repo, env={"GITPAR_FAULT": "worker.ended:2:kill"})
    assert killed.status == -9
    (repo / "gitpar.toml").unlink()
    if (tmp_path / "lock").is_dir():
        (tmp_path / "lock").rmdir()
    done = gitpar("resume", "--json", cwd=repo)
    assert done.status == 0, done.stderr
    run = json.loads(done.stdout)
    assert set(states(run).values()) == {"landed"}
    assert run["metrics"]["max_concurrent"] == 1


def test_several_files_are_streams_of_one_run_and_statuses_go_home(repo: Path) -> None:
    for name in ("auth", "search"):
        (repo / name).mkdir()
        text = TABLE.replace("Stream | ", "").replace("--------|", "", 1)
        text = text.replace("| api ", "").replace("| ui ", "")
        (repo / name / "tasks.md").write_text(text, encoding="utf-8")
    command = 'mkdir -p "$GITPAR_STREAM" && date > "$GITPAR_STREAM/${GITPAR_TASK%@*}"'
    run = run_json(repo, Path("auth/tasks.md"), "search/tasks.md", "--agent-command", command, "--write-back")
    assert [task["id"] for task in run["tasks"]] == [
        *("T1@auth", "T2@auth", "T3@auth"),
        *("T1@search", "T2@search", "T3@search"),
    ]
    assert [(stream["name"], stream["states"]) for stream in run["streams"]] == [
        ("auth", {"landed": 3}),
        ("search", {"landed": 3}),
    ]
    files = git(repo, "ls-tree", "-r", "--name-only", tip(run)).split()
    assert files == ["README.md", "auth/T1", "auth/T2", "auth/T3", "search/T1", "search/T2", "search/T3"]
    for name in ("auth", "search"):
        assert (repo / name / "tasks.md").read_text().count("TASK:COMPLETE") == 3


def test_one_stream_is_run_alone_and_the_plan_shows_just_that(repo: Path) -> None:
    (repo / "plan.md").write_text(TABLE, encoding="utf-8")
    shown = json.loads(gitpar("plan", "plan.md", "--stream", "UI", "--json", cwd=repo).stdout)
    assert shown["waves"] == [["T2"]]
    run = run_json(repo, Path("plan.md"), "--stream", "UI", "--agent-command", "date > $GITPAR_TASK")
    assert states(run) == {"T1": "skipped", "T2": "landed", "T3": "skipped"}
    wrong = gitpar("run", "plan.md", "--stream", "apis", cwd=repo)
    assert wrong.status == 2
    assert wrong.stderr == "Error: `--stream apis`: the plan has no such stream\nHint: Did you mean `api`?\n"


def test_streams_one_after_another(repo: Path) -> None:
    (repo / "plan.md").write_text(TABLE, encoding="utf-8")
    options = ("plan.md", "--no-parallel-streams")
    shown = json.loads(gitpar("plan", *options, "--json", cwd=repo).stdout)
    assert shown["waves"] == [["T1"], ["T3"], ["T2"]]
    run = run_json(repo, Path(options[0]), options[1], "--agent-command", "date > $GITPAR_TASK")
    assert [level["tasks"] for level in run["levels"]] == shown["waves"]
    assert run["metrics"]["max_concurrent"] == 1
