"""Boxes ticked and status words changed in Markdown: the byte difference is exactly that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.core.graph import TaskStatus
from gitpar.core.names import TaskId
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import write_status

AT = 1_700_000_000.0


def written(path: Path, text: str, ends: dict[str, Outcome]) -> str:
    path.write_bytes(text.encode())
    found = {TaskId(name): TaskEnd(outcome=outcome, ended_at=AT) for name, outcome in ends.items()}
    assert write_status(path, found) == ()
    return path.read_bytes().decode()


TABLE = (
    "\ufeff# Plan\r\n\r\n| Task | Name | Status   | Date       |  \r\n|---|---|---|---|\r\n"
    "| T1 | a `x` | TASK:PENDING (dep: none) | |\r\n"
    "| T2 | b | `TASK:IN_PROGRESS` — half  |            |\r\n"
    "| T3 | c | TASK:PENDING | — | extra |\r\n"
    "| T4 | d | TASK:PENDING | soon |\r\n"
    "\r\n## Task T1: a\r\n**Status**: TASK:PENDING\t\r\n"
)


def test_status_words_change_tails_stay_and_empty_dates_are_filled(tmp_path: Path) -> None:
    ends = {"T1": Outcome.LANDED, "T2": Outcome.LANDED, "T3": Outcome.FAILED, "T4": Outcome.LANDED}
    wanted = (
        TABLE.replace(
            "| T1 | a `x` | TASK:PENDING (dep: none) | |",
            "| T1 | a `x` | TASK:COMPLETE (dep: none) | 2023-11-14 |",
        )
        .replace("`TASK:IN_PROGRESS` — half  |            |", "`TASK:COMPLETE` — half  | 2023-11-14 |")
        .replace("| c | TASK:PENDING", "| c | TASK:BLOCKED")
        .replace("| d | TASK:PENDING", "| d | TASK:COMPLETE")
        .replace("**Status**: TASK:PENDING", "**Status**: TASK:COMPLETE")
    )
    assert written(tmp_path / "p", TABLE, ends) == wanted
    assert written(tmp_path / "p", TABLE, {"T1": Outcome.BLOCKED}) == TABLE


@pytest.mark.parametrize(
    ("before", "landed", "failed"),
    [
        ("PENDING", "COMPLETE", "BLOCKED"),
        ("Pending", "Complete", "Blocked"),
        ("In progress", "Complete", "Blocked"),
        ("todo", "done", "blocked"),
        ("⬜ Pending", "✅ Complete", "❌ Blocked"),
        ("⬜", "✅", "❌"),
        ("[ ]", "[x]", "[ ]"),
        ("**Pending** soon", "**Complete** soon", "**Blocked** soon"),
        ("✅ Done", "✅ Done", "❌ Blocked"),
    ],
)
def test_plain_words_keep_their_style(tmp_path: Path, before: str, landed: str, failed: str) -> None:
    text = f"| ID | Task | Status |\n|--|--|--|\n| T1 | a | {before} |\n"
    assert written(tmp_path / "p", text, {"T1": Outcome.LANDED}) == text.replace(before, landed)
    assert written(tmp_path / "p", text, {"T1": Outcome.FAILED}) == text.replace(before, failed)


def test_a_status_in_a_section_is_written_there(tmp_path: Path) -> None:
    text = "### T1: One (`TASK:PENDING`)\n\n### T2: Two\n**Status**: TASK:PENDING (x)\n"
    ends = {"T1": Outcome.LANDED, "T2": Outcome.HELD}
    assert written(tmp_path / "p", text, ends) == (
        "### T1: One (`TASK:COMPLETE`)\n\n### T2: Two\n**Status**: TASK:BLOCKED (x)\n"
    )


def test_boxes_are_ticked_and_nothing_else(tmp_path: Path) -> None:
    text = "- [ ] 1.1 a  \r\n  - [ ] step\r\n* [] 1.2 b\n- [-] 1.3 c [ ] d\n- [X] 1.4 d\n"
    text += "- [ ] 1.5 e\n- [ ] 1.1 f"
    ends = dict.fromkeys(("1.1", "1.2", "1.3", "1.4", "1.1-2"), Outcome.LANDED) | {"1.5": Outcome.FAILED}
    assert written(tmp_path / "p", text, ends) == (
        "- [x] 1.1 a  \r\n  - [ ] step\r\n* [x] 1.2 b\n- [x] 1.3 c [ ] d\n- [X] 1.4 d\n"
        "- [ ] 1.5 e\n- [x] 1.1 f"
    )


@pytest.mark.parametrize(
    ("text", "landed", "failed"),
    [
        # a section of its own says it too: both change
        (
            "| ID | Status |\n|--|--|\n| T1 | Pending |\n\n## T1: a\n- **Status**: Pending, since May\n",
            ("Pending", "Complete"),
            ("Pending", "Blocked"),
        ),
        (
            "| ID | Status |\n|--|--|\n| T1 | TASK:PENDING |\n\n## T1: a\n\n| Status | TASK:PENDING (x) |\n",
            ("PENDING", "COMPLETE"),
            ("PENDING", "BLOCKED"),
        ),
        # the table has no status, the section does
        (
            "| Task ID | Name |\n|--|--|\n| T1 | a |\n\n### T1: a\n**Status**: ⬜ Todo\n",
            ("⬜ Todo", "✅ Done"),
            ("⬜ Todo", "❌ Blocked"),
        ),
        # headings and paragraphs without a box
        ("### Task 1.1: a  \r\n**Do**: x\r\n", ("1.1: a", "1.1: a ✅"), ("", "")),
        (
            "### T001: a\n**Status**: Todo\n\n### T002: b\n",
            ("Status**: Todo", "Status**: Done"),
            ("Status**: Todo", "Status**: Blocked"),
        ),
        (
            "### Task 1.1: a\n**Do**: x\n- [ ] one\n- [x] two\n",
            ("Task 1.1: a", "Task 1.1: a ✅"),
            ("", ""),
        ),
        (
            "**T001** a `x`\n\n**T002** b\n\n**T003** c\n",
            ("**T001** a `x`", "**T001** a `x` ✅"),
            ("", ""),
        ),
        ("### [x] T002: b\n\n### T001: a\n\nText.\n", ("T001: a", "T001: a ✅"), ("", "")),
    ],
)
def test_statuses_outside_of_rows_and_boxes_are_written_where_they_are_read(
    tmp_path: Path, text: str, landed: tuple[str, str], failed: tuple[str, str]
) -> None:
    path = tmp_path / "p"
    path.write_text(text)
    name = next(str(task.id) for task in read_plans([path]).graph if task.status is TaskStatus.PENDING)
    assert written(path, text, {name: Outcome.FAILED}) == text.replace(*failed)
    assert written(path, text, {name: Outcome.LANDED}) == text.replace(*landed)
    assert read_plans([path]).graph[TaskId(name)].status is TaskStatus.DONE
    assert written(path, path.read_bytes().decode(), {name: Outcome.LANDED}) == text.replace(*landed)


def test_a_section_that_two_rows_share_is_the_first_ones(tmp_path: Path) -> None:
    text = (
        "| ID | Status |\n|--|--|\n| T1 | TASK:PENDING |\n| T1 | TASK:BLOCKED x |\n"
        "\n## T1\nStatus: TASK:PENDING\n"
    )
    ends = {"T1": Outcome.LANDED, "T1-2": Outcome.FAILED}
    path = tmp_path / "p"
    path.write_text(text)
    if {str(task.id) for task in read_plans([path]).graph} == {"T1"}:
        ends.pop("T1-2")
    assert written(path, text, ends) == text.replace("TASK:PENDING", "TASK:COMPLETE")


def test_what_has_no_place_for_a_status_is_said(tmp_path: Path) -> None:
    path = tmp_path / "p"
    for text, task, why in (("| Task ID | Name |\n|--|--|\n| T1 | a |\n", "T1", "its row has no status"),):
        path.write_text(text)
        (problem,) = write_status(path, {TaskId(task): TaskEnd(outcome=Outcome.LANDED)})
        assert problem.message == f"task `{task}`: {why}; its status was not written back"
        assert path.read_text() == text


def test_others_may_change_the_file_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_text("- [ ] T001 a\n- [ ] T002 b\n")
    read_plans([path])
    path.write_text("# New\n\n- [x] T002 b\n- [ ] T003 c\n- [ ] T001 a, said better\n")
    assert write_status(path, {TaskId("T001"): TaskEnd(outcome=Outcome.LANDED)}) == ()
    assert path.read_text() == "# New\n\n- [x] T002 b\n- [ ] T003 c\n- [x] T001 a, said better\n"


SAFE = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="|`<\\")
TEXT = st.text(SAFE, max_size=12)
LINES = st.lists(TEXT.map(lambda text: f"x {text}"), max_size=3)
BREAKS = st.sampled_from(["\n", "\r\n"])


@given(count=st.integers(1, 6), titles=st.lists(TEXT, min_size=6, max_size=6), notes=LINES, data=st.data())
def test_of_generated_lists_only_the_box_changes(
    tmp_path_factory: pytest.TempPathFactory, count: int, titles: list[str], notes: list[str], data: Any
) -> None:
    chosen, newline = data.draw(st.integers(1, count)), data.draw(BREAKS)
    kind = data.draw(st.sampled_from(["T{:03}", "1.{}", "**T-{}** [P]"]))

    def text(done: int) -> str:
        rows = [
            f"- [{'x' if n == done else ' '}] {kind.format(n)} t{titles[n - 1]}{newline}"
            + "".join(f"  {note}{newline}" for note in notes)
            for n in range(1, count + 1)
        ]
        return f"# Plan{newline}{newline}{''.join(rows)}"

    path = tmp_path_factory.getbasetemp() / "boxes"
    name = kind.format(chosen).split()[0].strip("*")
    assert written(path, text(0), {name: Outcome.LANDED}) == text(chosen)


@given(count=st.integers(1, 6), titles=st.lists(TEXT, min_size=6, max_size=6), data=st.data())
def test_of_generated_tables_only_the_word_and_the_date_change(
    tmp_path_factory: pytest.TempPathFactory, count: int, titles: list[str], data: Any
) -> None:
    chosen, newline = data.draw(st.integers(1, count)), data.draw(BREAKS)
    columns = data.draw(st.permutations(["Task", "Name", "Status", "Date"]))
    tail = data.draw(st.sampled_from(["", " (dep: x)", " — later", "  "]))

    def text(done: int) -> str:
        rows = [
            {
                "Task": f"T{n}",
                "Name": f"t{titles[n - 1]}",
                "Status": f"TASK:{'COMPLETE' if n == done else 'PENDING'}{tail}",
                "Date": "2023-11-14" if n == done else " " * 10,
            }
            for n in range(1, count + 1)
        ]
        lines = [columns, ["---"] * 4, *([row[name] for name in columns] for row in rows)]
        return "".join(f"| {' | '.join(line)} |{newline}" for line in lines)

    path = tmp_path_factory.getbasetemp() / "table"
    assert written(path, text(0), {f"T{chosen}": Outcome.LANDED}) == text(chosen)
