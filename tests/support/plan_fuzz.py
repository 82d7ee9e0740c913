"""Plans that nobody would write: lines of what plans are made of, in any order, and much of one thing."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from gitpar.core.names import TaskId
from gitpar.errors import PlanError
from gitpar.plans.choices import Choices
from gitpar.plans.model import Outcome, TaskEnd
from gitpar.plans.reading import read_plans
from gitpar.plans.write_back import write_status

FORMATS = (None, "taskmaster", "agent-os", "gitpar", "markdown-plan", "ralph", "spec-kit")
_BOXES = ["- [ ] ", "- [x] ", "* [] ", "1. [-] ", "\t- [ ]* ", "> - [ ] ", "### [x] "]
_TAGS = ["[P] ", "[US1] ", "[VERIFY] ", "(Optional)", "[Optional]", "[RED] "]
_IDS = ["T001 ", "T-M1-2 ", "1.2 ", "1. ", "VF ", "**T3** ", "~~T4~~ ", "FE-1 ", "Task 2: "]
_WAITS = ["(depends on T001, 1.2-1.9) ", "dep: T1", "依赖T001", "after T001..T900000"]
_FIELDS = [
    "`a/b.py`",
    "**Files**: x.py (create)",
    "  - **Verify**: `x`",
    "**Do**: y",
    "**Status**: TASK:PENDING",
]
_HEADS = [
    *("## Phase 1: a", "# x", "### [PARALLEL] y", "### [/PARALLEL]", "#", "####### x", "## Task 1.1: t"),
    "## User Story 1",
]
_TABLES = [
    *("| Task | Status | Date |", "|---|---|---|", "| T1 | TASK:PENDING (dep: T2) | |", "|||", "|", "\\|"),
    *("| T2 | `TASK:COMPLETE` | x |", "| ID | Stream | Name | Status | Depends |", "|--|:-:|--|--|--|"),
    "| 1 | a | b \\| c | Done | 2 |",
]
_HIDING = ["```", "```markdown", "~~~~", "<!--", "-->", "---", "<<'EOF'", "EOF", '`x "', "\\", "`"]
_TREES = [
    *("tasks:", "- id: a", "  depends_on: [b]", "[[tasks]]", 'id = "a"', "{", "}", "[", "]", '"tasks"', ":"),
    *(",", "&a", "*a", '{"tasks": [', '{"id": 1, "subtasks": [{"id": 1}]}', "]}", '"dependencies": ["1.1"]'),
    *("<<: *a", "!!python/object:x", "mode: sequential", '"task_type": "discovery"', '"status": "done"'),
]
_PIECES = [*_BOXES, *_TAGS, *_IDS, *_WAITS, *_FIELDS, *_HEADS, *_TABLES, *_HIDING, *_TREES]

_LINE = st.lists(
    st.one_of(st.sampled_from(_PIECES), st.text(st.characters(codec="utf-8"), max_size=4)), max_size=5
).map("".join)
TEXTS = st.lists(_LINE, max_size=14).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\n\n", "\n  "]).map(lambda newline: newline.join(lines))
)
CHOICES = st.builds(
    Choices, expand_subtasks=st.booleans(), optional=st.booleans(), parallel_stories=st.booleans()
)


def try_plan(text: str, choices: Choices) -> None:
    """Reads any text as any format and writes back all it can: nothing but a PlanError may come of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan"
        path.write_bytes(text.encode())
        try:
            plan = read_plans([path], choices)
        except PlanError:
            return
        before = [task.id for task in plan.graph]
        ends = {TaskId(name): TaskEnd(outcome=Outcome.LANDED, ended_at=0) for name in before[::2]}
        write = replace(choices, format=plan.format)
        failed = write_status(path, ends, write)
        changed = path.read_bytes()
        assert failed or [task.id for task in read_plans([path], write).graph] == before
        write_status(path, ends, write)
        assert path.read_bytes() == changed


