"""Publishing a run once more after a person has had tasks tried again or settled them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.driving import Driver
from tests.support.publishing import Shop, make, opened
from tests.support.sealed import git

FAILING: list[dict[str, Any]] = [
    {"id": "good", "title": "Do good", "command": "echo good > f"},
    {
        "id": "bad",
        "title": "Do bad",
        "command": "echo bad > $FILE; echo learned >> $GITPAR_NOTES; test -e $SWITCH && echo better > g",
        "retries": 0,
    },
    {"id": "after", "title": "Do more", "command": "echo after > h", "depends_on": ["bad"]},
]


@contextmanager
def published(tmp_path: Path, how: str, file: str = "f") -> Iterator[tuple[Shop, Driver]]:
    """A run in which `bad` failed, published as it is; it works from now on where `SWITCH` exists.

    Where it writes the file `f`, its first result does not merge with that of `good`.
    """
    (tmp_path / "made").mkdir()
    environ = {**os.environ, "SWITCH": str(tmp_path / "switch"), "FILE": file}
    make(tmp_path / "made", environ, tasks=FAILING)
    with opened(tmp_path / "made", tmp_path / "copy", "github") as shop:
        driver = Driver(shop.repository, {**environ, **shop.forge.environ()})
        assert driver.say("publish", "--as", how).status == 0
        yield shop, driver


def settle(shop: Shop, driver: Driver) -> None:
    """Does what a person does after `resume --resolve`."""
    assert driver.say("resume", "--resolve", "bad").status == 1
    place = shop.repository.parent / "shop.worktrees" / f"{shop.run}.resolve" / "bad"
    (place / "f").write_text("good and bad\n")
    git(place, "add", "f")
    git(place, "commit", "-qm", "Settle it")


def test_what_was_tried_again_comes_in_requests_on_top(tmp_path: Path) -> None:
    with published(tmp_path, "pr-per-level") as (shop, driver):
        one = shop.level(1)
        before = shop.tip(one)
        assert shop.stack() == [(one, "main", "open")]
        (tmp_path / "switch").touch()
        # the second try clashes with `good`, whose result is there already: it is cut from it
        said = driver.say("resume", "--retry", "bad")
        assert said.status == 0, str(said)
        again = driver.say("publish")
        assert again.status == 0, str(again)
        assert shop.stack() == [
            (one, "main", "open"),
            (shop.level(2), one, "open"),
            (shop.level(3), shop.level(2), "open"),
        ]
        assert shop.tip(one) == before, "what is being reviewed has not moved"
        assert shop.files(shop.level(3))["f"] == "bad\n"
        made = len(shop.forge.pulls)
        assert driver.say("publish").status == 0
        assert len(shop.forge.pulls) == made


def test_what_a_person_settled_comes_on_top_of_what_was_merged_meanwhile(tmp_path: Path) -> None:
    with published(tmp_path, "pr-per-level") as (shop, driver):
        shop.forge.merge_by_hand(1)
        settle(shop, driver)
        assert driver.say("resume", "--resolve", "bad").status == 0
        again = driver.say("publish")
        assert again.status == 0, str(again)
        assert shop.stack() == [
            (shop.level(1), "main", "merged"),
            (shop.level(2), "main", "open"),
            (shop.level(3), shop.level(2), "open"),
        ]
        assert shop.files(shop.level(2))["f"] == "good and bad\n"


@pytest.mark.parametrize(
    ("remedy", "step"),
    [
        ("--retry", "landing.moved"),
        ("--retry", "publish.push"),
        ("--accept", "landing.proved"),
        ("--accept", "notes.moved"),
        ("--resolve", "landing.move"),
        ("--resolve", "request.written"),
    ],
)
def test_killed_in_mid_remedy_all_lands_and_is_published_once(tmp_path: Path, remedy: str, step: str) -> None:
    with published(tmp_path, "pr-per-task", "f" if remedy == "--resolve" else "b") as (shop, driver):
        (tmp_path / "switch").touch()
        if remedy == "--resolve":
            settle(shop, driver)
        of_publish = step.startswith(("publish", "request"))
        if of_publish:
            assert driver.say("resume", remedy, "bad").status == 0
        killed = driver.say(
            *(("publish",) if of_publish else ("resume", remedy, "bad")), fault=f"{step}:1:kill"
        )
        assert killed.status == -signal.SIGKILL, str(killed)
        said = driver.say("resume")
        assert set(said.states.values()) == {"landed"}, str(said)
        assert driver.say("publish").status == 0
        assert shop.stack() == [(shop.landed(task), "main", "merged") for task in ("good", "bad", "after")]
        assert shop.files("main")[".progress.md"].splitlines().count("learned") == 1
        git(shop.repository, "fsck", "--no-dangling")


NOTING: list[dict[str, Any]] = [
    {"id": "one", "title": "Do one", "command": "echo 1 > one; echo first >> $GITPAR_NOTES"},
    {"id": "two", "title": "Do two", "command": "echo 2 > two"},
    {"id": "last", "title": "Say more", "command": "echo last >> $GITPAR_NOTES", "depends_on": ["two"]},
]


def test_all_notes_are_in_requests_of_tasks(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    make(tmp_path / "made", os.environ, tasks=NOTING)
    with opened(tmp_path / "made", tmp_path / "copy", "github") as shop:
        driver = Driver(shop.repository, {**os.environ, **shop.forge.environ()})
        said = driver.say("publish", "--as", "pr-per-task")
        assert said.status == 0, str(said)
        heads = [shop.landed("one"), shop.landed("two"), shop.level(2)]
        assert shop.stack() == [(head, "main", "merged") for head in heads]
        lines = shop.files("main")[".progress.md"].splitlines()
        assert [line for line in lines if line in ("first", "last")] == ["first", "last"]
