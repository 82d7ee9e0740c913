"""Files that are no plans: each is refused quickly, with its place and what to do."""

from __future__ import annotations

import json
import random
import string
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.reading import read_plans
from tests.support.plan_reading import Complaints, ReadPlan

UNKNOWN = (
    "Recognised are: task-master `tasks.json` (flat, a bare list or tagged), agent-os `tasks.json`, "
    "Markdown with a table that has a Status column or with check boxes that have ids (ralph, spec-kit), "
    "and gitpar's own plans as JSON, YAML or TOML (a list `tasks`, each with an `id`)"
)
HELP = "A plan is a list of tasks: gitpar plan --help"


def refused(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        read_plans([path])
    return [str(one).replace(str(path), "F") for one in caught.value.problems] + list(caught.value.hints)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ["`F`: the file is empty", HELP]),
        (b" \n\n", ["`F`: the file is empty", HELP]),
        (b"\xff\xfe{\x00", ["`F`: is written in UTF-16", "Save it as UTF-8"]),
        (b'{\n"a": "\xe9"}', ["`F` line 2: column 7: byte 0xe9 is not valid UTF-8", "Save it as UTF-8"]),
        (
            b'{"tasks": [\n  {"id": 1},\n]}',
            ["`F` line 2: column 12: not valid JSON: a comma before `]` is one too many"],
        ),
        (
            b"tasks:\n- id: a\n   x: b\n",
            ["`F` line 3: column 5: not valid YAML: mapping values are not allowed here"],
        ),
        (b'[[tasks]]\nid = "a\n', ["`F` line 2: column 8: not valid TOML: illegal character '\\n'"]),
        (b"# Tasks\n\n- [ ] Do it\n", ["`F`: is not a plan that gitpar can read", UNKNOWN]),
        (b"hello", ["`F`: is not a plan that gitpar can read", UNKNOWN]),
        (b"{}", ["`F`: is not a plan that gitpar can read", UNKNOWN]),
        (b"[]", ["`F` line 1: has no tasks in it"]),
        (b"[1, 2]", ["`F`: is not a plan that gitpar can read", UNKNOWN]),
        (b'{"tasks": 5}', ["`F`: is not a plan that gitpar can read", UNKNOWN]),
        (b'{"tasks": []}', ["`F` line 1: has no tasks in it"]),
        (b"tasks: []\n", ["`F` line 1: has no tasks in it"]),
        (b'{"master": {"tasks": []}}', ["`F` line 1: has no tasks in it"]),
        (
            b'[{"id": NaN, "command": "x"}]',
            ["`F` line 1: column 9: not valid JSON: expected a value, found `NaN`"],
        ),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused_with_its_place(tmp_path: Path, content: bytes, said: list[str]) -> None:
    assert refused(tmp_path / "F", content) == said


def test_a_folder_and_a_missing_file_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d").mkdir()
    with pytest.raises(PlanError) as caught:
        read_plans([Path("d"), Path("f")])
    assert str(caught.value) == (
        "`d`: is a folder, not a plan file\n`f`: cannot be read: No such file or directory"
    )
    assert caught.value.hints == ("Name the file: gitpar plan d/tasks.json",)


def test_hopeless_ids_are_all_named(complaints: Complaints) -> None:
    ids = ["", "..", "-x", "a.lock", "a\tb", "é" * 101, "ok", "OK", "a b:c?/d"]
    rows = [{"id": name, "command": "true"} for name in ids]
    assert [line.split(": ", 1)[1] for line in complaints(rows)[:-2]] == [
        "task id '' is empty ([0])",
        "task id '..' has `..` in it ([1])",
        "task id '-x' starts with a dash ([2])",
        "task id 'a.lock' ends with `.lock` ([3])",
        "task id 'a\\tb' has a control character or broken text in it ([4])",
        f"task id '{'é' * 101}' is longer than 200 bytes ([5])",
        "task id `OK` differs only by case from `ok` in `plan` line 26 ([7])",
    ]


