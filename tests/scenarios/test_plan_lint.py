"""`gitpar plan --lint`, `--convert` and `--schema` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.plans import everything_of_the_user, states
from tests.support.repo import Repo, sealed_repo

PLAN = """\
mode: parallel_waves
tasks:
  - {id: a, command: "true", files: [src/f1.py, CHANGES.md]}
  - {id: b, command: "true", files: [src/]}
  - {id: c, command: "true", files: [CHANGES.md, gone.md]}
  - {id: d, command: "true", files: [src/f3.py], depends_on: [c], commnd: x}
  - {id: e, command: "true", files: [src/f4.py], wave: 3}
"""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {f"src/f{n}.py": f"{n}\n" for n in range(30)} | {"CHANGES.md": "x\n"})
    (made.root / "plan.yaml").write_text(PLAN)
    return made


def test_what_could_be_better_is_said_and_nothing_is_changed(repo: Repo) -> None:
    before = everything_of_the_user(repo.root)
    done = gitpar("plan", "plan.yaml", "--lint", cwd=repo.root)
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout == (
        "`plan.yaml` line 6: unknown key `commnd` (tasks[3].commnd)\n"
        "  Did you mean `command`?\n"
        "`c` declares `gone.md`, which is not there and which no task creates\n"
        "`b` means to write 30 files, more than 20\n"
        "  Divide it, or name its files more closely: what runs beside it may conflict\n"
        "`a` and `c` of wave 1 both write `CHANGES.md`, a file that many tasks add to\n"
        "  Let one wait for the other, or give each a file of its own\n"
        "`d` waits for `c`, with which it has nothing in common: "
        "without it `d` could run in wave 1 instead of 2\n"
        "`e` of wave 3 could run in wave 2: nothing there is in its way\n"
        "\n"
        "6 remarks\n"
    )
    facts = json.loads(gitpar("plan", "plan.yaml", "--lint", "--json", cwd=repo.root).stdout)
    assert [row["kind"] for row in facts["remarks"]] == [
        *("warning", "absent", "broad", "shared", "chain", "late")
    ]
    assert facts["remarks"][3]["tasks"] == ["a", "c"]
    assert everything_of_the_user(repo.root) == before


def test_a_plan_without_fault_and_one_that_cannot_run_at_once(repo: Repo) -> None:
    (repo.root / "plan.yaml").write_text('tasks:\n  - {id: a, command: "true", files: [src/f1.py]}\n')
    done = gitpar("plan", "plan.yaml", "--lint", cwd=repo.root)
    assert (done.status, done.stdout) == (0, "Nothing to remark on this plan.\n")
    rows = '  - {id: a, command: "true"}\n  - {id: b, command: "true", depends_on: [a]}\n'
    (repo.root / "plan.yaml").write_text(f"mode: fully_parallel\ntasks:\n{rows}")
    done = gitpar("plan", "plan.yaml", "--lint", cwd=repo.root)
    assert done.stdout.startswith(
        "the mode is fully_parallel, and dependencies leave no two tasks that could run at once\n"
    )


def test_a_converted_plan_can_be_run_as_it_is_printed(repo: Repo) -> None:
    text = "- [x] T001 Ground\n- [ ] T002 [P] Write `a.txt`\n- [ ] T003 [P] Write `b.txt`\n- [ ] T004 End\n"
    (repo.root / "tasks.md").write_text(text)
    done = gitpar("plan", "tasks.md", "--convert", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    (repo.root / "own.json").write_text(done.stdout)
    waves = json.loads(gitpar("plan", "own.json", "--json", cwd=repo.root).stdout)["waves"]
    assert waves == [["T002", "T003"], ["T004"]]
    work = 'echo x > "$GITPAR_TASK.txt"'
    ran = gitpar("run", "own.json", "--json", "--agent-command", work, cwd=repo.root)
    assert states(json.loads(ran.stdout)) == {
        "T001": "skipped",
        **dict.fromkeys(("T002", "T003", "T004"), "landed"),
    }


def test_only_one_of_them_at_a_time(repo: Repo) -> None:
    assert "$defs" in json.loads(gitpar("plan", "--schema", cwd=repo.root).stdout)
    for arguments, error in {
        ("--schema", "plan.yaml"): "`--schema` takes no plan",
        ("--lint", "--convert", "plan.yaml"): "`--convert` and `--lint` cannot go together",
        (): "no plan is named",
    }.items():
        done = gitpar("plan", *arguments, cwd=repo.root)
        assert (done.status, done.stdout) == (2, "")
        assert done.stderr.startswith(f"Error: {error}\nHint: ")
