"""gitpar's own plans in three syntaxes, and whose plan a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gitpar.core.graph import Scope
from gitpar.core.settings import Strategy
from gitpar.errors import PlanError, UsageError
from gitpar.plans.model import PlanSettings
from gitpar.plans.reading import read_plans
from tests.support.plan_reading import Complaints, ReadPlan

JSON = """\
{"jobs": 2, "strategy": "squash", "base": "main", "verify": "make test", "retries": 2, "timeout_s": 60,
 "tasks": [
  {"id": "a", "title": "First", "command": "make a", "files": ["a.py"], "env": {"A": "1", "B": 2},
   "estimate_s": 90},
  {"id": 1.10, "prompt": "Do it.", "depends_on": ["a"], "files": {"create": ["n.py"], "read": ["a.py"]},
   "agent": "claude", "verify": "make b", "timeout_s": 5.5, "retries": 0, "stream": "s",
   "duration_minutes": 2}]}
"""
YAML = """\
# a plan
jobs: 2
strategy: squash
base: main
verify: make test
retries: 2
timeout_s: 60
tasks:
  - id: a   # the first
    title: First
    command: make a
    files: [a.py]
    env: {A: "1", B: 2}
    estimate_s: 90
  - id: 1.10
    prompt: Do it.
    depends_on: a
    files:
      create: n.py
      read:
        - a.py
    agent: claude
    verify: make b
    timeout_s: 5.5
    retries: 0
    stream: s
    duration_minutes: 2
"""
TOML = """\
jobs = 2
strategy = "squash"
base = "main"
verify = "make test"
retries = 2
timeout_s = 60

[[tasks]]
id = "a"
title = "First"
command = "make a"
files = ["a.py"]
env = {A = "1", B = 2}
estimate_s = 90

