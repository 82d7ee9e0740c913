"""What `gitpar demo` puts around the run: the repository before, the graph and the farewell after."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gitpar.errors import UsageError
from gitpar.ui.cli import demo
from gitpar.ui.cli.demo import empty_folder, farewell, graph, prepare
from tests.support.cli import normalised
from tests.support.fixtures import PLANS
from tests.support.sealed import ROOT, git


def test_prepares_repository_and_plan(tmp_path: Path) -> None:
    repository = prepare(tmp_path)
    assert git(repository, "rev-parse", "HEAD") == "df4475496635c8662f0c87a9d057f0ab953febf4"
    assert git(repository, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "config", "user.name") == "Terry Tester"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bookshop", "bookshop.json"]
    assert (tmp_path / "bookshop.json").read_bytes() == (PLANS / "bookshop.json").read_bytes()


def test_brings_an_identity_where_the_user_has_none(tmp_path: Path, home: Path) -> None:
    (home / ".gitconfig").write_text("", encoding="utf-8")
    assert git(prepare(tmp_path), "config", "--local", "user.email") == "demo@localhost"


def test_wants_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty") as refused:
        empty_folder(tmp_path)
    assert refused.value.hints == ("Name a folder that does not exist yet: gitpar demo --keep DIR",)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert empty_folder(tmp_path / "new").is_dir()


def test_draws_the_level_branches_down_to_their_base(tmp_path: Path) -> None:
    repository = prepare(tmp_path)
    base = git(repository, "rev-parse", "main")
    tree = git(repository, "rev-parse", "main^{tree}")
    one = git(repository, "commit-tree", tree, "-p", base, "-m", "Work on one")
    first = git(repository, "commit-tree", tree, "-p", base, "-p", one, "-m", "Land one")
    second = git(repository, "commit-tree", tree, "-p", first, "-m", "Land two")
    for n, commit in (("1", first), ("2", second), ("10", second)):
        git(repository, "update-ref", f"refs/heads/gitpar/r7f3/level/{n}", commit)
    git(repository, "update-ref", "refs/heads/gitpar/r7f3/task/one/1", one)
    assert normalised(graph(repository, colored=False)).splitlines() == [
        "* <commit> (gitpar/<run>/level/2, gitpar/<run>/level/10) Land two",
        "*   <commit> (gitpar/<run>/level/1) Land one",
        "|\\  ",
        "| * <commit> Work on one",
        "|/  ",
        "* <commit> (main) Give the shop a command line",
    ]
    commands = [line.split("  ")[1] for line in farewell(tmp_path, repository).splitlines()[3:]]
    assert [command for command in commands if command.startswith("git ")] == [
        "git diff main gitpar/r7f3/level/10",
        "git merge --ff-only gitpar/r7f3/level/10",
    ]


def test_says_nothing_of_levels_where_there_are_none(tmp_path: Path) -> None:
    repository = prepare(tmp_path)
    assert farewell(tmp_path, repository).splitlines()[3:] == [
        f"  cd {repository}",
        f"  {f'rm -rf {tmp_path}':<{len(f'cd {repository}')}}  remove the demo",
    ]


def test_an_installed_gitpar_has_what_the_demo_needs() -> None:
    """The wheel carries the two files, under the names and in the folder where the demo looks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    looked_for = (Path(demo.__file__).parents[2] / "_demo").relative_to(ROOT)
    assert carried == {
        f"fixtures/{name}": str(looked_for / Path(name).name) for name in (demo.STREAM, demo.PLAN)
    }
    assert all((ROOT / path).is_file() for path in carried)
