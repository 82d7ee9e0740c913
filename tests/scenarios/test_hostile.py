# ruff: noqa: E501 - a worker's script reads best on one line
"""Workers that do what no worker should, all in one run: each is contained and told in a line, the others land."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, show, states, tip, write_plan
from tests.support.sealed import git

MARK = "31415"
COMMON = "c=$(git rev-parse --path-format=absolute --git-common-dir); m=${c%/.git}"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A worker's script, the state its task ends in, and what is said about it."""

    script: str
    state: str = "landed"
    said: str = ""
    timeout_s: float | None = None


def config(setting: str) -> str:
    """A command that sets something, again where another worker has the file locked just then."""
    return f"for n in $(seq 200); do git config {setting} && break; done"


WORKERS = {
    "writes-into-main": Hostile(
        f"{COMMON}; echo evil >> $m/README.md",
        said="changed in the main worktree, by it or by somebody else: `README.md`",
    ),
    "plants-in-main": Hostile(f"{COMMON}; echo evil > $m/planted.txt", said="`planted.txt`"),
    "sets-config": Hostile(config("user.name Mallory"), said="`.git/config` was changed: put back"),
    "sets-hooks-path": Hostile(config("core.hooksPath /nowhere"), said="`.git/config` was changed"),
    "plants-a-hook": Hostile(
        # at once, as whoever looks meanwhile moves it away
        f"{COMMON}; mkdir -p $c/hooks; echo 'exit 1' > h; chmod +x h; mv h $c/hooks/pre-push",
        said="`.git/hooks/pre-push` was made: moved to",
    ),
    "plants-attributes": Hostile(
        f"{COMMON}; mkdir -p $c/info; echo '* filter=evil' > $c/info/attributes",
        said="`.git/info/attributes` was made: moved to",
    ),
    "moves-a-branch": Hostile(
        "git update-ref refs/heads/other $(git commit-tree -m evil HEAD^{tree})",
        said="`refs/heads/other` was moved to",
    ),
    "deletes-a-branch": Hostile(
        "git update-ref -d refs/heads/doomed",
        said="`refs/heads/doomed` was removed (to have it back: git update-ref refs/heads/doomed",
    ),
    "makes-a-branch": Hostile("git branch mine", said="`refs/heads/mine` was made"),
    "makes-a-tag": Hostile("git tag evil", said="`refs/tags/evil` was made"),
    "replaces-objects": Hostile(
        "git replace HEAD $(git commit-tree -m evil HEAD^{tree})", said="`refs/replace/"
    ),
    "commits-on-main": Hostile(
        "git update-ref refs/heads/main $(git commit-tree -p main -m evil main^{tree})",
        said="`refs/heads/main` was moved to",
    ),
    "stashes": Hostile("echo x > stashed; git stash -q -u; echo y > kept-too", said="a stash entry"),
    "deletes-its-branch": Hostile(
        "echo x > d1; git add d1; git commit -qm x; git update-ref -d $(git symbolic-ref HEAD)",
        said="its branch was deleted",
    ),
    "deletes-its-dot-git": Hostile("rm .git; echo x > d2"),
    "deletes-its-worktree": Hostile('rm -r "$PWD"', "failed", "worktree is gone"),
    "daemonises": Hostile(
        f"(setsid sh -c 'sleep {MARK}' & ) ; (setsid nohup setsid sleep {MARK} >/dev/null 2>&1 &); echo x > dm",
        said="ended what it left behind",
    ),
    "hides-its-marks": Hostile(
        f"(env -i setsid sleep {MARK} &); echo x > hm", said="ended what it left behind"
    ),
    "ignores-signals": Hostile(
        f"trap '' INT TERM HUP; echo x > is; sleep {MARK} & sleep {MARK}",
        "failed",
        "no end within 1 s",
        timeout_s=0.5,
    ),
    "kills-its-supervisor": Hostile("echo x > ks; kill -9 $PPID; sleep 0.3", "failed", "supervisor was lost"),
    "dies-of-a-signal": Hostile("echo x > sg; kill -SEGV $$", "failed", "killed by SIGSEGV"),
    "prints-100-megabytes": Hostile("head -c 100000000 /dev/zero | tr '\\0' x; echo x > big"),
    "prints-escapes-and-secrets": Hostile(
        "printf '\\033]0;owned\\007\\033[2J'; echo the key is $EVIL_API_KEY; echo x > esc"
    ),
    "closes-its-output": Hostile("exec >&- 2>&-; echo x > co"),
    "makes-3000-files": Hostile("mkdir many; i=0; while [ $i -lt 3000 ]; do : > many/$i; i=$((i+1)); done"),
    "makes-a-deep-tree": Hostile(
        "i=0; d=deep; while [ $i -lt 60 ]; do d=$d/0123456789; i=$((i+1)); done; mkdir -p $d; echo x > $d/f"
    ),
    "links-out": Hostile(f"{COMMON}; ln -s /etc/passwd link; ln -s $m out; ln -s ../../.. up"),
    "odd-names": Hostile(
        "echo x > \"$(printf 'new\\nline')\"; echo y > '-rf'; echo z > ' '; echo w > '$(reboot)'"
    ),
    "leaves-a-rebase": Hostile(
        "git switch -q --detach; echo x > rb; git add rb; git commit -qm x; GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' git rebase -qi HEAD^ || true",
        "failed",
        "a rebase was left in progress",
    ),
    "leaves-a-merge": Hostile(
        "git switch -qc s1; echo 1 > mg; git add mg; git commit -qm 1; git switch -q -; echo 2 > mg; git add mg; git commit -qm 2; git merge -q s1 || true",
        "failed",
        "a merge was left in progress",
    ),
    "rewrites-its-base": Hostile(
        "git commit -q --amend -m other --allow-empty", "failed", "does not contain the base"
    ),
    "starts-an-orphan": Hostile(
        "git checkout -q --orphan o; echo x > orp; git add -A; git commit -qm x",
        "failed",
        "does not contain the base",
    ),
    "nests-a-repository": Hostile(
        "git init -q sub; cd sub; echo x > f; git add f; git commit -qm c",
        said="the repository `sub` inside the worktree is kept",
    ),
    "leaves-locks": Hostile("echo x > lk; touch $(git rev-parse --absolute-git-dir)/index.lock"),
    "breaks-its-index": Hostile(
        "echo x > bi; echo x > $(git rev-parse --absolute-git-dir)/index", said="its index could not be read"
    ),
    "makes-pipes": Hostile("mkfifo pipe; echo x > pp", said="no files: `pipe`"),
    "forbids-reading": Hostile("mkdir no; echo x > no/f; chmod 000 no"),
    "moves-the-users-head": Hostile(
        f"{COMMON}; echo 'ref: refs/heads/evil' > $c/HEAD; sleep 0.2; echo 'ref: refs/heads/main' > $c/HEAD; echo x > mh"
    ),
    "removes-the-journal": Hostile(f"{COMMON}; rm -f $c/gitpar/journal.db*; echo x > rj"),
    "uses-another-store": Hostile(
        # the objects of its commit are there, so git writes none of them here
        f"{COMMON}; git init -q --bare $TMPDIR/store; export GIT_OBJECT_DIRECTORY=$TMPDIR/store/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$c/objects; echo elsewhere > as; git add as; git commit -qm x; mkdir -p $c/objects/info; echo $TMPDIR/store/objects > $c/objects/info/alternates",
        said="`.git/objects/info/alternates` was made: moved to",
    ),
    "becomes-another-repository": Hostile(
        "rm .git; git init -q .; echo x > ar; git add -A; git commit -qm evil",
        said="the history of the repository `.` (1 tips) is kept",
    ),
    "becomes-a-link": Hostile(
        'w=$PWD; cd ..; mv "$w" "$TMPDIR/moved"; ln -s "$TMPDIR/moved" "$w"', "failed", "worktree is gone"
    ),
    "forbids-writing": Hostile("mkdir fw; echo x > fw/f; chmod -R a-w ."),
    "forbids-everything": Hostile("echo x > fe; chmod 000 ."),
    "backdates": Hostile(
        "echo other >> README.md; touch -d 1990-01-01 README.md; : > bd; touch -d 2099-01-01 bd"
    ),
    "prunes": Hostile(
        'git worktree unlock "$PWD"; git worktree prune --expire=now; git gc -q --prune=now; echo x > pr'
    ),
    "odd-bytes-and-long-names": Hostile('printf x > "$(printf "\\377.txt")"; echo x > "$(printf %0255d 0)"'),
}
BYSTANDERS = ("one", "two", "three")


