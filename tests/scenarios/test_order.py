"""`gitpar run --order` with real conflicts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.plans import run_json, show, states, tip, write_plan
from tests.support.repo import Repo, sealed_repo


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    made.commit("base", {"list.txt": "".join(f"line {n}\n" for n in range(1, 13))})
    return made


def edit(*lines: int, text: str) -> str:
    """A command that puts something behind lines."""
    marks = "".join(f"{line}s/$/ {text}/;" for line in lines)
    return f"sed -i '{marks}' list.txt"


def test_most_lands_two_where_one_stands_in_their_way(repo: Repo, tmp_path: Path) -> None:
    tasks = {"wide": edit(3, 9, text="w"), "top": edit(3, text="t"), "low": edit(9, text="l")}
    run = run_json(repo.root, write_plan(tmp_path / "plan.json", tasks), "--order", "most")
    assert set(states(run).values()) == {"landed"}
    assert {task["id"]: len(task["attempts"]) for task in run["tasks"]} == {"wide": 2, "top": 1, "low": 1}
    assert show(repo.root, tip(run), "list.txt").splitlines()[2] == "line 3 t w"


def test_finished_lands_the_first_to_end(repo: Repo, tmp_path: Path) -> None:
    status = f"{sys.executable} -m gitpar -C {repo.root} status --json"
    journaled = f"until {status} | grep -Eq '\"(finished|landed)\"'; do :; done"
    tasks = {"late": f"{journaled} && {edit(3, text='late')}", "soon": edit(3, text="soon")}
    (repo.root / "gitpar.toml").write_text('order = "finished"\n')
    run = run_json(repo.root, write_plan(tmp_path / "plan.json", tasks))
    assert show(repo.root, tip(run), "list.txt").splitlines()[2] == "line 3 soon late"
