"""Notes of workers as a user meets them: real program, real git, real workers, real kills."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitpar.faults import Step
from tests.support.cli import gitpar
from tests.support.plans import Facts, facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

SAY = 'echo "$GITPAR_TASK learned" >> "$GITPAR_NOTES"; echo x > "$GITPAR_TASK"'
TASKS: dict[str, str | dict[str, Any]] = {
    "one": SAY,
    "two": SAY,
    "quiet": "echo x > quiet",
    "later": {"command": f"cat > got; {SAY}", "depends_on": ["one"]},
}
RALPH = """\
# Tasks

- [ ] 1.1 [P] Lay
- [ ] 1.2 [P] Draw
- [ ] 1.3 Build
"""


def learned(run: Facts, *names: str) -> str:
    """The progress file as it should be."""
    marks = (
        f"## {name}\n\n<!-- gitpar: run {run['run']}, task {name}, attempt 1 -->\n\n{name} learned\n"
        for name in names
    )
    return "\n".join(marks).rstrip("\n")


def test_notes_are_landed_in_plan_order_proved_and_handed_to_later_tasks(repo: Path, tmp_path: Path) -> None:
    run = run_json(repo, write_plan(tmp_path / "plan.json", TASKS))
    assert show(repo, tip(run), ".progress.md") == learned(run, "one", "two", "later")
    assert show(repo, "gitpar/{}/level/1".format(run["run"]), ".progress.md") == learned(run, "one", "two")
    prompt = show(repo, tip(run), "got")
    assert prompt.endswith(
        "# Notes of tasks that have landed\n\n## one\n\none learned\n\n## two\n\ntwo learned"
    )
    (commit, tree, note) = git(repo, "log", "-1", "--format=%s%n%T%n%N", "--notes=gitpar", tip(run)).split(
        "\n", 2
    )
    proof = json.loads(note)
    assert (commit, proof["tree"], proof["strategy"]) == ("Add the notes of later", tree, "notes")
    assert proof["checks"] == ["outside", "append", "once", "parents"]
    verified = gitpar("verify", f"main..{tip(run)}", cwd=repo)
    assert (verified.status, verified.stderr) == (0, ""), verified.stdout
    changed = git(repo, "diff", "--name-only", f"{tip(run)}^", tip(run))
    assert changed == ".progress.md"


def test_the_users_progress_file_is_only_added_to_and_may_be_named_or_done_without(
    repo: Path, tmp_path: Path
) -> None:
    plan = write_plan(tmp_path / "plan.json", {"one": SAY})
    (repo / "docs").mkdir()
    (repo / "docs" / "log.md").write_text("# Log\nno line end", encoding="utf-8")
    git(repo, "add", "docs")
    git(repo, "commit", "--quiet", "--message", "Log")
    run = facts(gitpar("run", plan, "--json", cwd=repo, env={"GITPAR_PROGRESS_FILE": "docs/log.md"}))
    assert show(repo, tip(run), "docs/log.md") == "# Log\nno line end\n\n" + learned(run, "one")
    without = facts(gitpar("run", plan, "--json", cwd=repo, env={"GITPAR_PROGRESS_FILE": "none"}))
    assert git(repo, "ls-tree", "-r", "--name-only", tip(without)).split() == [
        "README.md",
        "docs/log.md",
        "one",
    ]
    folder = facts(gitpar("run", plan, "--json", cwd=repo, env={"GITPAR_PROGRESS_FILE": "docs"}))
    assert states(folder) == {"one": "landed"}
    wrong = gitpar("run", plan, cwd=repo, env={"GITPAR_PROGRESS_FILE": "../log"})
    assert (wrong.status, wrong.stderr.splitlines()[0]) == (
        2,
        "Error: `progress-file` must be a path inside the repository, not `../log`",
    )


def test_of_a_ralph_plan_the_plan_and_the_progress_file_belong_to_gitpar(repo: Path) -> None:
    spec = repo / "specs" / "shop"
    spec.mkdir(parents=True)
    (spec / "tasks.md").write_text(RALPH, encoding="utf-8")
    (spec / ".progress.md").write_text("# Progress\n", encoding="utf-8")
    git(repo, "add", "specs")
    git(repo, "commit", "--quiet", "--message", "Spec")
    work = (
        "cd specs/shop; sed -i 's/\\[ \\]/[x]/' tasks.md; echo $GITPAR_TASK >> .progress.md;"
        " echo more > .progress-task-$GITPAR_TASK.md; echo x > ../../$GITPAR_TASK;"
        " git add -A; git commit -qm work"
    )
    run = run_json(repo, spec / "tasks.md", "--agent-command", work, "--format", "ralph")
    assert states(run) == {"1.1": "landed", "1.2": "landed", "1.3": "landed"}
    landed = git(repo, "ls-tree", "-r", "--name-only", tip(run)).split()
    assert landed == ["1.1", "1.2", "1.3", "README.md", "specs/shop/.progress.md", "specs/shop/tasks.md"]
    assert show(repo, tip(run), "specs/shop/tasks.md") == RALPH.rstrip("\n")
    notes = show(repo, tip(run), "specs/shop/.progress.md").splitlines()
    assert notes[0] == "# Progress"
    assert [line for line in notes if line in ("1.1", "1.2", "1.3", "more")] == [
        *("more", "1.1", "more", "1.2", "more", "1.3")
    ]
    assert [task["files"] for task in run["tasks"]] == [["1.1"], ["1.2"], ["1.3"]]
    kept = git(repo, "show", f"refs/gitpar/keep/{run['run']}/1.1/1:specs/shop/tasks.md")
    assert "[x] 1.1" in kept, "what the worker did to the plan is kept with its attempt"


def test_workers_of_a_wave_read_each_others_notes(repo: Path, tmp_path: Path) -> None:
    """The first worker says something and waits; the second follows and tells that it was heard."""
    heard = tmp_path / "heard"
    program = gitpar_program()
    tasks = {
        "speaker": f'echo "the port is 8081" >> "$GITPAR_NOTES"; until [ -e {heard} ]; do sleep 0.02; done',
        "listener": f"{program} notes --follow > got & until grep -q 8081 got; do sleep 0.05; done;"
        f" touch {heard}; wait",
    }
    run = run_json(repo, write_plan(tmp_path / "plan.json", tasks))
    assert states(run) == {"speaker": "landed", "listener": "landed"}
    assert show(repo, tip(run), "got") == "## speaker\n\nthe port is 8081\n"
    told = gitpar("notes", cwd=repo)
    assert told.stdout == "## speaker (landed)\n\nthe port is 8081\n\n"
    assert json.loads(gitpar("notes", "--json", cwd=repo).stdout) == [
        {
            "task": "speaker",
            "title": "speaker",
            "state": "landed",
            "attempt": 1,
            "text": "the port is 8081",
        }
    ]


def gitpar_program() -> str:
    """The program of this checkout as a shell command."""
    return f"{sys.executable} -m gitpar"


STEPS = [step for step in Step if step.value.startswith("notes.")]


@pytest.mark.parametrize("step", [*STEPS, Step.LANDING_MOVED, Step.CAPTURED])
def test_killed_at_any_step_each_note_is_there_once(repo: Path, tmp_path: Path, step: Step) -> None:
    plan = write_plan(tmp_path / "plan.json", TASKS)
    killed = gitpar("run", plan, cwd=repo, env={"GITPAR_FAULT": f"{step.value}:1:kill"})
    assert killed.status == -9, killed.stderr
    again = gitpar("resume", cwd=repo, env={"GITPAR_FAULT": f"{step.value}:1:kill"})
    run = facts(gitpar("resume", "--json", cwd=repo))
    assert set(states(run).values()) == {"landed"}, again.stderr
    text = show(repo, tip(run), ".progress.md")
    assert [line for line in text.splitlines() if line.endswith("learned")] == [
        *("one learned", "two learned", "later learned")
    ]
    assert subprocess.run(["git", "fsck", "--no-dangling"], cwd=repo, check=False).returncode == 0
