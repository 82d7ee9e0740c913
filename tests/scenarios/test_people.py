"""Tasks for a person as people meet them: real program, real git."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.cli import gitpar
from tests.support.plans import facts, show, states, tip, write_plan

TASKS: dict[str, str | dict[str, Any]] = {
    "build": "echo built > built",
    "ask": {"prompt": "Which port should it listen on?", "agent": "human", "depends_on": ["build"]},
    "serve": {"command": "cat > told", "depends_on": ["ask"]},
    "docs": {"command": "echo docs > docs", "depends_on": ["build"]},
}
TABLE = """\
| ID | Task | Kind | Status |
|----|------|------|--------|
| T1 | Build | Unattended | TASK:PENDING |
| T2 | Choose the port | Interactive (decision) | TASK:PENDING |
| T3 | Serve | Unattended | TASK:PENDING |
"""


def test_a_person_is_waited_for_and_answers(repo: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", TASKS)
    done = gitpar("run", plan, "--write-back", cwd=repo)
    assert done.status == 1, done.stderr
    assert "wave 2: 2 tasks, for a person: `ask`" in done.stderr
    run = facts(gitpar("status", "--json", cwd=repo))
    assert (run["state"], states(run)) == (
        "needs-you",
        {"build": "landed", "ask": "held", "serve": "blocked", "docs": "landed"},
    )
    name = run["run"]
    typed = [line.split("  ")[-1].strip() for line in done.stdout.splitlines() if " ask" in line]
    assert f"gitpar prompt ask --run {name}" in typed
    assert f"gitpar resume {name} --approve ask" in typed
    assert f"gitpar resume {name} --answer ask 'TEXT'" in typed
    assert '"held"' not in plan.read_text(), "nothing came of it yet"
    asked = gitpar("prompt", "ask", "--run", name, cwd=repo)
    assert "Which port should it listen on?" in asked.stdout
    wrong = gitpar("resume", "--retry", "ask", cwd=repo)
    assert (wrong.status, wrong.stderr.splitlines()) == (
        2,
        [
            "Error: `--retry ask`: it is for a person",
            f"Hint: Say that it is done: gitpar resume {name} --approve ask",
        ],
    )
    empty = gitpar("resume", "--answer", "ask", " ", cwd=repo)
    assert empty.stderr.startswith("Error: `--answer ask`: the answer is empty\n")
    run = facts(gitpar("resume", "--answer", "ask", "Port 8081.", "--json", cwd=repo))
    assert set(states(run).values()) == {"landed"}
    assert show(repo, tip(run), "told").endswith("# Notes of tasks that have landed\n\n## ask\n\nPort 8081.")
    assert plan.read_text().count('"done"') == 4


def test_killed_after_the_answer_it_is_not_asked_for_again(repo: Path, tmp_path: Path) -> None:
    gitpar("run", write_plan(tmp_path / "plan.json", TASKS), cwd=repo)
    killed = gitpar(
        "resume", "--answer", "ask", "Port 1.", cwd=repo, env={"GITPAR_FAULT": "worker.started:1:kill"}
    )
    assert killed.status == -9
    run = facts(gitpar("resume", "--json", cwd=repo))
    assert set(states(run).values()) == {"landed"}
    assert show(repo, tip(run), "told").endswith("Port 1.")


def test_an_agent_of_the_run_takes_no_persons_task_unless_it_is_named(repo: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.md"
    plan.write_text(TABLE)
    shown = gitpar("plan", plan, cwd=repo)
    assert "Note: for a person, the run goes on without them: `T2`" in shown.stdout
    agent = ("--agent-command", "cat >> said; echo x > $GITPAR_TASK")
    done = gitpar("run", plan, *agent, "--json", cwd=repo)
    assert states(facts(done, 1)) == {"T1": "landed", "T2": "held", "T3": "blocked"}
    done = gitpar("resume", "--answer", "T2", "8081", "--json", cwd=repo)
    run = facts(done)
    assert states(run) == {"T1": "landed", "T2": "landed", "T3": "landed"}, "the run's own command works on"
    assert show(repo, tip(run), "said").endswith("## T2\n\n8081")
    done = gitpar("run", plan, *agent, "--agent", "task:T2=command", "--json", cwd=repo)
    assert set(states(facts(done)).values()) == {"landed"}
