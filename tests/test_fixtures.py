"""The repositories and plans in fixtures/ are what their descriptions say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import PLANS, REPOS, build, build_with_submodule
from tests.support.sealed import git

IDS = {
    "bookshop": {"main": "df4475496635c8662f0c87a9d057f0ab953febf4"},
    "odd-names": {"main": "2aafb208fcecd2f4f0ea42bc079107ff2969293b"},
    "submodule": {
        "higher": "01583061bbf6cac683c7bbd84605d3d310e1b556",
        "main": "5835b013f40acc05a1d933df2ebee9ab80ab958a",
        "wider": "6d8c352055a8854b7c244fb286178623c91ae92c",
    },
    "submodule.parts": {
        "main": "ed4a6f1a736b50f6b1cc5d1463266a2785129dbb",
        "side": "64962e298d0f8630ef528a515cc932c05cb1ee44",
    },
}
AT_ONCE = "sleep() { :; }\n"
"""Put before a task's command, which sleeps so that a person can watch."""
ON_LINUX = pytest.mark.skipif(sys.platform == "darwin", reason="this file system cannot hold these paths")


@dataclass(frozen=True)
class Work:
    """One task of a plan, as the fixtures' own reader sees it."""

    id: str
    command: str
    depends_on: tuple[str, ...]


def own_plan() -> list[Work]:
    plan = json.loads((PLANS / "bookshop.json").read_text(encoding="utf-8"))
    return [Work(t["id"], t["command"], tuple(t.get("depends_on", ()))) for t in plan["tasks"]]


def waves(plan: list[Work]) -> list[list[str]]:
    level: dict[str, int] = {}
    for work in plan:
        level[work.id] = max((level[d] for d in work.depends_on), default=0) + 1
    return [[task for task in level if level[task] == n] for n in range(1, max(level.values()) + 1)]