def _times(piece: str, head: str = "", tail: str = "") -> Callable[[int], str]:
    return lambda size: head + piece * (size // len(piece)) + tail


def _numbered(piece: str, head: str = "") -> Callable[[int], str]:
    width = len(piece.format(100_000))
    return lambda size: head + "".join(piece.format(n) for n in range(size // width))


def _deeper(size: int) -> str:
    return "".join(f"{' ' * n}- [ ] T{n} x\n" for n in range(int((2 * size) ** 0.5)))


def _longer(size: int) -> str:
    return "- [ ] T1 x\n" + "".join("`" * n + "\n" for n in range(3, int((2 * size) ** 0.5)))


def _agent_os(row: str, tail: str = "") -> Callable[[int], str]:
    """Rows of agent-os, their number in place of `#`; a quarter more room for what stands around them."""

    def made(size: int) -> str:
        rows = ",".join(row.replace("#", str(n)) for n in range(1, min(size // len(row), 9_000)))
        return f'{{"version": "3", "tasks": [{rows}{tail}]}}'

    return made


def _waves(size: int) -> str:
    count = min(size // 120, 9_000)
    waves = ",".join(f'{{"wave_id": {n}, "tasks": ["{n}"]}}' for n in range(1, count))
    rows = ",".join(f'{{"id": "{n}", "type": "parent", "description": "d"}}' for n in range(1, count))
    return f'{{"version": "3", "execution_strategy": {{"waves": [{waves}]}}, "tasks": [{rows}]}}'


def _merges(size: int) -> str:
    count = size // 36
    chain = "".join(f"x{n}: &x{n}\n  <<: *x{n - 1}\n  k{n}: 1\n" for n in range(1, count))
    return f"x0: &x0 {{a: 1}}\n{chain}tasks:\n- id: a\n"


_HEAD = "| Task | Status | Date |\n|---|---|---|\n"
BIG: Mapping[str, Callable[[int], str]] = {
    "boxes": _numbered("- [ ] T{} x\n"),
    "boxes with [P]": _numbered("- [ ] {0}.{0} [P] x\n"),
    "the same box": _times("- [ ] T1 x\n"),
    "the same id": _numbered("- [ ] T1 x{}\n"),
    "nested boxes": _numbered("  - [ ] 1.{} x\n", "- [ ] 1. x\n"),
    "ever deeper boxes": _deeper,
    "a line of boxes": _times("- [ ] T1 "),
    "tags": _times("[P]", "- [ ] T1 "),
    "dependencies": _times("depends on T1, ", "- [ ] T1 a\n- [ ] T2 "),
    "a range": _times("depends on T1-T9999999 ", "- [ ] T1 a\n- [ ] T2 "),
    "ranges": _numbered("- [ ] T{0} (depends on T1-T{0})\n"),
    "left out": _numbered("- [ ] ~~T{}~~ ~~x~~\n"),
    "left out and not": _numbered("- [ ] ~~T{0}~~ x\n- [ ] U{0} x\n- [ ] T{0}a x\n"),
    "optional": _numbered("- [ ] T{} (Optional) x\n"),
    "phases": _numbered("## Phase {0}\n- [ ] T{0} x\n"),
    "headings below one another": _numbered("### x\n- [ ] T{0} x\n", "## Phase 1\n"),
    "headings that are tasks": _numbered("### Task 1.{}: x\n**Do**: y\n"),
    "fields": _times("  - **Files**: `a.py`, b\n", "- [ ] T1 x\n"),
    "rows": _numbered("| T{} | TASK:PENDING | x |\n", _HEAD),
    "rows that wait": _numbered("| T{} | TASK:PENDING (dep: T1) | x |\n", _HEAD),
    "rows without a table": _numbered("| T{} | TASK:PENDING | x |\n\n"),
    "rows and sections": _numbered("## T{0}: x\n\n| T{0} | TASK:PENDING | x |\n", _HEAD),
    "tables": _times("| Task | Status |\n|---|---|\n| a b | Done |\n\n"),
    "cells": _times("|", "| Task | Status |\n|---|---|\n| T1 | TASK:PENDING "),
    "a wide table": lambda size: (
        f"|{'a|' * (size // 8)}Status|\n|{'-|' * (size // 8)}-|\n|{'T1|' * (size // 6)}"
    ),
    "backticks": _times("`", "| T1 | TASK:PENDING |\n"),
    "single backticks": _times("` ", "| Task | Status |\n|---|---|\n| T1 | TASK:PENDING | x |"),
    "open quotes": _times('`"\n', "- [ ] T1 x\n"),
    "fences that nothing closes": _times("```a\n", "- [ ] T1 x\n"),
    "fences ever longer": _longer,
    "comments": _times("<!--\n", "- [ ] T1 x\n"),
    "here-documents": _times("<<EOF\n", "- [ ] T1 x\n"),
    "spaces": _times(" ", "- [ ] T1 x\n#", "x"),
    "blank lines": _times("\n", "- [ ] T1 x\n"),
    "hashes": _times("# ", "- [ ] T1 x\n# "),
    "slashes": _times("a/", "- [ ] T1 "),
    "dots": _times("1.", "- [ ] "),
    "dashes": _times("a-", "- [ ] T"),
    "stars": _times("*", "- [ ] T1 "),
    "brackets": _times("[", "- [ ] T1 "),
    "words": _times("status task ", "- [ ] T1 "),
    "JSON lists": _times("[", "[1,"),
    "JSON tasks": lambda size: f'{{"tasks": [{",".join(f"""{{"id": {n}}}""" for n in range(size // 14))}]}}',
    "JSON that waits": lambda size: (
        '{"tasks": [{"id": 0}'
        + "".join(f',{{"id": {n}, "depends_on": [{n - 1}]}}' for n in range(1, size // 35))
        + "]}"
    ),
    "JSON subtasks": lambda size: (
        '{"tasks": [{"id": 1, "details": "", "subtasks": ['
        + ",".join(f'{{"id": {n}, "dependencies": ["1.1"]}}' for n in range(size // 40))
        + "]}]}"
    ),
    "JSON subtasks of others": lambda size: (
        '{"tasks": [{"id": 0, "title": "x", "subtasks": [{"id": 1}]}'
        + "".join(
            f',{{"id": {n}, "title": "x", "dependencies": [{n - 1}],'
            f' "subtasks": [{{"id": 1, "dependencies": ["0.1"]}}]}}'
            for n in range(1, min(size // 90, 4_900))
        )
        + "]}"
    ),
    "JSON text": _times("x", '{"tasks": [{"id": 1, "prompt": "', '"}]}'),
    "YAML keys": _times("a: ", "tasks:\n- id: a\n  x: "),
    "YAML aliases": lambda size: (
        "tasks:\n- &a {id: a}\n- {id: b, x: [" + ", ".join("*a" for _ in range(size // 4)) + "]}\n"
    ),
    "TOML keys": _times("a.", "[[tasks]]\nid = 'a'\n"),
    "TOML tables": _numbered("[[tasks]]\nid = 'a{}'\n"),
    "colons": _times(": ", "tasks"),
    "lines": _times("x\n"),
    "a header of bars": _times("|", "", "\n|---|\n| T1 | TASK:PENDING |"),
    "a separator of dashes": _times("-", "| Task | Status |\n|", "|\n| T1 | TASK:PENDING |\n"),
    "a separator of columns": _times(":-|", "| Task | Status |\n|", "\n| T1 | TASK:PENDING |\n"),
    "pairs of backticks": _times("`a` ", "- [ ] T1 "),
    "paths": _times("`a/b.py` ", "- [ ] T1 "),
    "a deep quotation": _times("> ", "", "- [ ] T1 x\n"),
    "headings": _times("# h\n", "- [ ] T1 x\n"),
    "sections that say how far they are": _numbered("### Task {0}: x\n**Status**: TASK:PENDING\n\n"),
    "headings that say how far they are": _numbered("### T{0}: x TASK:PENDING\n"),
    "headings with a label": _numbered("### T{0} - x\n"),
    "sections of one row": lambda size: (
        "## T1: x\n" * min(size // 30, 9_000) + _HEAD + "| T1 | TASK:PENDING |\n" * min(size // 30, 900)
    ),
    "bold paragraphs": _numbered("**T{0}** title\n\n"),
    "JSON dependencies": _times("2,", '{"tasks": [{"id": 1, "status": "pending", "dependencies": [', "2]}]}"),
    "agent-os waves": _waves,
    "agent-os blocks": _agent_os(
        '{"id": "#", "type": "parent", "parallelization": {"blocks": ["z"]}}',
        ',{"id": "z", "type": "parent", "description": "d"}',
    ),
    "agent-os parents": _agent_os('{"id": "#", "type": "subtask", "parent": "1#"}'),
    "agent-os rows that are skipped": _agent_os('{"id": "#", "task_type": "git-operation"}'),
    "YAML merge keys": _merges,
    "YAML anchors": _numbered("- &a{0} {{id: a{0}}}\n", "tasks:\n"),
}
"""So many characters of one thing each."""


def seconds_of(text: str, choices: Choices) -> float:
    """Reads a text, and returns how long that took; a PlanError is as good as a plan."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan"
        path.write_bytes(text.encode())
        before = time.process_time()
        with contextlib.suppress(PlanError):
            read_plans([path], choices)
        return time.process_time() - before


def bomb(levels: int) -> str:
    """Returns YAML whose aliases stand for ten to the power of its levels."""
    lines = ["tasks:", "- id: a", "x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)
