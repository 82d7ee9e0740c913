"""Gates as a user meets them: real program, real git, real gates, real kills."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from gitpar.faults import Step
from tests.support.agent_programs import claude_init, claude_result, prints, program, settings
from tests.support.cli import gitpar
from tests.support.driving import Driver
from tests.support.plans import Facts, facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

SEED = 11
NO_BAD = "! test -e bad"
PLAN: dict[str, str | dict[str, Any]] = {
    "a": "echo a > a",
    "b": "echo b > b; touch bad",
    "c": "echo c > c",
    "d": {"command": "echo d > d", "depends_on": ["a"]},
    "e": {"command": "echo e > e", "depends_on": ["b"]},
}


def verdicts(run: Facts) -> list[tuple[str, str, str | None]]:
    return [(gate["gate"], gate["on"], gate["verdict"]) for gate in run["gates"]]


def reason(run: Facts, name: str) -> str:
    found: str = next(task["reason"] for task in run["tasks"] if task["id"] == name)
    return found


def files(repo: Path, revision: str) -> list[str]:
    return git(repo, "ls-tree", "-r", "--name-only", revision).split()


def test_what_lands_through_gates_leaves_no_loose_ends(repo: Path, tmp_path: Path) -> None:
    tasks: dict[str, str | dict[str, Any]] = {name: f"echo {name} > {name}" for name in "abc"}
    plan = write_plan(tmp_path / "plan.json", tasks)
    run = run_json(repo, plan, "--gate", NO_BAD)
    assert states(run) == dict.fromkeys("abc", "landed")
    assert git(repo, "fsck", "--no-progress") == ""


# --- tasks --------------------------------------------------------------------------------


def test_a_result_lands_when_its_verify_passes_and_is_tried_again_when_it_does_not(
    repo: Path, tmp_path: Path
) -> None:
    tasks: dict[str, str | dict[str, Any]] = {
        "late": {
            "command": 'echo "$GITPAR_ATTEMPT" > n',
            "verify": 'echo "n is $(cat n)"; test "$(cat n)" = 2',
        },
        "never": {"command": "echo x > x", "verify": 'echo "$GITPAR_TASK says no"; false'},
    }
    run = run_json(repo, write_plan(tmp_path / "plan.json", tasks), status=1)
    assert states(run) == {"late": "landed", "never": "failed"}
    assert reason(run, "never") == "gate `verify` fails: exit status 1"
    assert show(repo, tip(run), "n") == "2"
    printed = [gate["number"] for gate in run["gates"] if gate["task"] == "late" and gate["attempt"] == 1]
    assert len(printed) == 2, "a failure is seen twice"
    log = gitpar("logs", run["run"], "--gate", str(printed[0]), cwd=repo)
    assert (log.status, log.stdout) == (0, "n is 1\n")
    unknown = gitpar("logs", run["run"], "--gate", "99", cwd=repo)
    assert (unknown.status, unknown.stderr.splitlines()[0]) == (2, f"Error: run {run['run']} has no gate 99")


def test_what_a_gate_does_to_a_result_is_undone_told_and_never_lands(repo: Path, tmp_path: Path) -> None:
    meddle = (
        "echo meddled > README.md; rm a; mkdir -p new/deep; echo x > new/deep/x; git add -A; "
        "git commit -qm meddled; git branch -f main; echo stray > stray"
    )
    main = git(repo, "rev-parse", "main")
    git(repo, "checkout", "--quiet", "--detach")
    tasks: dict[str, str | dict[str, Any]] = {
        "a": {"command": "echo a > a", "verify": meddle},
        "b": "echo b > b",
    }
    plan = write_plan(tmp_path / "plan.json", tasks)
    run = run_json(repo, plan, "--level-gate", meddle.replace("; git branch -f main", ""), "--jobs", "1")
    assert states(run) == {"a": "landed", "b": "landed"}
    assert files(repo, tip(run)) == ["README.md", "a", "b"]
    assert show(repo, tip(run), "README.md") == show(repo, main, "README.md")
    edits = [gate["edits"] for gate in run["gates"]]
    assert edits[0] == ["README.md", "a", "new", "stray"]
    assert all(found[:2] == ["README.md", "a"] for found in edits)
    outside = [line for task in run["tasks"] for attempt in task["attempts"] for line in attempt["outside"]]
    assert any(main in line and "refs/heads/main" in line for line in outside), outside


def test_no_gate_is_run_where_there_is_none_or_none_is_wanted(repo: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": {"command": "echo a > a", "verify": "false"}})
    run = run_json(repo, plan, "--no-gates")
    assert (states(run), run["gates"]) == ({"a": "landed"}, [])
    assert "gates" not in json.loads(git(repo, "notes", "--ref=gitpar", "show", tip(run)))


# --- levels -------------------------------------------------------------------------------


def test_the_culprit_of_a_wave_is_held_the_rest_lands_and_certificates_name_the_gate(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "gitpar.toml").write_text(
        f'level_policy = "partial"\n[gates.tests]\ncommand = "{NO_BAD}"\ntimeout = "1m"\n', encoding="utf-8"
    )
    run = run_json(repo, write_plan(tmp_path / "plan.json", PLAN), status=1)
    assert states(run) == {"a": "landed", "b": "held", "c": "landed", "d": "landed", "e": "blocked"}
    assert files(repo, tip(run)) == ["README.md", "a", "c", "d"]
    last = next(gate for gate in reversed(run["gates"]) if gate["verdict"] == "failed")
    assert reason(run, "b") == (
        f"gate `tests` fails when it is merged: exit status 1"
        f" (its output: gitpar logs {run['run']} --gate {last['number']})"
    )
    for revision in (tip(run), f"{run['levels'][0]['branch']}"):
        proof = json.loads(git(repo, "notes", "--ref=gitpar", "show", revision))
        tree = git(repo, "rev-parse", f"{revision}^{{tree}}")
        assert proof["gates"] == [{"gate": "tests", "verdict": "passed", "tree": tree}]
    verified = gitpar("verify", f"main..{tip(run)}", cwd=repo)
    assert (verified.status, verified.stderr) == (0, ""), verified.stdout
    taken = facts(gitpar("resume", run["run"], "--accept", "b", "--json", cwd=repo), 1)
    assert states(taken)["b"] == "landed", "a person may want it all the same"


def test_two_that_are_only_broken_together_are_told_apart_from_those_that_break_alone(
    repo: Path, tmp_path: Path
) -> None:
    tasks: dict[str, str | dict[str, Any]] = {name: f"echo {name} > {name}" for name in "abcd"}
    plan = write_plan(tmp_path / "plan.json", tasks)
    run = run_json(repo, plan, "--gate", "! test -e d", "--retries", "0", status=1)
    assert states(run)["d"] == "failed", "alone it fails already"
    run = run_json(repo, plan, "--level-gate", "! { test -e b && test -e d; }", status=1)
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed", "d": "held"}
    assert "fails together with `b`, not without: exit status 1" in reason(run, "d")
    whole = run_json(
        repo, plan, "--level-gate", "! { test -e b && test -e d; }", "--level-policy", "all", status=1
    )
    assert set(states(whole).values()) == {"held"}
    assert git(repo, "rev-parse", tip(whole)) == git(repo, "rev-parse", "main")


def test_a_tree_is_gated_once_whoever_asks(repo: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    plan = write_plan(tmp_path / "plan.json", {"a": {"command": "echo a > a", "verify": f"echo >> {runs}"}})
    run = run_json(repo, plan, "--gate", f"echo >> {runs}", "--run-gate", f"echo >> {runs}")
    assert states(run) == {"a": "landed"}
    assert verdicts(run) == [("verify", "task", "passed")]
    assert len(runs.read_text().splitlines()) == 1


def test_the_gate_of_the_run_keeps_a_branch_where_it_is(repo: Path, tmp_path: Path) -> None:
    git(repo, "branch", "release")
    plan = write_plan(tmp_path / "plan.json", {"a": "echo a > a", "b": "echo b > b"})
    done = gitpar("run", plan, "--run-gate", "echo whole; test -e c", "--into", "release", cwd=repo)
    assert done.status == 1
    assert "`release` was not moved: gate `echo whole; test -e c` fails on what landed" in done.stdout
    assert git(repo, "rev-parse", "release") == git(repo, "rev-parse", "main")


# --- agents -------------------------------------------------------------------------------


REVIEW = """\
[gates.review]
agent = "claude"
prompt = "Is anything insecure?"
on = ["task", "level"]
"""


def test_an_agent_is_a_gate_that_gives_its_verdict_and_its_reasons(repo: Path, tmp_path: Path) -> None:
    settings(repo, REVIEW)
    programs = tmp_path / "programs"
    good, bad = (
        "I looked.\n\n```json\n" + json.dumps({"verdict": verdict, "reasons": reasons}) + "\n```\n"
        for verdict, reasons in (("pass", []), ("fail", ["b line 1 holds a key"]))
    )
    body = (
        f'cat > "{tmp_path}/asked-$GITPAR_GATE_ON-$GITPAR_TASK"; echo changed > README.md\n'
        f"if grep -q secret b 2>/dev/null; then\n{prints(claude_init(), claude_result(bad))}\n"
        f"else\n{prints(claude_init(), claude_result(good))}\nfi"
    )
    program(programs, "claude", body)
    tasks: dict[str, str | dict[str, Any]] = {
        "a": {"title": "Add  a", "command": "echo a > a"},
        "b": {"title": "Add b", "command": "echo secret > b", "retries": 0},
    }
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    plan = write_plan(tmp_path / "plan.json", tasks)
    run = facts(gitpar("run", plan, "--json", cwd=repo, env=path), 1)
    assert states(run) == {"a": "landed", "b": "failed"}
    assert reason(run, "b") == "gate `review` fails: b line 1 holds a key"
    assert sorted(verdicts(run)) == [("review", "task", "failed"), ("review", "task", "passed")]
    assert files(repo, tip(run)) == ["README.md", "a"]
    assert show(repo, tip(run), "README.md") == "# A repository"
    asked = (tmp_path / "asked-task-a").read_text()
    assert asked.startswith("# review\n\nIs anything insecure?\n\n## What is to be judged\n")
    assert "- `a`: Add a\n" in asked
    assert f"`git diff {git(repo, 'rev-parse', 'main')[:12]} " in asked


def test_an_agent_without_a_verdict_lets_nothing_pass_and_one_that_cannot_work_stops_the_run(
    repo: Path, tmp_path: Path
) -> None:
    settings(repo, REVIEW)
    programs = tmp_path / "programs"
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    plan = write_plan(tmp_path / "plan.json", {"a": {"command": "echo a > a", "retries": 0}})
    missing = gitpar("run", plan, cwd=repo, env={"PATH": "/usr/bin:/bin"})
    assert (missing.status, "agent `claude` needs the program `claude`" in missing.stderr) == (3, True)
    program(programs, "claude", "cat > /dev/null\n" + prints(claude_init(), claude_result("Looks fine.")))
    run = facts(gitpar("run", plan, "--json", cwd=repo, env=path), 1)
    assert reason(run, "a") == "gate `review` fails: it gave no verdict"
    refused = claude_result("Invalid API key · Please run /login", is_error=True)
    program(programs, "claude", "cat > /dev/null\n" + prints(claude_init(), refused) + "exit 1")
    stopped = facts(gitpar("run", plan, "--json", cwd=repo, env=path), 3)
    assert stopped["state"] == "interrupted"
    good = claude_result('```json\n{"verdict": "pass"}\n```')
    program(programs, "claude", "cat > /dev/null\n" + prints(claude_init(), good))
    resumed = facts(gitpar("resume", "--json", cwd=repo, env=path))
    assert (states(resumed), len(resumed["tasks"][0]["attempts"])) == ({"a": "landed"}, 1)


# --- what gates do ------------------------------------------------------------------------


def test_gates_that_hang_leave_processes_or_print_without_end_harm_nobody(repo: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    daemon = f"(setsid sh -c 'echo $$ > {left}; sleep 600' &) ; until test -s {left}; do sleep 0.02; done"
    (repo / "gitpar.toml").write_text(
        "log_limit = 20000\ngrace = 0.1\n"
        f'[gates.daemon]\ncommand = """{daemon}"""\n'
        "[gates.noise]\ncommand = \"head -c 100000000 /dev/zero | tr '\\\\0' x\"\n"
        '[gates.hang]\ncommand = "sleep 600"\ntimeout = 0.3\n',
        encoding="utf-8",
    )
    run = run_json(repo, write_plan(tmp_path / "plan.json", {"a": "echo a > a"}), status=1)
    assert verdicts(run)[:3] == [
        ("daemon", "level", "passed"),
        ("noise", "level", "passed"),
        ("hang", "level", "timed-out"),
    ]
    assert not Path(f"/proc/{left.read_text().strip()}").exists()
    assert Path(run["gates"][1]["log"]).stat().st_size <= 20000
    assert "gate `hang` fails without it too" in reason(run, "a")


def test_a_gate_that_moves_the_level_stops_the_run_and_one_that_breaks_its_worktree_harms_nobody(
    repo: Path, tmp_path: Path
) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": "echo a > a", "b": "echo b > b"})
    moves = "git update-ref refs/heads/gitpar/$GITPAR_RUN/level/1 HEAD"
    moved = run_json(repo, plan, "--level-gate", moves, status=1)
    assert states(moved) == {"a": "finished", "b": "finished"}
    assert moved["levels"][0]["commit"] == git(repo, "rev-parse", "main")
    empties = 'rm -rf "$PWD"/* "$PWD"/.[a-z]*'
    shuts = "mkdir ro; echo x > ro/x; chmod 500 ro; rm -f .git"
    run = run_json(repo, plan, "--task-gate", empties, "--level-gate", shuts)
    assert files(repo, tip(run)) == ["README.md", "a", "b"]
    assert [gate["edits"][:1] for gate in run["gates"]] == [["README.md"], ["README.md"], ["ro"]]
    assert len(git(repo, "worktree", "list").splitlines()) == 1


def test_a_wave_that_brings_nothing_is_not_gated(repo: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": "true", "b": "false"}, retries=0)
    run = run_json(repo, plan, "--gate", "false", "--run-gate", "false", status=1)
    assert (states(run), run["gates"]) == ({"a": "landed", "b": "failed"}, [])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('[gates.x]\non = "level"\n', "`gitpar.toml`: `gates.x` has no command"),
        (
            '[gates.x]\ncommand = "true"\non = "wave"\n',
            'must be "task", "level", "run" or a list of them, not \'wave\'',
        ),
        ('[gates.verify]\ncommand = "true"\n', "that is what the gate is called that a task brings itself"),
        ('[gates.x]\ncommand = "true"\nagent = "claude"\n', "has a command and an agent"),
        ("level_gate = 3\n", "must be a shell command or a list of them"),
    ],
)
def test_a_gate_that_is_wrongly_set_starts_nothing(
    repo: Path, tmp_path: Path, setting: str, message: str
) -> None:
    (repo / "gitpar.toml").write_text(setting, encoding="utf-8")
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": "true"}), cwd=repo)
    assert done.status == 2
    assert message in done.stderr


# --- kills --------------------------------------------------------------------------------


OF_GATES = [step for step in Step if step.value.startswith("gate.")]
KILLED: dict[str, str | dict[str, Any]] = {
    name: {"command": f"echo {name} > {name}", "verify": f"test -e {name}"} for name in "abcd"
}
TOGETHER = "sleep 0.1; ! { test -e b && test -e d; }"


def _killed(repo: Path, tmp_path: Path, fault: str) -> str:
    """Kills a run at a fault and resumes it; says what differs from an undisturbed one."""
    plan = write_plan(tmp_path / "plan.json", KILLED)
    driver = Driver(repo, os.environ)
    killed = driver.say("run", str(plan), "--level-gate", TOGETHER, "--run-gate", "true", fault=fault)
    if killed.status != -signal.SIGKILL:
        return f"{fault} was not reached: {killed}"
    said = driver.say("resume")
    wrong = [] if said.states == {"a": "landed", "b": "landed", "c": "landed", "d": "held"} else [str(said)]
    landed = files(repo, said.tip)
    wrong += [] if landed == ["README.md", "a", "b", "c"] else [f"landed: {landed}"]
    cleaned = driver.clean()
    wrong += [] if cleaned.status == 0 else [str(cleaned)]
    worktrees = git(repo, "worktree", "list").splitlines()
    wrong += [] if len(worktrees) == 1 else worktrees
    return "\n".join(wrong)


@pytest.mark.parametrize("step", random.Random(SEED).sample(OF_GATES, 3))
def test_killed_at_some_gate_a_resume_ends_as_if_nothing_had_happened(
    repo: Path, tmp_path: Path, step: Step
) -> None:
    assert _killed(repo, tmp_path, f"{step.value}:2:kill") == ""


@pytest.mark.long
@pytest.mark.parametrize("passage", [1, 3])
@pytest.mark.parametrize("step", OF_GATES)
def test_killed_at_each_gate_a_resume_ends_as_if_nothing_had_happened(
    repo: Path, tmp_path: Path, step: Step, passage: int
) -> None:
    assert _killed(repo, tmp_path, f"{step.value}:{passage}:kill") == ""
