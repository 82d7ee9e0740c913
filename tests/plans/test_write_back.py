"""Statuses written back: the status changes, and not one other byte."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitpar.core.names import TaskId
from gitpar.errors import EnvironmentFault
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import tag_of, write_status

LANDED = TaskEnd(outcome=Outcome.LANDED)


def written(path: Path, text: str, ends: dict[str, Outcome], **options: Any) -> str:
    path.write_bytes(text.encode())
    found = {TaskId(name): TaskEnd(outcome=outcome) for name, outcome in ends.items()}
    assert write_status(path, found, Choices(**options)) == ()
    return path.read_bytes().decode()


def test_taskmaster_gets_done_and_blocked(tmp_path: Path) -> None:
    text = (
        '{"x": {"tasks": [{"id": 1, "status": "keep"}]},\r\n "master": {"tasks": [\r\n'
        '\t{"id": 1, "title": "\\u00e9 \\"status\\": \\"pending\\"", "status" : "pending"  ,'
        ' "dependencies":[]},\r\n'
        '\t{"id": "2", "status": "in-progress", "subtasks": [{"id": 1, "status": "pending"}]},\r\n'
        '\t{"id": 3, "status": "pending"}, {"id": 4, "status": "pending"},{"id":5}]}}'
    )
    ends = {
        "1": Outcome.LANDED,
        "2": Outcome.FAILED,
        "3": Outcome.HELD,
        "4": Outcome.BLOCKED,
        "5": Outcome.LANDED,
    }
    assert written(tmp_path / "t", text, ends) == (
        text.replace('"status" : "pending"', '"status" : "done"')
        .replace('"in-progress"', '"blocked"')
        .replace('3, "status": "pending"', '3, "status": "blocked"')
        .replace('{"id":5}', '{"id":5,"status":"done"}')
    )


def test_the_tag_that_was_run_is_the_one_written(tmp_path: Path) -> None:
    text = (
        '{"a": {"tasks": [{"id": 1, "status": "pending"}]}, "b": {"tasks": [{"id": 1, "status": "pending"}]}}'
    )
    path = tmp_path / "t"
    path.write_text(text)
    task = read_plans([path], Choices(tag="b")).graph[TaskId("1")]
    assert tag_of(task) == "b"
    after = written(path, text, {"1": Outcome.LANDED}, tag=tag_of(task))
    assert after == '"done"'.join(text.rsplit('"pending"', 1))
    path.write_text('{"tasks": [{"id": 1, "details": "x"}]}')
    assert tag_of(read_plans([path]).graph[TaskId("1")]) is None


AGENT_OS = """\
{
  "execution_strategy": {"mode": "parallel_waves"},
  "tasks": [
    {
      "id": "1",
      "status": "pending",
      "completed_at": null,
      "attempts": 0
    },
    {
      "id": "2",
      "status": "in_progress",
      "blocker": null,
      "duration_minutes": 4
    },
    {"id": "3", "status": "pending", "blocker": "old"}
  ]
}
"""


def test_agent_os_gets_what_it_keeps_beside_the_status(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(AGENT_OS)
    ends = {
        TaskId("1"): TaskEnd(outcome=Outcome.LANDED, ended_at=1_700_000_000, duration_s=130, attempts=2),
        TaskId("2"): TaskEnd(outcome=Outcome.HELD, duration_s=29, reason="conflicts\nwith `1`"),
        TaskId("3"): TaskEnd(outcome=Outcome.LANDED),
    }
    assert write_status(path, ends) == ()
    wanted = AGENT_OS
    for old, new in [
        ('"pending",\n      "completed_at": null', '"pass",\n      "completed_at": "2023-11-14T22:13:20Z"'),
        ('"attempts": 0', '"attempts": 2,\n      "duration_minutes": 2'),
        ('"in_progress",\n      "blocker": null', '"blocked",\n      "blocker": "conflicts with `1`"'),
        ('"duration_minutes": 4', '"duration_minutes": 0'),
        ('"pending", "blocker": "old"', '"pass", "blocker": null'),
    ]:  # fmt: skip
        wanted = wanted.replace(old, new, 1)
    assert path.read_text() == wanted


YAML_PLAN = """\
# my plan
base: &d {status: pending}
tasks:
  - id: a      # first
    status: pending   # soon
  - {id: b, status: 'pending', command: "true"}
  - id: "c"   # no status
    command: |
      status: pending
  - status: "pending"
    id: d
  - {id: e}
  - id: f
    status:
  - <<: *d
    id: g
"""


def test_yaml_keeps_comments_quotes_and_order(tmp_path: Path) -> None:
    ends = dict.fromkeys("abcdefg", Outcome.LANDED) | {"b": Outcome.HELD}
    wanted = (
        YAML_PLAN.replace("status: pending   # soon", "status: done   # soon")
        .replace("'pending'", "'held'")
        .replace('id: "c"   # no status', 'id: "c"   # no status\n    status: done')
        .replace('"pending"', '"done"')
        .replace("{id: e}", "{id: e, status: done}")
        .replace(
            "status:\n  - <<: *d\n    id: g\n", "status: done\n  - <<: *d\n    id: g\n    status: done\n"
        )
    )
    assert written(tmp_path / "t", YAML_PLAN, ends) == wanted
    crlf = YAML_PLAN.replace("\n", "\r\n")
    assert written(tmp_path / "t", "\ufeff" + crlf, ends) == "\ufeff" + wanted.replace("\n", "\r\n")


TOML_PLAN = """\
# my plan
jobs = 2
[[tasks]]
  id = "a"  # first
  command = '''
status = "pending"
'''
  status = 'pending' # soon
