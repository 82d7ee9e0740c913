"""`gitpar publish` on a finished run: a remote with real git, and each forge in front of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitpar.ui.cli.main import main
from tests.support.driving import Driver
from tests.support.hosting import TOKEN, Fault
from tests.support.publishing import FINAL, KINDS, Shop, make, opened
from tests.support.sealed import git


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("template")


class Publishes:
    """Calls `gitpar publish` in this process."""

    def __init__(self, shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
        self.shop = shop
        self._capfd = capfd

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._capfd.readouterr()
        status = main(["-C", str(self.shop.repository), "publish", *words])
        return status, *self._capfd.readouterr()


@pytest.fixture
def shop(
    template: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    if not (template / "shop").exists():
        make(template, os.environ)
    with opened(template, tmp_path / "copy", getattr(request, "param", "github")) as made:
        for name, value in made.forge.environ().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def publish(shop: Shop, capfd: pytest.CaptureFixture[str]) -> Publishes:
    return Publishes(shop, capfd)


each_forge = pytest.mark.parametrize("shop", KINDS, indirect=True)


@each_forge
def test_a_request_a_level_on_top_of_each_other_and_never_twice(shop: Shop, publish: Publishes) -> None:
    one, two = shop.level(1), shop.level(2)
    status, out, err = publish("--as", "pr-per-level")
    assert (status, shop.stack()) == (0, [(one, "main", "open"), (two, one, "open")]), err
    assert [line.split(",")[0] for line in out.splitlines()] == [
        f"request 1 is open: `{one}` into `main`",
        f"request 2 is open: `{two}` into `{one}`",
    ]
    assert shop.tip(two) == shop.tip(two, shop.repository)
    before = list(shop.forge.pulls)
    asked = [(each.method, each.path) for each in shop.forge.exchanges if each.method != "GET"]
    assert publish()[0] == 0
    assert shop.forge.pulls == before
    assert [(e.method, e.path) for e in shop.forge.exchanges if e.method != "GET"] == asked


@each_forge
def test_a_level_that_was_merged_moves_the_next_one_down(shop: Shop, publish: Publishes) -> None:
    publish("--as", "pr-per-level")
    shop.forge.merge_by_hand(1)
    git(shop.origin, "update-ref", "-d", f"refs/heads/{shop.level(1)}")
    assert publish()[0] == 0
    assert shop.stack() == [(shop.level(1), "main", "merged"), (shop.level(2), "main", "open")]
    assert shop.tip(shop.level(1)) == ""


@each_forge
def test_a_request_a_task_merged_in_landing_order(shop: Shop, publish: Publishes) -> None:
    status, _, err = publish("--as", "pr-per-task")
    heads = [shop.landed(task) for task in ("one", "two", "x%2F3")]
    assert (status, shop.stack()) == (0, [(head, "main", "merged") for head in heads]), err
    assert shop.files("main") == FINAL
    merges = git(shop.origin, "log", "--first-parent", "--reverse", "--format=%P", "main").splitlines()[1:]
    assert [line.split()[1] for line in merges] == [pull.stood for pull in shop.forge.pulls]
    assert publish()[0] == 0
    assert len(git(shop.origin, "log", "--first-parent", "--format=%H", "main").splitlines()) == 4


def test_a_body_is_made_from_the_run_and_leaves_alone_what_people_wrote(
    shop: Shop, publish: Publishes
) -> None:
    publish("--as", "pr-per-level")
    pull = shop.forge.pulls[0]
    first = pull.body
    assert pull.title == "plan, wave 1 of 2: Do one <b>@team</b> | fixes #1 and 1 more"
    assert r"| `one` | Do one \<b\>@" + "\u200b" + r"team\</b\> \| fixes \#1 | `f` | 1 |" in first
    assert "`one` and `two` both changed `f` lines 2 / 12: the changes lie apart" in first
    assert f"`{shop.tip(shop.level(1))[:12]}`" in first
    assert "gitpar run plan.json --base" in first
    assert str(shop.folder) not in first
    pull.title, pull.body = "Mine", f"Seen by me.\r\n\r\n{first.replace('two', 'zwei')}\r\n\r\nAnd below."
    assert publish()[0] == 0
    assert (pull.title, pull.body) == ("Mine", f"Seen by me.\n\n{first}\n\nAnd below.")


def test_a_dry_run_says_what_would_be_done_and_does_nothing(shop: Shop, publish: Publishes) -> None:
    status, out, _ = publish("--as", "pr-per-task", "--dry-run")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        *["push"] * 3,
        *["open"] * 3,
        "merge",
        "change",
        "merge",
        "change",
        "merge",
    ]
    assert (shop.stack(), shop.tip(shop.landed("one"))) == ([], "")
    assert all(each.method == "GET" for each in shop.forge.exchanges)
    facts = json.loads(publish("--as", "branch", "--dry-run", "--json")[1])
    assert [step["do"] for step in facts["steps"]] == ["push"]


def test_branches_alone_need_no_forge(
    shop: Shop, publish: Publishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in shop.forge.environ():
        monkeypatch.delenv(name)
    status, out, _ = publish("--as", "branch", "--json")
    assert status == 0
    assert [each["branch"] for each in json.loads(out)["branches"]] == [shop.level(1), shop.level(2)]
    assert shop.files(shop.level(2)) == FINAL
    assert shop.forge.headers == []


def test_into_moves_a_branch_forward_and_never_aside(shop: Shop, publish: Publishes) -> None:
    base = shop.tip("main")
    assert publish("--as", "into", "--target", "main")[0] == 0
    assert shop.tip("main") == shop.tip(shop.level(2), shop.repository)
    other = git(shop.origin, "commit-tree", f"{base}^{{tree}}", "-p", base, "-m", "elsewhere")
    git(shop.origin, "update-ref", "refs/heads/main", other)
    status, out, _ = publish("--as", "into", "--target", "main")
    assert (status, shop.tip("main")) == (1, other)
    assert "`main` of `origin` was not moved: it has gone elsewhere" in out


def test_what_somebody_else_pushed_is_not_overwritten(shop: Shop, publish: Publishes) -> None:
    publish("--as", "pr-per-level")
    head = shop.level(1)
    theirs = git(shop.origin, "commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "a reviewer's")
    git(shop.origin, "update-ref", f"refs/heads/{head}", theirs)
    status, out, _ = publish("--dry-run")
    theirs_now = f"`{head}` stands at {theirs[:12]} on `origin`, which this run has not pushed"
    assert (status, out) == (1, f"{theirs_now}: nothing was overwritten\n")
    status, out, _ = publish()
    assert (status, shop.tip(head)) == (1, theirs)
    assert theirs_now in out


def test_a_closed_request_stays_closed(shop: Shop, publish: Publishes) -> None:
    publish("--as", "pr-per-level")
    shop.forge.close(1)
    status, out, _ = publish()
    assert (status, shop.forge.pulls[0].state, len(shop.forge.pulls)) == (1, "closed", 2)
    assert f"request 1 from `{shop.level(1)}` was closed by somebody: it stays closed" in out


def test_a_hook_that_refuses_leaves_everything_as_it_was(shop: Shop, publish: Publishes) -> None:
    hook = shop.origin / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncase $1 in */level/2) echo protected, ask Ada >&2; exit 1;; esac\n")
    hook.chmod(0o755)
    status, out, _ = publish("--as", "pr-per-level")
    assert (status, shop.stack(), shop.tip(shop.level(1))) == (1, [], "")
    assert "`origin` refused the push, so nothing moved there" in out
    assert "protected, ask Ada" in out
    hook.unlink()
    assert publish()[0] == 0
    assert len(shop.stack()) == 2


def test_a_merge_that_is_refused_leaves_the_rest_open(shop: Shop, publish: Publishes) -> None:
    shop.forge.faults = [Fault("PUT", "/merge", 405, body=b'{"message": "At least 1 review is required"}')]
    status, out, _ = publish("--as", "pr-per-task")
    assert (status, [state for *_, state in shop.stack()]) == (1, ["open"] * 3)
    assert "At least 1 review is required" in out
    assert [base for _, base, _ in shop.stack()] == ["main", shop.landed("one"), shop.landed("two")]


@each_forge
@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "", 0, acts=True),
        Fault("POST", "", 0),
        Fault("POST", "", 502, acts=True),
        Fault("POST", "", 429, {"Retry-After": "0"}, times=2),
        Fault("GET", "", 500),
    ],
    ids=["cut-acted", "cut", "502-acted", "429", "500"],
)
def test_an_answer_that_is_lost_doubles_nothing(shop: Shop, publish: Publishes, fault: Fault) -> None:
    shop.forge.faults = [Fault(fault.method, "", fault.status, fault.headers, fault.acts, fault.times)]
    status, _, err = publish("--as", "pr-per-level")
    assert status == 0, err
    assert shop.stack() == [(shop.level(1), "main", "open"), (shop.level(2), shop.level(1), "open")]
    assert shop.forge.faults == []


@pytest.mark.parametrize(("status", "ends"), [(401, 3), (403, 3), (404, 3), (409, 1), (422, 1)])
def test_a_refusal_is_told_and_the_next_time_goes_on(
    shop: Shop, publish: Publishes, status: int, ends: int
) -> None:
    shop.forge.faults = [Fault("POST", "/pulls", status, body=b'{"message": "not so"}')]
    ended, out, err = publish("--as", "pr-per-level")
    assert ended == ends
    assert "not so" in out + err
    assert publish()[0] == 0
    heads = [head for head, _, _ in shop.stack()]
    assert sorted(heads) == [shop.level(1), shop.level(2)]


def test_the_token_is_nowhere_but_in_its_header(shop: Shop, publish: Publishes) -> None:
    body = f'{{"message": "bad token {TOKEN}"}}'.encode()
    shop.forge.faults = [Fault("POST", "/pulls", 422, body=body)]
    _, out, err = publish("--as", "pr-per-level", "-v")
    journal = shop.repository / ".git" / "gitpar" / "journal.db"
    connection = sqlite3.connect(journal)
    stored = "\n".join(connection.iterdump())
    connection.close()
    assert "RequestWriting" in stored
    for text in (out, err, stored, *(pull.body for pull in shop.forge.pulls)):
        assert TOKEN not in text


@pytest.mark.parametrize(
    "asked",
    [
        ((), (), 2, "it is not said how to publish"),
        (("--as", "branch", "--remote", "nowhere"), (), 2, "there is no remote `nowhere`"),
        (("--as", "into"), (), 2, "it is not said which branch of the remote to move"),
        (("--as", "pr-per-level"), ("GITHUB_TOKEN",), 3, "without a token; nothing was pushed"),
        (("--as", "pr-per-level"), ("GITHUB_ACTIONS",), 2, "it is not clear which kind of forge"),
        (("nope", "--as", "branch"), (), 2, "`nope`: there is no such run"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_pushed(
    shop: Shop,
    publish: Publishes,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[tuple[str, ...], tuple[str, ...], int, str],
) -> None:
    words, unset, code, said = asked
    for name in unset:
        monkeypatch.delenv(name)
    status, out, err = publish(*words)
    assert (status, out) == (code, "")
    assert said in err
    assert "Hint:" in err
    assert shop.tip(shop.level(1)) == ""


def test_a_run_that_was_undone_is_not_published(shop: Shop, publish: Publishes) -> None:
    assert main(["-q", "-C", str(shop.repository), "undo", shop.run]) == 0
    status, _, err = publish("--as", "branch")
    assert (status, git(shop.origin, "for-each-ref", "refs/heads/gitpar")) == (2, "")
    assert "was undone; nothing was published" in err


def test_a_remote_that_is_gone(shop: Shop, publish: Publishes) -> None:
    git(shop.repository, "remote", "set-url", "origin", "https://ada:s3cret@127.0.0.1:9/x.git")
    status, _, err = publish("--as", "branch")
    assert status == 3
    assert "the remote `origin` cannot be read" in err
    assert "s3cret" not in err


def test_the_users_own_hook_sees_the_push(shop: Shop, publish: Publishes) -> None:
    hook = shop.repository / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ncat > pushed\n")
    hook.chmod(0o755)
    assert publish("--as", "branch")[0] == 0
    assert f"refs/heads/{shop.level(2)}" in (shop.repository / "pushed").read_text()


def test_certificates_go_along_where_that_is_asked_for(shop: Shop, publish: Publishes) -> None:
    notes = "refs/notes/gitpar"
    assert publish("--as", "branch")[0] == 0
    assert git(shop.origin, "for-each-ref", notes) == ""
    assert publish("--as", "branch", "--notes", "--dry-run")[1] == "push   the certificates to `origin`\n"
    assert publish("--as", "branch", "--notes")[0] == 0
    assert git(shop.origin, "rev-parse", notes) == git(shop.repository, "rev-parse", notes)
    git(shop.origin, "notes", "--ref=gitpar", "add", "-f", "-m", "theirs", "main")
    git(shop.repository, "notes", "--ref=gitpar", "add", "-f", "-m", "ours", "main")
    theirs = git(shop.origin, "rev-parse", notes)
    status, out, _ = publish("--as", "branch", "--notes")
    assert (status, git(shop.origin, "rev-parse", notes)) == (1, theirs)
    type_this = out.partition("where they differ there: ")[2].strip()
    subprocess.run(["sh", "-c", f"{type_this} -s union"], cwd=shop.repository, check=True)
    assert publish("--as", "branch", "--notes")[0] == 0


PARTLY: list[dict[str, Any]] = [
    {"id": "good", "title": "Do good", "command": "echo good > good"},
    {"id": "bad", "title": "Do bad", "command": "exit 3", "retries": 0},
]


def test_what_did_not_land_is_told_and_nothing_is_merged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made").mkdir()
    make(tmp_path / "made", os.environ, tasks=PARTLY)
    with opened(tmp_path / "made", tmp_path / "copy", "github") as shop:
        for name, value in shop.forge.environ().items():
            monkeypatch.setenv(name, value)
        publish = Publishes(shop, capfd)
        assert publish("--as", "pr-per-level")[0] == 0
        assert "- `bad` failed: exit status 3" in shop.forge.pulls[0].body
        assert publish("--as", "pr-per-task")[0] == 0
        assert shop.stack()[1:] == [(shop.landed("good"), "main", "open")]
        status, out, _ = publish("--as", "into", "--target", "main")
        assert (status, out.splitlines()[-1]) == (
            1,
            "`main` of `origin` was not moved: not everything landed",
        )


def test_a_run_publishes_at_its_end_and_a_resume_does_where_it_was_killed(
    template: Path, tmp_path: Path
) -> None:
    if not (template / "shop").exists():
        make(template, os.environ)
    with opened(template, tmp_path / "copy", "gitlab") as shop:
        plan = shop.folder / "plan.json"
        words = ("run", plan, "--publish", "pr-per-level")
        tokenless = {**os.environ, **shop.forge.environ(), "GITLAB_TOKEN": ""}
        without = Driver(shop.repository, tokenless).say(*words)
        assert without.status == 3
        assert "without a token" in without.stderr
        environ = {**os.environ, **shop.forge.environ()}
        driver = Driver(shop.repository, environ)
        killed = driver.say(*words, fault="publish.push:1:kill")
        assert killed.status == -signal.SIGKILL
        assert shop.stack() == []
        said = driver.say("resume")
        assert said.status == 0, str(said)
        branches = said.facts["published"]["branches"]
        assert [each["request"]["state"] for each in branches] == ["open", "open"]
        assert [each["branch"] for each in branches] == [level["branch"] for level in said.facts["levels"]]
        assert len(shop.forge.pulls) == 2
        status = driver.say("status")
        assert status.facts["published"] == said.facts["published"]
