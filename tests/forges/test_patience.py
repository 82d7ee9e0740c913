"""What is tried again, what is waited for, and what is never sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from gitpar.core.forges import Draft, ForgeKind, RequestState
from gitpar.errors import EnvironmentFault, ForgeRefused, ForgeUnsure
from gitpar.forges.address import ForgeAddress
from gitpar.forges.at import forge_at
from gitpar.forges.rest import Patience
from gitpar.ports import Forge
from tests.support.hosting import REPOSITORY, TOKEN, Fault, Hosting, hosting
from tests.support.repo import Repo

NOW = 1_800_000_000.0
TAKE_ONE = Draft("one", "main", "Take one", "")


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Hosting]:
    repo = Repo(tmp_path / "shop")
    repo.commit("base", {"f": "1\n"})
    repo.git("branch", "one", repo.branch("main", "one", {"f": "one\n"}))
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "forge.git"))
    with hosting(tmp_path / "forge.git", "github") as made:
        yield made
    assert made.breaches == []


@pytest.fixture
def paused() -> list[float]:
    return []


@pytest.fixture
def forge(double: Hosting, paused: list[float], request: pytest.FixtureRequest) -> Forge:
    """Waits long for an answer, unless the test is about one that does not come."""
    status = request.node.callspec.params.get("status") if hasattr(request.node, "callspec") else None
    permit = ("Authorization", f"Bearer {TOKEN}")
    address = ForgeAddress(ForgeKind.GITHUB, double.api, REPOSITORY, permit, "GITHUB_TOKEN")
    patience = Patience(pause=paused.append, now=lambda: NOW, longest_wait_s=100)
    patience = replace(patience, timeout_s=1.5 if status == -1 else 30.0)
    return forge_at(address, patience)


@pytest.mark.parametrize(
    "asked",
    [
        ({"Retry-After": "7"}, 429, 7.0),
        ({"Retry-After": formatdate(NOW + 9, usegmt=True)}, 429, 9.0),
        ({"Retry-After": formatdate(NOW - 9, usegmt=True)}, 429, 0.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 30)}, 403, 31.0),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(NOW) + 30)}, 429, 31.0),
        ({"Retry-After": "3"}, 503, 3.0),
        ({}, 429, 60.0),
    ],
)
def test_a_forge_is_left_alone_for_as_long_as_it_asks(
    double: Hosting, forge: Forge, paused: list[float], asked: tuple[dict[str, str], int, float]
) -> None:
    headers, status, expected = asked
    double.faults = [Fault("POST", "/pulls", status, headers)]
    assert forge.open(TAKE_ONE).number == 1
    assert paused == [expected]


def test_a_second_kind_of_limit_is_only_told_in_words(
    double: Hosting, forge: Forge, paused: list[float]
) -> None:
    double.faults = [
        Fault("GET", "/pulls", 403, body=b'{"message": "You have exceeded a secondary rate limit"}')
    ]
    assert forge.requests("one") == []
    assert paused == [60.0]


def test_a_wait_that_is_too_long_is_told_and_not_made(
    double: Hosting, forge: Forge, paused: list[float]
) -> None:
    double.faults = [Fault("GET", "/pulls", 429, {"Retry-After": "3600"})]
    with pytest.raises(EnvironmentFault, match=r"left alone until 09:00 UTC"):
        forge.requests("one")
    assert paused == []


@pytest.mark.parametrize("status", [500, 502, 0, -1])
def test_reading_is_tried_again_with_growing_pauses(
    double: Hosting, forge: Forge, paused: list[float], status: int
) -> None:
    double.faults = [Fault("GET", "/pulls", status, times=2)]
    assert forge.requests("one") == []
    assert paused == [0.5, 1.0]


def test_an_update_is_tried_again(double: Hosting, forge: Forge) -> None:
    forge.open(TAKE_ONE)
    double.faults = [Fault("PATCH", "/pulls", 500), Fault("PATCH", "/pulls", 0, acts=True)]
    assert forge.update(1, Draft("one", "main", "Else", "")).title == "Else"


@pytest.mark.parametrize("status", [500, 0, -1])
@pytest.mark.parametrize("acts", [False, True])
def test_what_would_double_a_request_is_sent_once(
    double: Hosting, forge: Forge, status: int, *, acts: bool
) -> None:
    double.faults = [Fault("POST", "/pulls", status, acts=acts)]
    with pytest.raises(ForgeUnsure):
        forge.open(TAKE_ONE)
    assert len(double.headers) == 1
    assert len(forge.requests("one")) == acts


@pytest.mark.parametrize("acts", [False, True])
def test_a_merge_is_sent_once(double: Hosting, forge: Forge, *, acts: bool) -> None:
    made = forge.open(TAKE_ONE)
    double.faults = [Fault("PUT", "/merge", 0, acts=acts)]
    with pytest.raises(ForgeUnsure):
        forge.merge(1, made.commit)
    assert (forge.read(1).state is RequestState.MERGED) == acts


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_refusal_is_told_at_once_with_the_forges_words_and_without_the_token(
    double: Hosting, forge: Forge, paused: list[float], status: int
) -> None:
    body = b'{"message": "Validation Failed", "errors": [{"message": "no t0ken-that-nobody-may-see"}]}'
    double.faults = [Fault("POST", "/pulls", status, body=body)]
    with pytest.raises(ForgeRefused, match="Validation Failed; no") as refused:
        forge.open(TAKE_ONE)
    assert refused.value.status == status
    assert TOKEN not in refused.value.message + "".join(refused.value.hints)
    assert refused.value.hints
    assert paused == []


def test_the_token_is_not_shown_with_the_address() -> None:
    address = ForgeAddress(ForgeKind.GITHUB, "https://x", "a/b", ("Authorization", f"Bearer {TOKEN}"), "T")
    assert TOKEN not in repr(address)
