"""Several plan files in one run: streams, ids that collide, statuses written to the right file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitpar.core.graph import Task
from gitpar.errors import PlanError
from gitpar.plans.model import Plan
from gitpar.plans.reading import read_plans
from gitpar.plans.several import labels

TABLE = """\
| Task | Name | Status |
|------|------|--------|
| T1 | Lay the ground | TASK:PENDING |
| T2 | Build | TASK:PENDING |
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def made(**files: object) -> list[Path]:
    paths = []
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps({"tasks": content})
        path = Path(name + (".md" if isinstance(content, str) else ".json"))
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def task(task_id: str, *after: str, **more: object) -> dict[str, object]:
    return {"id": task_id, "title": task_id, "command": "true", "depends_on": list(after), **more}


def shown(plan: Plan) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    return {t.id: (t.stream, t.depends_on) for t in plan.graph}


def test_only_ids_that_collide_are_qualified_by_their_file() -> None:
    plan = read_plans(made(api=TABLE, ui=[task("T1"), task("U2", "T1")]))
    assert shown(plan) == {
        "T1@api": ("api", ()),
        "T2": ("api", ("T1@api",)),
        "T1@ui": ("ui", ()),
        "U2": ("ui", ("T1@ui",)),
    }
    assert plan.graph.waves == (("T1@api", "T1@ui"), ("T2", "U2"))
    assert plan.format == "markdown-plan+gitpar"


def test_ids_that_differ_only_by_case_collide_too() -> None:
    plan = read_plans(made(a=[task("Fix")], b=[task("fix")]))
    assert list(shown(plan)) == ["Fix@a", "fix@b"]


def test_the_files_own_id_is_kept_for_write_back() -> None:
    plan = read_plans(made(a=[task("x")], b=[task("x"), task("y")]))

    def own(found: Task) -> tuple[str, str]:
        return found.source.file, found.source.own_id

    assert [own(found) for found in plan.graph] == [("a.json", "x"), ("b.json", "x"), ("b.json", "")]


def test_one_file_is_no_stream_and_a_tasks_own_stream_comes_first() -> None:
    (alone,) = made(a=[task("x")])
    assert shown(read_plans([alone])) == {"x": (None, ())}
    plan = read_plans(made(a=[task("x", stream="night")], b=[task("y")]))
    assert shown(plan) == {"x": ("night", ()), "y": ("b", ())}


def test_dependencies_reach_over_files_by_plain_and_by_qualified_ids() -> None:
    plan = read_plans(made(a=[task("x"), task("a1")], b=[task("x"), task("y", "a1", "x@a", "x")]))
    assert shown(plan)["y"] == ("b", ("a1", "x@a", "x@b"))


def test_an_id_that_two_other_files_have_is_not_guessed() -> None:
    with pytest.raises(PlanError) as caught:
        read_plans(made(a=[task("build")], b=[task("build")], c=[task("z", "build")]))
    (problem,) = caught.value.problems
    assert (
        str(problem)
        == "`c.json` line 1: task `z` depends on `build`, which is not in the plan (tasks[0].depends_on[0])"
    )
    assert problem.hint == "Did you mean `build@b`?"


def test_what_stands_for_a_task_stays_in_its_file() -> None:
    taskmaster = {
        "id": 1,
        "title": "One",
        "details": "d",
        "status": "pending",
        "dependencies": [],
        "subtasks": [{"id": 1, "title": "Sub", "status": "pending", "dependencies": []}],
    }
    later = {**taskmaster, "id": 2, "dependencies": ["1.1"], "subtasks": []}
    plan = read_plans(made(a=[taskmaster, later], b=[task("1.1")]))
    assert {name: after for name, (_, after) in shown(plan).items()} == {"1": (), "2": ("1",), "1.1@b": ()}


def test_a_file_is_named_once() -> None:
    (path,) = made(a=[task("x")])
    with pytest.raises(PlanError) as caught:
        read_plans([path, Path("sub") / ".." / "a.json"])
    (problem,) = caught.value.problems
    assert problem.message == "is named twice"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("a.md", "b.json"), ["a", "b"]),
        (("specs/auth/tasks.md", "specs/search/tasks.md"), ["auth", "search"]),
        (("plan.md", "plan.json"), ["plan.md", "plan.json"]),
        (("x/a/t.md", "x/b/t.md", "x/b/u.md"), ["a/t", "b/t", "b/u"]),
        (("x/a/t.md", "y/a/t.md"), ["x/a/t.md", "y/a/t.md"]),
        (("a..b.md", "-c.md"), ["a.b", "c"]),
    ],
)
def test_files_are_called_by_what_tells_them_apart(files: tuple[str, ...], expected: list[str]) -> None:
    assert labels(files) == expected
