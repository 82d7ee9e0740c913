"""Workers in bubblewrap's sandbox: what they need works, what is not theirs stays as it was."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
import pytest

from gitpar.backends.bubblewrap import trouble
from tests.support.agent_programs import claude_init, claude_result, prints, program, settings
from tests.support.cli import gitpar
from tests.support.plans import everything_of_the_user, facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

COMMON = "c=$(git rev-parse --path-format=absolute --git-common-dir); m=${c%/.git}"
MARK = "27182"


@pytest.fixture(autouse=True)
def _works() -> None:
    why = trouble()
    if why:
        pytest.skip(why)


HOSTILE = {
    "main": f"{COMMON}; echo evil >> $m/README.md",
    "plant": f"{COMMON}; echo evil > $m/planted.txt",
    "config": "git config user.name Mallory",
    "hook": f"{COMMON}; mkdir -p $c/hooks; echo 'exit 1' > $c/hooks/pre-push",
    "attributes": f"{COMMON}; mkdir -p $c/info; echo '* filter=evil' > $c/info/attributes",
    "branch": "git update-ref refs/heads/other $(git commit-tree -m evil HEAD^{tree})",
    "unbranch": "git update-ref -d refs/heads/other",
    "tag": "git tag evil",
    "stash": "echo x > stashed; git stash -q -u",
    "head": f"{COMMON}; echo 'ref: refs/heads/evil' > $c/HEAD",
    "packs": f"{COMMON}; rm -rf $c/objects/pack $c/packed-refs",
    "journal": f"{COMMON}; : > $c/gitpar/journal.db; rm -rf $c/gitpar",
    "neighbour": 'for w in ../*; do [ "$w" -ef . ] || echo evil > $w/README.md; done',
    "home": 'echo evil > "$HOME/.profile"; echo evil > "$HOME/evil"',
    "remounts": "mount -o remount,rw / && touch /evil",
    "supervisor": "kill -9 $PPID; kill -9 -1",
    "daemon": f"setsid nohup sleep {MARK} >/dev/null 2>&1 & (env -i setsid sleep {MARK} &)",
}


def test_hostile_workers_reach_nothing(repo: Path, home: Path, tmp_path: Path) -> None:
    git(repo, "branch", "other")
    git(repo, "gc", "-q")
    before = everything_of_the_user(repo)
    refs = git(repo, "for-each-ref", "refs/heads", "refs/tags")
    at_home = sorted(home.rglob("*"))
    tasks = {name: f"({script}); echo {name} > {name}.txt" for name, script in HOSTILE.items()}
    tasks["remains"] = f"trap '' INT TERM; echo x > r; sleep {MARK} & sleep {MARK}"
    plan = write_plan(
        tmp_path / "plan.json",
        {n: {"command": t, "timeout_s": 0.5 if n == "remains" else 60} for n, t in tasks.items()},
    )
    options = ("--sandbox", "bwrap", "--jobs", "3", "--retries", "0", "--grace", "0.3")
    done = gitpar("run", plan, "--json", *options, cwd=repo)
    run = facts(done, 1)
    expected = dict.fromkeys(HOSTILE, "landed") | {"remains": "failed", "supervisor": "failed"}
    assert {name: state for name, state in states(run).items() if state != expected[name]} == {}
    after = everything_of_the_user(repo)
    assert {**after, "refs": ""} == {**before, "refs": ""}
    assert git(repo, "for-each-ref", "refs/heads/main", "refs/heads/other", "refs/tags") == refs
    assert sorted(home.rglob("*")) == at_home
    assert "put back" not in done.stderr
    assert "main worktree" not in done.stderr
    assert [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", MARK]] == []
    assert git(repo, "fsck", "--connectivity-only", "--no-dangling", "--no-progress") == ""


def test_a_worker_commits_and_finds_what_it_may_use(
    repo: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".ssh").mkdir()
    (home / ".ssh/id").write_text("a secret key")
    (home / ".netrc").write_text("a secret")
    (home / "cache").mkdir()
    monkeypatch.setenv("HIDDEN_TOKEN", "hidden-value")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:password@there")
    monkeypatch.setenv("SHOWN_TOKEN", "shown")
    settings(repo, 'sandbox = "bwrap"\nsandbox_env = ["SHOWN_*"]\nsandbox_write = ["~/cache"]\n')
    script = """
