"""Others judge the forge for tests and what gitpar asks of it: client libraries, GitHub's description."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import gitlab
import pytest
from github import Auth, Github

from gitpar.ui.cli.main import main
from tests.support.descriptions import Description
from tests.support.hosting import REPOSITORY, TOKEN
from tests.support.publishing import Shop, make, opened

DESCRIPTIONS = os.environ.get("GITPAR_FORGE_DESCRIPTIONS", "")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template")


@pytest.fixture(params=["github", "gitlab"])
def shop(
    template: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    if not (template / "shop").exists():
        make(template, os.environ)
    with opened(template, tmp_path / "copy", request.param) as made:
        for name, value in made.forge.environ().items():
            monkeypatch.setenv(name, value)
        yield made


def publish(shop: Shop, mode: str) -> int:
    return main(["-q", "-C", str(shop.repository), "publish", "--as", mode])


class Witness:
    """An independent client: PyGithub or python-gitlab."""

    def __init__(self, shop: Shop) -> None:
        self._kind = shop.forge.kind
        if self._kind == "github":
            root = shop.forge.root
            hub = Github(auth=Auth.Token(TOKEN), base_url=root, seconds_between_writes=0, lazy=True)
            self._repository = hub.get_repo(REPOSITORY)
        else:
            self._project = gitlab.Gitlab(shop.forge.root, private_token=TOKEN).projects.get(
                REPOSITORY, lazy=True
            )

    def requests(self) -> list[tuple[int, str, str, str, str]]:
        """Number, head, base, state and head commit of every request, oldest first."""
        if self._kind == "github":
            return sorted(
                (p.number, p.head.ref, p.base.ref, "merged" if p.merged_at else p.state, p.head.sha)
                for p in self._repository.get_pulls(state="all")
            )
        return sorted(
            (m.iid, m.source_branch, m.target_branch, "open" if m.state == "opened" else m.state, m.sha)
            for m in self._project.mergerequests.list(state="all", get_all=True)
        )

    def open(self, head: str, base: str, title: str) -> None:
        """Opens a request."""
        if self._kind == "github":
            self._repository.create_pull(base=base, head=head, title=title, body="by hand")
        else:
            self._project.mergerequests.create(
                {"source_branch": head, "target_branch": base, "title": title, "description": "by hand"}
            )

    def merge(self, number: int) -> None:
        """Merges a request."""
        if self._kind == "github":
            assert self._repository.get_pull(number).merge().merged
        else:
            self._project.mergerequests.get(number).merge()


def test_a_witness_sees_what_was_published(shop: Shop) -> None:
    assert publish(shop, "pr-per-level") == 0
    one, two = shop.level(1), shop.level(2)
    assert Witness(shop).requests() == [
        (1, one, "main", "open", shop.tip(one)),
        (2, two, one, "open", shop.tip(two)),
    ]
    assert publish(shop, "pr-per-task") == 0
    assert [state for _, _, _, state, _ in Witness(shop).requests()] == ["open"] * 2 + ["merged"] * 3


def test_what_a_witness_opened_or_merged_is_found(shop: Shop) -> None:
    assert publish(shop, "branch") == 0
    witness = Witness(shop)
    witness.open(shop.level(1), "main", "Mine")
    assert publish(shop, "pr-per-level") == 0
    assert len(shop.forge.pulls) == 2
    assert shop.forge.pulls[0].title == "Mine"
    assert shop.forge.pulls[0].body.startswith("by hand\n\n<!-- gitpar")
    witness.merge(1)
    assert publish(shop, "pr-per-level") == 0
    assert [base for _, _, base, _, _ in witness.requests()] == ["main", "main"]


FILES = {"github": "github.json", "gitlab": "gitlab.yaml", "gitea": "gitea.json"}
each_described = pytest.mark.parametrize("shop", FILES, indirect=True)


@pytest.fixture
def description(shop: Shop) -> Description:
    name = FILES[shop.forge.kind]
    path = Path(DESCRIPTIONS) / name
    if not DESCRIPTIONS or not path.is_file():
        pytest.skip(f"GITPAR_FORGE_DESCRIPTIONS names no folder with {name}, which the forge publishes")
    return Description(path)


@each_described
def test_every_exchange_fits_what_the_forge_publishes_of_its_interface(
    shop: Shop, description: Description
) -> None:
    for mode in ("pr-per-level", "pr-per-level", "pr-per-task"):
        assert publish(shop, mode) == 0
    exchanges = shop.forge.exchanges
    changed = {"github": ("PATCH", 200), "gitlab": ("PUT", 200), "gitea": ("PATCH", 201)}[shop.forge.kind]
    assert {(each.method, each.status) for each in exchanges} >= {
        ("GET", 200),
        ("POST", 201),
        changed,
        ("POST" if shop.forge.kind == "gitea" else "PUT", 200),
    }
    found = [breach for each in exchanges for breach in description.breaches(each)]
    assert found == []


@each_described
def test_the_description_would_see_a_breach(shop: Shop, description: Description) -> None:
    assert publish(shop, "pr-per-level") == 0
    [made, *_] = [each for each in shop.forge.exchanges if each.method == "POST"]
    base = "target_branch" if shop.forge.kind == "gitlab" else "base"
    head = ("source_branch", 1) if shop.forge.kind == "gitlab" else ("head", {"ref": 1})
    for name, sent, answered in (
        ("colour", {**made.sent, "colour": "red"}, made.answered),
        (base, {**made.sent, base: 7}, made.answered),
        (head[0], made.sent, {**made.answered, head[0]: head[1]}),
        ("colour", made.sent, {**made.answered, "colour": "red"}),
    ):
        wrong = type(made)(made.method, made.path, made.query, sent, made.status, answered)
        assert any(name in breach for breach in description.breaches(wrong)), name
