"""Gates have no more rights than workers: the same sandbox, the same budgets, watched alike."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gitpar.backends.bubblewrap import trouble
from tests.scenarios.test_sandbox import HOSTILE
from tests.support.agent_programs import (
    claude_init,
    claude_result,
    claude_tool,
    prints,
    program,
    settings,
)
from tests.support.cli import Completed, gitpar
from tests.support.plans import everything_of_the_user, facts, show, states, tip, write_plan
from tests.support.sealed import git

REVIEW = """\
grace = 0.1
[gates.review]
agent = "claude"
prompt = "Is anything insecure?"
on = ["{on}"]
[agents.claude]
idle_timeout = "{idle}"
cooling = "0.2s"
"""
PASS = claude_result('```json\n{"verdict": "pass"}\n```')


def reviewed(
    repo: Path, tmp_path: Path, body: str, *more: str, on: str = "task", idle: str = "1m"
) -> Completed:
    """Runs a plan of one command whose result is reviewed by a program that does `body`."""
    settings(repo, REVIEW.format(on=on, idle=idle))
    program(tmp_path / "programs", "claude", f"cat > /dev/null\n{body}")
    plan = write_plan(tmp_path / "plan.json", {"a": {"command": "echo a > a", "retries": 0}})
    return gitpar("run", plan, "--json", *more, cwd=repo, env=with_programs(tmp_path))


def with_programs(tmp_path: Path, **variables: str) -> dict[str, str]:
    return {"PATH": f"{tmp_path / 'programs'}:{os.environ['PATH']}", **variables}


def test_a_hostile_gate_reaches_nothing(repo: Path, home: Path, tmp_path: Path) -> None:
    if why := trouble():
        pytest.skip(why)
    git(repo, "branch", "other")
    git(repo, "gc", "-q")
    script = "; ".join(f"({one})" for name, one in HOSTILE.items() if name != "supervisor")
    gates = {
        "hostile": ("task", f"{script}; git add -A; git commit -qm evil; true"),
        "again": ("level", f"{script}; : again"),
        "kills": ("level", HOSTILE["supervisor"]),
    }
    tables = (f"[gates.{n}]\non = ['{on}']\ncommand = '''{text}'''\n" for n, (on, text) in gates.items())
    settings(repo, "grace = 0.1\n" + "".join(tables))
    before, at_home = everything_of_the_user(repo), sorted(home.rglob("*"))
    refs = git(repo, "for-each-ref", "refs/heads", "refs/tags")
    done = gitpar(
        "run", write_plan(tmp_path / "p.json", {"a": "echo a > a"}), "--json", "--sandbox", "bwrap", cwd=repo
    )
    run = facts(done, 1)
    assert [(gate["gate"], gate["on"], gate["verdict"]) for gate in run["gates"][:2]] == [
        ("hostile", "task", "passed"),
        ("again", "level", "passed"),
    ]
    assert {gate["verdict"] for gate in run["gates"] if gate["gate"] == "kills"} == {"failed"}
    assert everything_of_the_user(repo) == before
    assert sorted(home.rglob("*")) == at_home
    ours = git(repo, "for-each-ref", "--format=%(refname)", "refs/heads/gitpar")
    now = git(repo, "for-each-ref", "refs/heads", "refs/tags").splitlines()
    assert [line for line in now if line.split("\t")[1] not in ours.split()] == refs.splitlines()
    assert "while workers were at work" not in done.stdout.lower() + done.stderr.lower()


def test_what_a_worker_writes_into_its_git_file_opens_nothing_to_its_gate(
    repo: Path, home: Path, tmp_path: Path
) -> None:
    if why := trouble():
        pytest.skip(why)
    settings(repo, "[gates.hostile]\non = ['task']\ncommand = 'echo evil > \"$HOME/evil\" || true'\n")
    work = 'echo a > a; rm .git; echo "gitdir: $HOME" > .git'
    done = gitpar(
        "run", write_plan(tmp_path / "p.json", {"a": work}), "--json", "--sandbox", "bwrap", cwd=repo
    )
    run = facts(done, json.loads(done.stdout)["state"] != "done")
    assert [gate["verdict"] for gate in run["gates"]] == ["passed"]
    assert not (home / "evil").exists()


def test_an_agent_that_is_a_gate_has_the_sandbox_of_its_profile(
    repo: Path, home: Path, tmp_path: Path
) -> None:
    if why := trouble():
        pytest.skip(why)
    body = f'echo evil > {repo}/evil; echo "$SOME_KEY" > "$GITPAR_SCRATCH/key"\n{prints(claude_init(), PASS)}'
    done = reviewed(repo, tmp_path, f"exec 2>/dev/null\n{body}", "--sandbox", "bwrap")
    run = facts(done)
    assert states(run) == {"a": "landed"}
    assert not (repo / "evil").exists()
    scratch = Path(run["gates"][0]["log"]).parent / "scratch"
    assert (scratch / "key").read_text() == "\n"
    assert home


def test_what_the_agent_of_a_gate_takes_is_told_and_counted(repo: Path, tmp_path: Path) -> None:
    run = facts(reviewed(repo, tmp_path, prints(claude_init(), PASS), "--max-cost", "1"))
    [gate] = run["gates"]
    assert (gate["agent"]["name"], gate["agent"]["cost_usd"], gate["agent"]["turns"]) == ("claude", 0.01, 2)
    assert run["metrics"]["cost_usd"] == 0.01
    assert run["metrics"]["tokens"]["out"] == 50


@pytest.mark.parametrize("on", ["task", "level", "run"])
def test_a_gate_that_would_pass_the_budget_is_ended_and_stops_the_run(
    repo: Path, tmp_path: Path, on: str
) -> None:
    answer = claude_tool("Read", file_path="src/x.py")
    answer["message"] = {
        **answer["message"],
        "id": "one",
        "usage": {"input_tokens": 900, "output_tokens": 50},
    }
    body = f"{prints(claude_init(), answer)}sleep 600"
    done = reviewed(repo, tmp_path, body, "--max-tokens", "1000", on=on)
    run = facts(done, 3)
    [gate] = run["gates"]
    assert gate["verdict"] == "broken"
    assert gate["agent"]["tokens"] == {"in": 900, "out": 50, "cached": 0, "stored": 0}
    assert gate["message"] == (
        "the agent of a gate cannot work: the run's budget is used up: 950 of 1000 tokens, an answer takes "
        f"about 950; to go on with more: GITPAR_MAX_TOKENS=2000 gitpar resume {run['run']}"
    )
    assert gate["message"] in done.stderr
    program(tmp_path / "programs", "claude", f"cat > /dev/null\n{prints(claude_init(), PASS)}")
    again = gitpar("resume", "--json", cwd=repo, env=with_programs(tmp_path))
    assert "are left for gate `review`" in facts(again, 3)["tasks"][0]["reason"] + again.stderr
    more = gitpar("resume", "--json", cwd=repo, env=with_programs(tmp_path, GITPAR_MAX_TOKENS="9000"))
    assert states(facts(more)) == {"a": "landed"}


def test_a_gate_that_waits_for_permission_is_ended_and_says_so(repo: Path, tmp_path: Path) -> None:
    body = f"{prints(claude_init())}printf 'Do you want to proceed? (y/n) '; sleep 600"
    run = facts(done := reviewed(repo, tmp_path, body, idle="1s"), 3)
    asks = "it waits for an answer that nobody gives: Do you want to proceed? (y/n)"
    why = f"the agent of a gate cannot work: {asks}"
    assert run["gates"][0]["message"] == why
    assert why in done.stderr
    assert run["state"] == "interrupted"


def test_a_gate_that_is_told_to_slow_down_is_asked_again(repo: Path, tmp_path: Path) -> None:
    refused = claude_result("API Error: 429 rate_limit_error", is_error=True, api_error_status=429)
    once = f'if mkdir "{tmp_path}/refused" 2>/dev/null; then\n{prints(claude_init(), refused)}exit 1\nfi\n'
    run = facts(reviewed(repo, tmp_path, once + prints(claude_init(), PASS)))
    assert [gate["verdict"] for gate in run["gates"]] == ["interrupted", "passed"]
    assert states(run) == {"a": "landed"}


def test_what_a_gate_does_is_shown_while_it_does_it(repo: Path, tmp_path: Path) -> None:
    wait = f"until [ -e {tmp_path}/seen ]; do sleep 0.05; done\n"
    body = f"{prints(claude_init(), claude_tool('Read', file_path='src/x.py'))}{wait}{prints(PASS)}"
    look = 'until grep -q "reading src/x.py" .git/gitpar/runs/*/gates/1/output.activity; do sleep 0.05; done'
    (repo / "look").write_text(f"#!/bin/sh\ncd {repo}; {look}; touch {tmp_path}/seen\n")
    settings(repo, REVIEW.format(on="task", idle="1m"))
    program(tmp_path / "programs", "claude", f"cat > /dev/null\nsh {repo}/look &\n{body}")
    plan = write_plan(tmp_path / "plan.json", {"a": "echo a > a"})
    run = facts(gitpar("run", plan, "--json", cwd=repo, env=with_programs(tmp_path)))
    assert states(run) == {"a": "landed"}
    assert show(repo, tip(run), "a") == "a"