def do(repo: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        cwd=repo,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def do_all(repo: Path, commands: list[str], **variables: str) -> str:
    """Works on one task after the other and returns the tree they make."""
    for command in commands:
        done = do(repo, AT_ONCE + command, **variables)
        assert (done.returncode, done.stderr) == (0, ""), command
    git(repo, "add", "--all")
    return git(repo, "write-tree")


@pytest.mark.parametrize("name", sorted(path.stem for path in REPOS.glob("*.fast-import")))
def test_a_stream_gives_constant_ids_and_says_why_it_exists(name: str, tmp_path: Path) -> None:
    repo = build(name, tmp_path / "repo", checkout=False)
    listed = git(repo, "for-each-ref", "--format=%(refname:short) %(objectname)")
    assert dict(line.split(" ") for line in listed.splitlines()) == IDS[name]
    git(repo, "fsck", "--strict", "--no-dangling")
    described = (REPOS / f"{name.removesuffix('.parts')}.md").read_text(encoding="utf-8")
    assert "Why it exists" in described
    assert all(commit in described for commit in IDS[name].values())


def test_the_bookshop_is_a_small_project_whose_tests_pass(bookshop: Path) -> None:
    assert git(bookshop, "rev-parse", "main^{tree}") == "6073b4f497c861540e6429ea745bede25bc63cd5"
    assert 25 <= len(git(bookshop, "ls-files").splitlines()) <= 40
    unittest(bookshop)
    assert git(bookshop, "status", "--porcelain") == ""


def unittest(repo: Path) -> None:
    done = do(repo, '"$PYTHON" -m unittest', PYTHON=sys.executable, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr


@ON_LINUX
def test_odd_names_can_be_checked_out(tmp_path: Path) -> None:
    repo = build("odd-names", tmp_path / "repo")
    assert git(repo, "status", "--porcelain") == ""
    names = {os.fsencode(path.name) for path in repo.iterdir()}
    assert {
        b"new\nline.txt",
        b"latin1-\xe9t\xe9.txt",
        b" leading and trailing ",
        b"-dash.txt",
        b"Case.txt",
    } <= names
    assert (repo / "case.txt").is_symlink()
    assert os.access(repo / "with space.txt", os.X_OK)
    assert b"\0" in (repo / "binary.dat").read_bytes()
    assert (repo / "empty").read_bytes() == b""


def test_the_submodule_comes_without_network(tmp_path: Path) -> None:
    shop = build_with_submodule(tmp_path)
    assert (shop / "parts" / "shelf.txt").read_text(encoding="utf-8") == "width 80\nheight 200\n"
    assert git(shop, "status", "--porcelain") == ""
    git(shop, "merge-tree", "--write-tree", "main", "wider")
    with pytest.raises(subprocess.CalledProcessError):
        git(shop, "merge-tree", "--write-tree", "wider", "higher")


def test_the_plan_has_three_waves() -> None:
    assert waves(own_plan()) == [
        ["author-search", "gift-wrap", "loyalty-points", "list-isbn", "list-copies"],
        ["author-option", "courier-rates", "stock-docs"],
        ["changelog", "version"],
    ]


def test_worked_on_in_order_the_plan_makes_the_next_version(bookshop: Path) -> None:
    do_all(bookshop, [work.command for work in own_plan()])
    assert 'COLUMNS = ("title", "author", "isbn", "copies")' in (bookshop / "bookshop/reports.py").read_text()
    assert "Its columns are title, author, isbn, copies." in (bookshop / "docs/usage.md").read_text()
    assert git(bookshop, "diff", "--cached", "--name-status").splitlines() == [
        "M\tCHANGELOG.md",
        "M\tbookshop/__init__.py",
        "M\tbookshop/cli.py",
        "M\tbookshop/pricing.py",
        "M\tbookshop/reports.py",
        "M\tbookshop/search.py",
        "M\tdata/postage.csv",
        "M\tdocs/usage.md",
        "M\tpyproject.toml",
        "A\ttests/test_author_search.py",
        "A\ttests/test_courier.py",
    ]
    unittest(bookshop)


def results(bookshop: Path, tasks: list[Work]) -> Iterator[tuple[str, str]]:
    """Works on each task alone from main; yields its id and the commit it makes."""
    for work in tasks:
        git(bookshop, "switch", "--quiet", "--create", work.id, "main")
        tree = do_all(bookshop, [work.command])
        commit = git(bookshop, "commit-tree", tree, "-p", "main", "-m", work.id)
        git(bookshop, "reset", "--quiet", "--hard")
        git(bookshop, "clean", "--quiet", "-ffdx")
        yield work.id, commit


def test_of_the_first_wave_one_pair_merges_in_one_file_and_one_conflicts(bookshop: Path) -> None:
    made = dict(results(bookshop, own_plan()[:5]))
    shared, conflicting = set(), set()
    for a, b in combinations(made, 2):
        files = [set(git(bookshop, "diff", "--name-only", "main", made[x]).splitlines()) for x in (a, b)]
        if files[0] & files[1]:
            shared.add((a, b))
        if do(bookshop, f"git merge-tree --write-tree {made[a]} {made[b]}").returncode == 1:
            conflicting.add((a, b))
    assert shared == {("gift-wrap", "loyalty-points"), ("list-isbn", "list-copies")}
    assert conflicting == {("list-isbn", "list-copies")}


def test_one_task_fails_at_its_first_attempt_only(bookshop: Path) -> None:
    [work] = [work for work in own_plan() if work.id == "courier-rates"]
    first = do(bookshop, AT_ONCE + work.command, GITPAR_ATTEMPT="1")
    assert (first.returncode, git(bookshop, "status", "--porcelain")) == (1, "")
    assert "price list is not there yet" in first.stderr
    second = do(bookshop, AT_ONCE + work.command, GITPAR_ATTEMPT="2")
    assert (second.returncode, second.stdout, second.stderr) == (0, "two rates added\n", "")


def test_one_task_writes_its_progress(bookshop: Path, tmp_path: Path) -> None:
    plan = {work.id: work for work in own_plan()}
    progress = tmp_path / "progress"
    do_all(
        bookshop,
        [plan["author-search"].command, plan["author-option"].command],
        GITPAR_PROGRESS=str(progress),
    )
    assert progress.read_text(encoding="utf-8") == "100 done\n"


def taskmaster_prompts(plan: dict[str, Any]) -> Iterator[str]:
    for task in plan["master"]["tasks"]:
        yield f"{task['title']}\n\n{task['details']}\n"


def agent_os_prompts(plan: dict[str, Any]) -> Iterator[str]:
    for task in plan["tasks"]:
        yield f"{task['description']}\n"


@pytest.mark.parametrize(
    ("name", "prompts"),
    [("bookshop.taskmaster.json", taskmaster_prompts), ("bookshop.agent-os.json", agent_os_prompts)],
)
def test_the_other_formats_say_the_same_to_the_worker(name: str, prompts: Any, tmp_path: Path) -> None:
    plan = json.loads((PLANS / name).read_text(encoding="utf-8"))
    said = tmp_path / "prompt.md"
    written = []
    for prompt, work in zip(prompts(plan), own_plan(), strict=True):
        said.write_text(prompt, encoding="utf-8")
        # instead of running the script that it found, the worker prints it
        quiet = f"sh() {{ printf '%s\\n' \"$2\"; }}; . '{PLANS / 'worker.sh'}'"
        done = do(tmp_path, quiet, GITPAR_PROMPT_FILE=str(said))
        assert (done.returncode, done.stdout) == (0, f"{work.command}\n"), work.id
        written.append(done.stdout)
    assert len(written) == 10


def test_the_worker_works_on_what_its_prompt_says(tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.md"
    worker = f"sh '{PLANS / 'worker.sh'}'"
    prompt.write_text("Write a file.\n\n```sh\necho 'a  b' > made\n```\n", encoding="utf-8")
    assert do(tmp_path, worker, GITPAR_PROMPT_FILE=str(prompt)).returncode == 0
    assert (tmp_path / "made").read_text(encoding="utf-8") == "a  b\n"
    prompt.write_text("Write a file.\n", encoding="utf-8")
    assert do(tmp_path, worker, GITPAR_PROMPT_FILE=str(prompt)).returncode == 64


def test_the_agent_os_plan_declares_the_waves_that_the_dependencies_give() -> None:
    plan = json.loads((PLANS / "bookshop.agent-os.json").read_text(encoding="utf-8"))
    declared = plan["execution_strategy"]["waves"]
    assert [wave["tasks"] for wave in declared] == waves(own_plan())
    assert all(wave["rationale"] for wave in declared)
    assert {t["id"]: t["parallelization"]["blocked_by"] for t in plan["tasks"]} == {
        work.id: list(work.depends_on) for work in own_plan()
    }
