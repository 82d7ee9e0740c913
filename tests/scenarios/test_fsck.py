"""What `git fsck` says after runs in which something was refused, held, squashed or killed: nothing new."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, states, write_plan
from tests.support.repo import Repo, sealed_repo

LOG = "# Changes\n\n- first\n"
SETTINGS = '[merge]\nunion = ["CHANGELOG.md"]\n'


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = sealed_repo(monkeypatch, tmp_path / "shop")
    lines = "".join(f"line {n}\n" for n in range(1, 13))
    made.commit("base", {"list.txt": lines, "CHANGELOG.md": LOG, "gitpar.toml": SETTINGS})
    # something dangles before: that is the user's, and is said as before
    made.git("hash-object", "-w", "--stdin", stdin=b"stray\n")
    assert "dangling blob" in made.fsck()
    return made


def edit(line: int, text: str) -> str:
    return f"sed '{line}s/$/ {text}/' list.txt > new && mv new list.txt"


def test_what_gates_refuse_dangles_nowhere(repo: Repo, tmp_path: Path) -> None:
    before = repo.fsck()
    plan = write_plan(tmp_path / "plan.json", {"a": edit(2, "a"), "b": edit(6, "bad"), "c": edit(10, "c")})
    run = run_json(repo.root, plan, "--level-gate", "! grep -q bad list.txt", "-j", "1", status=1)
    assert states(run) == {"a": "landed", "b": "held", "c": "landed"}
    assert repo.fsck() == before
    held = f"refs/gitpar/unused/{run['run']}"
    subjects = repo.git("log", "--format=%s", held, "--not", "--branches").splitlines()
    assert "What gitpar made and no other ref holds" in subjects
    assert any(subject.startswith("Merge task b") for subject in subjects)
    assert gitpar("clean", cwd=repo.root).status == 0
    assert repo.fsck() == before
    assert gitpar("clean", "--purge", "--yes", cwd=repo.root).status == 0
    assert not repo.git("for-each-ref", "refs/gitpar/unused")


def test_what_is_held_or_settled_dangles_nowhere(repo: Repo, tmp_path: Path) -> None:
    before = repo.fsck()
    note = "echo '- {0}' >> CHANGELOG.md"
    tasks = {
        "a": f"{edit(2, 'a')} && {note.format('a')}",
        "b": f"{edit(2, 'b')} && {note.format('b')}",
        "c": note.format("c"),
    }
    asked = ("--policy", "drivers", "--policy", "hold", "--strategy", "squash")
    run = run_json(repo.root, write_plan(tmp_path / "plan.json", tasks), *asked, status=1)
    assert states(run) == {"a": "landed", "b": "held", "c": "landed"}
    assert repo.fsck() == before


def test_what_is_carried_over_and_squashed_dangles_nowhere(repo: Repo, tmp_path: Path) -> None:
    before = repo.fsck()
    done = tmp_path / "done"
    tasks: dict[str, str | dict[str, object]] = {
        "slow": f"until [ -e {done} ]; do sleep 0.02; done; {edit(2, 'slow')}",
        "a": edit(6, "a"),
        "b": {"depends_on": ["a"], "command": edit(10, "b")},
        "c": {"depends_on": ["b"], "command": f"{edit(12, 'c')} && touch {done}"},
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    run = run_json(repo.root, plan, "--schedule", "dag", "--jobs", "2", "--strategy", "squash")
    assert set(states(run).values()) == {"landed"}
    assert repo.fsck() == before


@pytest.mark.parametrize(
    ("fault", "after"),
    [("landing.proved:2", "resume"), ("capture.commit:2", "resume"), ("settle.settled:1", "clean")],
)
def test_a_killed_run_leaves_nothing_that_dangles(repo: Repo, tmp_path: Path, fault: str, after: str) -> None:
    before = repo.fsck()
    note = "echo '- {0}' >> CHANGELOG.md"
    tasks = {"a": f"{edit(2, 'a')} && {note.format('a')}", "b": note.format("b"), "c": edit(10, "c")}
    plan = write_plan(tmp_path / "plan.json", tasks)
    killed = gitpar("run", plan, "-j", "1", cwd=repo.root, env={"GITPAR_FAULT": f"{fault}:kill"})
    assert killed.status == -signal.SIGKILL, killed
    if after == "resume":
        run = facts(gitpar("resume", "--json", cwd=repo.root))
        assert set(states(run).values()) == {"landed"}
    cleaned = gitpar("clean", cwd=repo.root)
    assert cleaned.status == 0, cleaned
    assert repo.fsck() == before
