"""Every kind of conflict by its name, and what a page and the map show of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.repo import Repo, lines, sealed_repo

Files = Mapping[str, str | bytes | None]

OLD: Files = {
    **{f"{name}.txt": lines((20, name)) for name in ("content", "edited", "gone", "moved", "named", "typed")},
    **{f"src/{at}.py": lines((20, f"src {at}")) for at in (1, 2, 3)},
    "logo.png": b"\0old" * 20,
}


def moved(old: str, new: str, *changed: tuple[int, str]) -> Files:
    name = Path(old).stem
    return {old: None, new: lines(*changed, (20, name if name != "1" else "src 1"))}


PAIRS: dict[str, tuple[Files, Files]] = {
    "content": (
        {"content.txt": lines((3, "a"), (20, "content"))},
        {"content.txt": lines((3, "b"), (20, "content"))},
    ),
    "add/add": ({"new.txt": "a\n"}, {"new.txt": "b\n"}),
    "modify/delete": ({"gone.txt": lines((3, "a"), (20, "gone"))}, {"gone.txt": None}),
    "rename/rename": (moved("moved.txt", "here.txt"), moved("moved.txt", "there.txt")),
    "rename/modify": (
        moved("edited.txt", "renamed.txt", (5, "a")),
        {"edited.txt": lines((5, "b"), (20, "edited"))},
    ),
    "rename/delete": (moved("named.txt", "other.txt"), {"named.txt": None}),
    "directory rename": (
        {
            **{f"src/{at}.py": None for at in (1, 2, 3)},
            **{f"lib/{at}.py": OLD[f"src/{at}.py"] for at in (1, 2, 3)},
        },
        {"src/new.py": "new\n"},
    ),
    "directory/file": ({"place": "a file\n"}, {"place/inside": "a folder\n"}),
    "binary": ({"logo.png": b"\0a" * 20}, {"logo.png": b"\0b" * 20}),
}


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Two branches for each kind, `KIND-a` and `KIND-b`, that get in each other's way and nobody else's."""
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    base = made.commit("base", OLD)
    for kind, sides in PAIRS.items():
        for side, files in zip("ab", sides, strict=True):
            made.git(
                "branch", f"{kind.replace('/', '-').replace(' ', '-')}-{side}", made.branch(base, kind, files)
            )
    for number, side in enumerate("ab", start=1):
        made.git("checkout", "-q", "--detach", base)
        made.git("update-index", "--add", "--cacheinfo", f"160000,{str(number) * 40},vendor")
        made.git("commit", "-q", "-m", "submodule")
        made.git("branch", f"submodule-{side}")
    for side, target in (("a", "content.txt"), ("b", None)):
        made.git("checkout", "-q", "-f", "--detach", base)
        (made.root / "kind").unlink(missing_ok=True)
        if target:
            (made.root / "kind").symlink_to(target)
        else:
            made.write("kind", "text\n")
        made.git("add", "kind")
        made.git("commit", "-q", "-m", "mode")
        made.git("branch", f"mode-{side}")
    made.git("checkout", "-q", "-f", "main")
    return made


def branches(repo: Repo) -> list[str]:
    return repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads/*-[ab]").split()


def test_every_kind_is_named_and_nothing_else_conflicts(repo: Repo) -> None:
    done = gitpar("conflicts", "--json", *branches(repo), cwd=repo.root)
    facts = json.loads(done.stdout)
    found = {(pair["a"], pair["b"]): pair["kind"] for pair in facts["pairs"] if pair["tier"] == "conflict"}
    kinds = [*PAIRS, "submodule", "mode"]
    words = {kind.replace("/", "-").replace(" ", "-"): kind for kind in kinds}
    assert found == {(f"{word}-a", f"{word}-b"): kind for word, kind in words.items()}
    assert all(pair["paths"][0]["kind"] for pair in facts["pairs"] if pair["tier"] == "conflict")
    assert len(facts["rework"]) == len(facts["fold"]["conflicting"]) == len(kinds)


class Page(HTMLParser):
    """Reads a page, holds that every element is closed, and keeps its texts and its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.tips: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.tips += [value for name, value in attrs if name == "title" and value]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_shows_all_of_it_in_one_file(repo: Repo) -> None:
    base = repo.git("rev-parse", "main")
    for name in ("<b>x</b>", 'a"q', "&amp;"):
        repo.git("branch", name, repo.branch(base, name, {"new.txt": "c\n", f"<i>{name[0]}": "1\n"}))
    names = [*branches(repo), "<b>x</b>", 'a"q', "&amp;"]
    done = gitpar("conflicts", "--html", "out.html", *names, cwd=repo.root)
    assert done.status == 1
    text = (repo.root / "out.html").read_text()
    assert not re.search(r"https?:|<script|<link|<img|@import|url\(", text)
    page = Page(text)
    assert page.names.isdisjoint({"b", "i", "script"})
    assert {*names, "vendor", "new.txt"} <= set(page.texts)
    # a tip for each cell of the map, both ways round
    pairs = json.loads(gitpar("conflicts", "--json", *names, cwd=repo.root).stdout)["pairs"]
    assert sum(1 for tip in page.tips if " and " in tip) == 2 * len(pairs)
    assert "`submodule-a` and `submodule-b` both changed `vendor`: git refuses (submodule)" in page.tips


def test_every_form_writes_a_page(repo: Repo) -> None:
    for words in (("--worktrees",), ("main",), ("binary-a", "binary-b", "--json")):
        done = gitpar("conflicts", *words, "--html", "out.html", cwd=repo.root)
        assert done.status in {0, 1}, done.stderr
        assert (repo.root / "out.html").read_text().startswith("<!doctype html>")
        (repo.root / "out.html").unlink()
    done = gitpar("conflicts", "binary-a", "--html", "no/where.html", cwd=repo.root)
    assert (done.status, done.stdout) == (3, "")
    assert "`no/where.html` cannot be written" in done.stderr


def test_the_map_has_a_letter_for_each_pair(repo: Repo) -> None:
    base = repo.git("rev-parse", "main")
    for name, line in (("one", 3), ("two", 3), ("far", 12)):
        files = {"content.txt": lines((line, name), (20, "content"))}
        repo.git("branch", name, repo.branch(base, name, files))
    repo.git("branch", "low", repo.branch(base, "low", {"Readme": "1\n"}))
    repo.git("branch", "high", repo.branch(base, "high", {"README": "2\n"}))
    done = gitpar("conflicts", "one", "two", "far", "low", "high", cwd=repo.root)
    shown = done.stdout.splitlines()
    assert "  file      `low` and `high` make names that differ by case only: `Readme`, `README`" in shown
    at = next(at for at, line in enumerate(shown) if line.startswith("X conflict"))
    assert [line.split() for line in shown[at + 1 : at + 7]] == [
        ["1", "2", "3", "4", "5"],
        ["1", "one", "-", "X", "f", ".", "."],
        ["2", "two", "X", "-", "f", ".", "."],
        ["3", "far", "f", "f", "-", ".", "."],
        ["4", "low", ".", ".", ".", "-", "c"],
        ["5", "high", ".", ".", ".", "c", "-"],
    ]