[[tasks]]
id = 1.10
prompt = "Do it."
depends_on = ["a"]
agent = "claude"
verify = "make b"
timeout_s = 5.5
retries = 0
stream = "s"
duration_minutes = 2
[tasks.files]
create = ["n.py"]
read = ["a.py"]
"""


@pytest.mark.parametrize(("text", "line"), [(JSON, 5), (YAML, 15), (TOML, 16)], ids=["JSON", "YAML", "TOML"])
def test_three_syntaxes_give_the_same_plan(read_plan: ReadPlan, text: str, line: int) -> None:
    plan = read_plan(text)
    assert (plan.format, plan.warnings, plan.graph.waves) == ("gitpar", (), (("a",), ("1.10",)))
    assert plan.settings == PlanSettings(
        jobs=2, base="main", strategy=Strategy.SQUASH, verify="make test", retries=2, timeout_s=60.0
    )
    first, second = plan.graph
    assert (first.title, first.command, first.estimate_s) == ("First", "make a", 90.0)
    assert (first.env, first.scope) == ((("A", "1"), ("B", "2")), Scope(modify=("a.py",)))
    assert (second.title, second.prompt, second.command) == ("1.10", "Do it.", None)
    assert (second.agent, second.verify, second.timeout_s, second.retries) == ("claude", "make b", 5.5, 0)
    assert (second.stream, second.estimate_s, second.source.line) == ("s", 120.0, line)
    assert second.scope == Scope(create=("n.py",), read=("a.py",))


def test_crlf_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    for text in (JSON, YAML, TOML):
        path = tmp_path / "plan"
        path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        assert read_plans([path]).graph.waves == (("a",), ("1.10",))


def test_an_unknown_key_is_a_warning_that_names_the_nearest(read_plan: ReadPlan) -> None:
    plan = read_plan(
        """\
        stategy: merge
        tasks:
          - id: a
            comand: make
            description: words
            zzz: 1
            files: {modifies: x}
          - id: b
            dependencies: [a]
            on_conflict: hold
        """
    )
    assert [f"{one} {one.hint}".strip() for one in plan.warnings] == [
        "`plan` line 1: unknown key `stategy` (stategy) Did you mean `strategy`?",
        "`plan` line 4: unknown key `comand` (tasks[0].comand) Did you mean `command`?",
        "`plan` line 5: unknown key `description` (tasks[0].description) Did you mean `prompt`?",
        "`plan` line 6: unknown key `zzz` (tasks[0].zzz)",
        "`plan` line 7: unknown key `modifies` (tasks[0].files.modifies) Did you mean `modify`?",
        "`plan` line 10: `on_conflict` is not yet acted on by this version (tasks[1].on_conflict)",
        "`plan` line 9: `dependencies` is read as `depends_on` (tasks[1].dependencies) Write `depends_on`",
    ]
    assert plan.graph.waves == (("a",), ("b",))


def test_values_of_the_wrong_type_are_all_named(complaints: Complaints) -> None:
    text = """\
        jobs: 0
        strategy: octopus
        timeout_s: .inf
        retries: -1
        tasks:
          - id: a
            command: [make]
            timeout_s: soon
            env: [A]
            retries: 1.5
            depends_on: {b: c}
            files: {create: {x: y}}
        """
    assert complaints(text) == [
        "`plan` line 1: expected a whole number from 1 to 1,000,000, found `0` (jobs)",
        "`plan` line 4: expected a whole number from 0 to 1,000,000, found `-1` (retries)",
        "`plan` line 3: expected a number, found `.inf` (timeout_s)",
        "`plan` line 2: the strategy `octopus` is not known (strategy)",
        "`plan` line 12: expected a list of texts, found a mapping (tasks[0].files.create)",
        "`plan` line 7: expected text, found a list (tasks[0].command)",
        "`plan` line 8: expected a number, found `soon` (tasks[0].timeout_s)",
        "`plan` line 10: expected a whole number from 0 to 1,000,000, found `1.5` (tasks[0].retries)",
        "`plan` line 9: expected a mapping of variables, found a list (tasks[0].env)",
        "`plan` line 11: expected an id (text or a number), found a mapping (tasks[0].depends_on)",
        "Known are merge, rebase, squash",
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({"tasks": [{"id": 1, "title": "x", "dependencies": [], "command": "make"}]}, "taskmaster"),
        ({"tasks": [{"id": "a", "command": "make"}]}, "gitpar"),
        ([{"id": "a", "command": "make"}], "gitpar"),
        ({"jobs": 2, "tasks": [{"id": "a", "description": "x", "command": "make"}]}, "gitpar"),
        ({"tasks": [{"id": "a", "details": "x", "prompt": "y"}]}, "gitpar"),
        ({"tasks": [{"id": "a", "title": "x", "priority": "high"}]}, "taskmaster"),
        ({"tasks": [{"id": "a", "task_type": "discovery", "depends_on": []}]}, "agent-os"),
        ("tasks:\n- {id: a, details: x}\n", "gitpar"),
        ("- id: a\n  command: make\n", "gitpar"),
    ],
)
def test_a_plan_is_recognised_by_what_is_in_it(read_plan: ReadPlan, content: Any, name: str) -> None:
    assert read_plan(content).format == name


def test_a_format_can_be_named(read_plan: ReadPlan) -> None:
    assert read_plan([{"id": "a"}], format="taskmaster").format == "taskmaster"
    with pytest.raises(UsageError, match="`jira` is not a plan format"):
        read_plan([{"id": "a"}], format="jira")


def test_several_files_are_one_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text("jobs: 3\ntasks:\n- id: a\n")
    Path("two.json").write_text('{"jobs": 5, "base": "x", "tasks": [{"id": "b", "depends_on": ["a"]}]}')
    Path("three.json").write_text('{"tasks": [{"id": 1, "dependencies": []}]}')
    plan = read_plans([Path("one.yaml"), Path("two.json"), Path("three.json")])
    assert (plan.paths, plan.format) == (("one.yaml", "two.json", "three.json"), "gitpar+taskmaster")
    assert plan.graph.waves == (("a", "1"), ("b",))
    assert (plan.settings.jobs, plan.settings.base) == (3, "x")
    with pytest.raises(PlanError) as caught:
        read_plans([Path("two.json"), Path("one.yaml"), Path("one.yaml"), Path("none.yaml")])
    assert str(caught.value) == (
        "`one.yaml`: is named twice\n`none.yaml`: cannot be read: No such file or directory"
    )


def test_the_mode_says_how_much_runs_at_once(read_plan: ReadPlan) -> None:
    def waves(mode: str) -> tuple[tuple[str, ...], ...]:
        rows = [{"id": "a", "wave": 2}, {"id": "b", "wave": 1}, {"id": "c"}, {"id": "d", "depends_on": ["c"]}]
        return read_plan({"mode": mode, "jobs": 2, "tasks": rows}).graph.waves

    assert waves("parallel_waves") == (("b", "c"), ("a", "d"))
    assert waves("fully_parallel") == (("a", "b", "c"), ("d",))
    assert waves("sequential") == (("c",), ("b",), ("a",), ("d",))
    [warning] = read_plan({"mode": "fully parallel", "jobs": 1, "tasks": [{"id": "a"}]}).warnings
    assert (warning.message, warning.hint) == (
        "the mode `fully parallel` is not known; read as parallel_waves",
        "Did you mean `fully_parallel`?",
    )