def test_everything_wrong_is_reported_at_once(complaints: Complaints) -> None:
    text = """\
        tasks:
          - {id: a, depends_on: [a, x]}
          - {id: a}
          - {command: make}
        """
    assert complaints(text) == [
        "`plan` line 4: a task without an `id` (tasks[2])",
        "`plan` line 2: task `a` depends on itself (tasks[0].depends_on[0])",
        "`plan` line 2: task `a` depends on `x`, which is not in the plan (tasks[0].depends_on[1])",
        "`plan` line 3: task id `a` is used twice, first in `plan` line 2 (tasks[1])",
        "Give every task an id of its own",
        "Remove that dependency",
    ]


def test_a_circle_is_named_with_the_place_of_its_first_task(complaints: Complaints) -> None:
    text = """\
        tasks:
          - {id: x}
          - {id: a, depends_on: [b, x]}
          - {id: b, depends_on: a}
        """
    assert complaints(text) == [
        "`plan` line 3: the tasks wait for each other in a circle: `a` → `b` → `a` (tasks[1])",
        "Remove one of these dependencies",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"tasks": [{"id": "a",\n "command": "x",\n "command": "y"}]}',
        "tasks:\n- id: a\n  command: x\n  command: y\n",
    ],
)
def test_a_key_that_stands_twice_is_a_warning(read_plan: ReadPlan, text: str) -> None:
    plan = read_plan(text)
    [warning] = plan.warnings
    assert warning.message == "the key `command` stands here for the second time; this one counts"
    assert warning.line == text.rstrip().count("\n") + 1
    assert next(iter(plan.graph)).command == "y"


GARBAGE = {
    "random": "".join(random.Random(1).choices(string.printable, k=1_000_000)),
    "open brackets": "[" * 1_000_000,
    "open braces": '{"tasks":' * 110_000,
    "quotes": '["' + "a\\" * 500_000,
    "yaml lists": "tasks:\n" + "- " * 500_000,
    "yaml flow": "tasks: " + "[ " * 500_000,
    "yaml words": "tasks:\n" + "x y z\n" * 160_000,
    "toml arrays": "tasks = " + "[" * 1_000_000,
    "toml text": 'tasks = """' + 'a"b' * 330_000,
    "commas": '{"tasks": [' + "," * 1_000_000,
    "spaces": "[" + " " * 1_000_000,
    "hashes": "#\n" * 500_000,
    "dotted": "a." * 500_000 + "=1",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_megabyte_of_garbage_is_refused_within_two_seconds(tmp_path: Path, name: str) -> None:
    began = time.process_time()
    refused(tmp_path / "F", GARBAGE[name].encode())
    assert time.process_time() - began < 2


WORDS = [
    *("tasks", "id", "title", "status", "dependencies", "subtasks", "parent", "parallelization", "wave"),
    *("blocked_by", "blocks", "execution_strategy", "waves", "wave_id", "mode", "depends_on", "task_type"),
    *("computed", "depth", "files", "path", "env", "relevantFiles", "master", "command", "timeout_s"),
    *("retries", "jobs", "strategy", "type", "estimate_s", "parallel", "label", "config", "notes"),
]


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_plan_or_a_plan_error(content: bytes) -> None:
    read_any(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda below: (
            st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(WORDS), below, max_size=6)
        ),
        max_leaves=30,
    ),
    st.sampled_from(["agent-os", "taskmaster", "gitpar", None]),
)
def test_any_json_is_a_plan_or_a_plan_error(value: object, name: str | None) -> None:
    read_any(json.dumps(value).encode(), name)


def read_any(content: bytes, name: str | None = None) -> None:
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(content)
        stream.flush()
        try:
            plan = read_plans([Path(stream.name)], Choices(format=name))
        except PlanError as error:
            assert error.problems  # noqa: PT017 - either way is right
        else:
            assert len(plan.graph)