[[tasks]]
id = "b"
[tasks.env]
status = "pending"
"""


def test_toml_keeps_comments_quotes_and_order(tmp_path: Path) -> None:
    wanted = TOML_PLAN.replace("'pending'", "'failed'").replace('id = "b"', 'id = "b"\nstatus = "blocked"')
    ends = {"a": Outcome.FAILED, "b": Outcome.BLOCKED}
    assert written(tmp_path / "t", TOML_PLAN, ends) == wanted
    text = 'tasks = [{id = "a", status = "pending"}, {id = "b"}]'
    assert written(tmp_path / "t", text, ends) == (
        'tasks = [{id = "a", status = "failed"}, {id = "b", status = "blocked"}]'
    )


NAMES = st.lists(
    st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=5),
    min_size=1,
    max_size=5,
    unique_by=str.casefold,
)
TITLES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


def as_yaml(value: Any) -> str:
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.dump(value, stream)
    return stream.getvalue()


DUMPS: dict[str, Callable[[Any], str]] = {
    "compact": lambda value: json.dumps(value, separators=(",", ":")),
    "wide": lambda value: json.dumps(value, indent=4, ensure_ascii=False),
    "yaml": as_yaml,
    "toml": tomlkit.dumps,
}


@pytest.mark.parametrize("style", sorted(DUMPS))
@given(names=NAMES, titles=st.lists(TITLES, min_size=5, max_size=5), data=st.data())
def test_the_byte_difference_is_exactly_the_status(
    tmp_path_factory: pytest.TempPathFactory, style: str, names: list[str], titles: list[str], data: Any
) -> None:
    chosen = data.draw(st.sampled_from(names))
    before, after = (
        DUMPS[style](
            {
                "base": "status: pending",
                "tasks": [
                    {"id": name, "status": done if name == chosen else "pending", "prompt": f"x{title}"}
                    for name, title in zip(names, titles, strict=False)
                ],
            }
        )
        for done in ("pending", "held")
    )
    path = tmp_path_factory.getbasetemp() / "plan"
    assert written(path, before, {chosen: Outcome.HELD}) == after


def test_a_file_that_changed_meanwhile_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('[{"id": "a", "prompt": "long ago", "status": "pending"}]')
    read_plans([path])
    path.write_text('[{"id": "new"}, {"id": "a", "status": "pending"}]')
    problems = write_status(path, {TaskId("a"): LANDED, TaskId("gone"): LANDED})
    assert path.read_text() == '[{"id": "new"}, {"id": "a", "status": "done"}]'
    assert [one.message for one in problems] == [
        "task `gone` is no longer in the file; its status was not written back"
    ]
    path.write_text("{")
    [problem] = write_status(path, {TaskId("a"): LANDED})
    assert problem.line == 1
    assert path.read_text() == "{"


def test_what_cannot_be_edited_in_place_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t"
    text = "x: &s pending\ntasks:\n- {id: a, status: *s}\n- {id: b, status: pending}\n"
    text += "- id: c\n  status: >\n    pending\n"
    path.write_text(text)
    problems = write_status(path, dict.fromkeys(map(TaskId, "abc"), LANDED))
    assert [one.message for one in problems] == [
        "task `a`: `status` is not a plain value; its status was not written back",
        "task `c`: `status` is not a plain value; its status was not written back",
    ]
    assert path.read_text() == text.replace("b, status: pending", "b, status: done")


def test_links_and_modes_stay_and_nothing_is_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    real = folder / "plan [1].json"
    real.write_text('[{"id": "a", "status": "pending"}]')
    real.chmod(0o640)
    (folder / ".plan [1].json.gitpar-999999999").write_text("left by one that was killed")
    link = tmp_path / "plan.json"
    link.symlink_to("real/plan [1].json")
    assert write_status(link, {TaskId("a"): LANDED}) == ()
    assert link.is_symlink()
    assert json.loads(real.read_text())[0]["status"] == "done"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert list(folder.iterdir()) == [real]


def test_nothing_to_change_leaves_the_very_file(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('[{"id": "a", "status": "done"}]')
    before = path.stat()
    assert write_status(path, {TaskId("a"): LANDED}) == ()
    assert path.stat() == before


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        write_status(tmp_path / "none", {TaskId("a"): LANDED})
    assert str(caught.value).endswith("statuses could not be written back: No such file or directory")


PROGRAM = """\
import sys
from collections.abc import Callable
from pathlib import Path
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.write_back import write_status
write_status(Path(sys.argv[1]), {"a": TaskEnd(outcome=Outcome.LANDED)})
"""


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        ("write-back.write:1:kill", -9, "pending"),
        ("write-back.written:1:kill", -9, "done"),
        ("write-back.write:1:enospc", 1, "pending"),
    ],
)
def test_a_crash_leaves_the_old_file_or_the_new(tmp_path: Path, fault: str, code: int, status: str) -> None:
    path = tmp_path / "t"
    path.write_text('[{"id": "a", "status": "pending"}]')
    environment = {**os.environ, "GITPAR_FAULT": fault}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], env=environment, check=False, capture_output=True
    )
    assert done.returncode == code
    assert path.read_text() == f'[{{"id": "a", "status": "{status}"}}]'
    assert list(tmp_path.iterdir()) == [path]
    if code == 1:
        assert b"EnvironmentFault: " in done.stderr