echo 1 > one; git add one; git commit -qm 'In the sandbox'
echo two > two
{ env; cat $HOME/.ssh/id $HOME/.netrc; ls -A /tmp /run; } > seen 2>&1
echo t > /tmp/t && echo kept > "$HOME/cache/kept"; echo s > "$GITPAR_SCRATCH/s"; echo told > "$GITPAR_NOTES"
git log --format=%s -1 > logged; ps -e 2>/dev/null | wc -l > processes
"""
    env = {"OWN": "of-the-task"}
    plan = write_plan(tmp_path / "plan.json", {"one": {"command": script, "env": env}})
    run = run_json(repo, plan)
    assert states(run) == {"one": "landed"}
    seen = show(repo, tip(run), "seen")
    assert "OWN=of-the-task" in seen
    assert "SHOWN_TOKEN=" in seen
    for secret in ("hidden-value", "postgres://", "a secret"):
        assert secret not in seen
    assert show(repo, tip(run), "one") == "1"
    assert show(repo, tip(run), "logged") == "In the sandbox"
    assert (home / "cache/kept").read_text() == "kept\n"
    assert not Path("/tmp/t").exists()


def test_without_network_nobody_is_reached(repo: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ask = f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 2)'"
        plan = write_plan(tmp_path / "plan.json", {"one": f"{ask} && echo yes > net || echo no > net"})
        on = run_json(repo, plan, "--sandbox", "auto")
        assert show(repo, tip(on), "net") == "yes"
        settings(repo, "network = false\n")
        off = run_json(repo, plan, "--sandbox", "auto")
        assert show(repo, tip(off), "net") == "no"
    done = gitpar("run", plan, cwd=repo)
    assert done.status == 2
    assert "`network = false` needs a sandbox" in done.stderr


def test_an_agent_in_a_sandbox_of_its_profile_keeps_its_state(
    repo: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-the-key-of-claude")
    (home / ".claude").mkdir()
    (home / ".claude/settings.json").write_text("{}")
    body = (
        'echo s > "$HOME/.claude/session"; echo evil > "$HOME/.claude/settings.json"; echo x > "$HOME/x";'
        f'test -n "$ANTHROPIC_API_KEY" && echo key > key\n{prints(claude_init(), claude_result())}'
    )
    fake = program(tmp_path / "bin", "claude", body)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    settings(repo, 'agent = "claude"\n[agents.claude]\nsandbox = "bwrap"\n')
    run = run_json(
        repo, write_plan(tmp_path / "plan.json", {"one": {"prompt": "Do it."}, "two": "echo > $HOME/y"})
    )
    assert states(run) == {"one": "landed", "two": "landed"}
    assert show(repo, tip(run), "key") == "key"
    assert (home / ".claude/session").read_text() == "s\n"
    assert (home / ".claude/settings.json").read_text() == "{}"
    assert not (home / "x").exists()
    assert (home / "y").exists()


def test_an_interrupted_worker_has_its_grace(repo: Path, tmp_path: Path) -> None:
    script = "trap 'echo bye > bye; exit 0' INT; while :; do sleep 0.05; done"
    plan = write_plan(tmp_path / "plan.json", {"one": {"command": script, "timeout_s": 1}})
    run = run_json(repo, plan, "--sandbox", "bwrap", "--retries", "0", "--grace", "10s", status=1)
    [task] = run["tasks"]
    kept = task["attempts"][0]["keep_ref"]
    assert show(repo, kept, "bye") == "bye"
    assert all(a["duration_s"] < 8 for a in task["attempts"])