@pytest.fixture(scope="module")
def secret() -> str:
    return "sk-do-not-print-me"


def test_there_are_at_least_25_of_them() -> None:
    assert len(WORKERS) >= 25


def test_every_hostile_worker_is_contained_and_told_and_the_rest_lands(
    repo: Path, tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIL_API_KEY", secret)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    for name in ("other", "doomed"):
        git(repo, "branch", name)
    config, tree = (repo / ".git/config").read_bytes(), git(repo, "rev-parse", "main")
    tasks = {
        name: {"command": one.script, **({"timeout_s": one.timeout_s} if one.timeout_s else {})}
        for name, one in WORKERS.items()
    }
    calm = {name: {"command": f"sleep 0.1; echo {name} > {name}.txt"} for name in BYSTANDERS}
    last = {"last": {"command": "cat one.txt two.txt three.txt > last.txt", "depends_on": list(BYSTANDERS)}}
    plan = write_plan(tmp_path / "plan.json", {**calm, **tasks, **last})
    done = gitpar("run", plan, "--json", "--jobs", "3", "--retries", "0", "--grace", "0.3", cwd=repo)
    run = facts(done, 1)
    expected = {name: one.state for name, one in WORKERS.items()} | dict.fromkeys(
        (*BYSTANDERS, "last"), "landed"
    )
    assert {name: state for name, state in states(run).items() if state != expected[name]} == {}
    assert show(repo, tip(run), "last.txt").split() == list(BYSTANDERS)
    untold = [name for name, one in WORKERS.items() if one.said and one.said not in done.stderr]
    assert untold == []
    assert (repo / ".git/config").read_bytes() == config
    assert not (repo / ".git/hooks/pre-push").exists()
    assert not (repo / ".git/info/attributes").exists()
    assert [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", MARK]] == []
    everywhere = done.stdout + done.stderr + gitpar("logs", run["run"], cwd=repo).stdout
    assert secret not in everywhere
    assert "\033" not in everywhere
    assert secret.encode() not in b"".join(p.read_bytes() for p in (repo / ".git/gitpar").glob("journal.db*"))
    landed = git(repo, "ls-tree", "-r", "--name-only", "-z", tip(run)).split("\0")
    assert {"new\nline", "-rf", " ", "$(reboot)", "many/2999", "link", "no/f"} <= set(landed)
    assert git(repo, "fsck", "--connectivity-only", "--no-dangling", "--no-progress") == ""
    assert gitpar("clean", cwd=repo).status == 0
    assert (
        not [path for path in (repo.parent / "repo.worktrees").rglob("*") if path.is_file()] or os.geteuid()
    )
    assert tree


def test_ignore_rules_that_are_planted_hide_nothing_that_neighbours_made(repo: Path, tmp_path: Path) -> None:
    planted, gone = tmp_path / "planted", tmp_path / "gone"
    evil = f"{COMMON}; mkdir -p $c/info; echo '*' > $c/info/exclude; touch {planted}; until [ -e {gone} ]; do sleep 0.02; done"
    calm = f"until [ -e {planted} ]; do sleep 0.02; done; echo mine > mine.txt"
    tasks: dict[str, dict[str, object]] = {
        "evil": {"command": evil, "timeout_s": 20},
        "calm": {"command": calm},
        "last": {"command": f"cat mine.txt && touch {gone}", "depends_on": ["calm"]},
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    done = gitpar("run", plan, "--json", "--jobs", "3", "--schedule", "dag", cwd=repo)
    run = facts(done)
    assert set(states(run).values()) == {"landed"}
    assert show(repo, tip(run), "mine.txt") == "mine"
    assert "`.git/info/exclude` was " in done.stderr


def test_a_run_whose_level_was_removed_goes_on_once_it_is_put_back(repo: Path, tmp_path: Path) -> None:
    once = f"{COMMON}; mkdir {tmp_path}/once && git for-each-ref --format='delete %(refname)' refs/heads/gitpar | git update-ref --stdin; echo x > dl"
    calm = {"command": f"until [ -d {tmp_path}/once ]; do sleep 0.02; done; sleep 0.2; echo calm > calm.txt"}
    plan = write_plan(tmp_path / "plan.json", {"evil": {"command": once}, "calm": calm})
    done = gitpar("run", plan, "--json", "--jobs", "2", cwd=repo)
    run = facts(done, 1)
    assert set(states(run).values()) == {"finished"}
    base = git(repo, "rev-parse", "main")
    level = f"refs/heads/gitpar/{run['run']}/level/1"
    back = f"git update-ref {level} {base}"
    assert f"to go on from where it was: {back}, then gitpar resume {run['run']}" in done.stderr
    git(repo, *back.split()[1:])
    again = facts(gitpar("resume", "--json", cwd=repo))
    assert set(states(again).values()) == {"landed"}
    assert again["metrics"]["spawned"] == 2
