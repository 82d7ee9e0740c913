"""What a worker is told: its command, its prompt, its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.agent_port import Agent, Assignment
from gitpar.agents.command import CommandAgent, WorkerFiles, missing_commands, worker_environment
from gitpar.core.briefing import Briefing
from gitpar.core.graph import Scope, Source, Task, TaskGraph, TaskStatus
from gitpar.core.names import CommitId, RefName, RunId, TaskId
from gitpar.errors import PlanError
from gitpar.ports import AttemptKey, Workplace

SOURCE = Source("plan.json", 7, "tasks[0]")


def task(task_id: str = "a", **fields: object) -> Task:
    return Task(**{"id": TaskId(task_id), "title": "Add a cache", "source": SOURCE, **fields})  # type: ignore[arg-type]


def work(**fields: object) -> Assignment:
    folder = Path("/f")
    return Assignment(Briefing(task=task(**fields)), Path("/w/0"), folder / "prompt", folder)  # type: ignore[arg-type]


def test_a_tasks_own_command_wins_over_the_template() -> None:
    agent: Agent = CommandAgent("template")
    assert agent.command(work(command="own")) == "own"
    assert agent.command(work()) == "template"
    assert agent.command(work(command="  ")) == "template"


def test_nothing_is_substituted_into_a_template() -> None:
    template = "work {title} $1 %s `id`"
    assert CommandAgent(template).command(work(title="; rm -rf /")) == template


def test_a_task_that_nothing_works_on_is_a_plan_error() -> None:
    with pytest.raises(PlanError) as caught:
        CommandAgent().command(work())
    assert (
        str(caught.value) == "`plan.json` line 7: task `a` has no command and no agent was chosen (tasks[0])"
    )
    assert caught.value.hints == ("Say how tasks are worked on: --agent claude, or --agent-command 'CMD'",)


def test_missing_commands_names_every_pending_task_without_one() -> None:
    graph = TaskGraph(
        [task("a"), task("b", command="true"), task("c"), task("d", status=TaskStatus.DONE)],
    )
    messages = [problem.message for problem in missing_commands(graph, None)]
    assert messages == [
        "task `a` has no command and no agent was chosen",
        "task `c` has no command and no agent was chosen",
    ]
    assert missing_commands(graph, "template") == ()


def test_the_prompt_says_what_is_to_be_done_where_and_when_it_is_done() -> None:
    scope = Scope(create=("src/cache.py",), modify=("src/app.py", "README.md"), read=("docs/",))
    full = task(prompt="Keep results.\n\nFor an hour.\n", scope=scope, verify="make test")
    assert CommandAgent().prompt(Briefing(task=full)) == (
        "# Add a cache\n\n"
        "Keep results.\n\nFor an hour.\n\n"
        "Files:\n- create src/cache.py\n- change src/app.py\n- change README.md\n- read docs/\n\n"
        "It is done when this command succeeds:\n    make test\n"
    )
    assert CommandAgent().prompt(Briefing(task=task())) == "# Add a cache\n"


def test_the_environment_tells_where_and_what_and_cannot_lose_its_marks() -> None:
    place = Workplace(
        AttemptKey(RunId("7f3a"), TaskId("a"), 2),
        0,
        Path("/w/0"),
        RefName("refs/heads/gitpar/7f3a/task/a/2"),
        CommitId("c" * 40),
    )
    files = WorkerFiles(
        Path("/f/prompt"),
        Path("/f/result"),
        Path("/f/progress"),
        scratch=Path("/f/scratch"),
        notes=Path("/f/notes"),
    )
    base = {"PATH": "/bin", "LANG": "C", "PWD": "/elsewhere", "GITPAR_RUN": "outer"}
    worked_on = task(env=(("LANG", "de_DE"), ("GITPAR_TASK", "other")))
    assert worker_environment(base, place, files, worked_on) == {
        "PATH": "/bin",
        "LANG": "de_DE",
        "PWD": "/w/0",
        "GITPAR_RUN": "7f3a",
        "GITPAR_TASK": "a",
        "GITPAR_ATTEMPT": "2",
        "GITPAR_BASE": "c" * 40,
        "GITPAR_WORKTREE": "/w/0",
        "GITPAR_PROMPT_FILE": "/f/prompt",
        "GITPAR_RESULT_FILE": "/f/result",
        "GITPAR_PROGRESS": "/f/progress",
        "GITPAR_NOTES": "/f/notes",
        "GITPAR_SCRATCH": "/f/scratch",
        "GITPAR_PORT": "20000",
    }
