# ruff: noqa: E501 - a prompt is compared as it is
"""What agents are told: the whole prompt, what a retry adds, and templates that are not the shipped one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gitpar.agents.prompt import render
from gitpar.core.agent_rules import AgentRules
from gitpar.core.agents import AgentReport, Said
from gitpar.core.briefing import Briefing, briefing
from gitpar.core.events import AttemptCaptured, AttemptOpened, Ending, WorkerEnded, WorkerStarted
from gitpar.core.graph import Scope, Source, Task
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settings import RunSettings
from gitpar.errors import UsageError
from tests.support.agent_programs import program
from tests.support.cli import gitpar
from tests.support.plans import write_plan
from tests.support.simulation import Script as ScriptOfGates
from tests.support.simulation import Simulation
from tests.ui.made import BASE, Script

PROMPT = """\
# Keep results

Keep them for an hour.

```python
A = 1


B = 2
```

## Where you are

You work on task `cache` of wave 1 of 2, alone in a Git worktree that was made for it. Change files only below the current folder. Leave branches, other worktrees, Git's configuration and its hooks as they are; do not push. You need not commit: everything in the worktree is taken when you end.

## Files

- create `src/cache.py`
- change `src/app.py`

## Who else is at work

Others work on these tasks at the same time, each in a worktree of its own. Leave their files to them.

- `docs`: Write it down (README.md, src/app.py) — you both change src/app.py: keep your change there small

## When it is done

It is done when this command succeeds: `make test`

End with a block like this, true to what you did (`status` is pass, fail or blocked):

```json
{"status": "pass", "files_modified": [], "files_created": [], "notes": "what those who build on it should know"}
```
"""
BODY = "Keep them for an hour.\n\n```python\nA = 1\n\n\nB = 2\n```\n"


def task(name: str, title: str, **fields: object) -> Task:
    return Task(id=TaskId(name), title=title, source=Source("p.json"), agent="claude", **fields)  # type: ignore[arg-type]


TASKS = (
    task(
        "cache",
        "Keep results",
        prompt=BODY,
        scope=Scope(create=("src/cache.py",), modify=("src/app.py",)),
        verify="make test",
    ),
    task("docs", "Write it down", scope=Scope(modify=("README.md", "src/app.py"))),
    task("use", "Use it", prompt="# Use it\n\nNow.", depends_on=(TaskId("cache"),)),
)
RULES = RunSettings(agents=(AgentRules(name="claude", resumes=True),))


def opened(script: Script, name: str, n: int, **fields: object) -> None:
    event = AttemptOpened(at=1.0, task=TaskId(name), n=n, base=BASE, timeout_s=None, agent="claude", **fields)  # type: ignore[arg-type]
    script.say(event)


def ended(script: Script, name: str, report: AgentReport, *files: str, exit: int = 0) -> None:  # noqa: A002
    at, result = 2.0, CommitId("f" * 40) if files else BASE
    script.say(WorkerStarted(at=at, task=TaskId(name), n=1, pid=1, worktree="/w", log="/no/log"))
    script.say(
        WorkerEnded(
            at=at, task=TaskId(name), n=1, ending=Ending.EXITED, exit=exit, duration_s=1.0, report=report
        )
    )
    script.say(AttemptCaptured(at=at, task=TaskId(name), n=1, result=result, files=files))


def test_the_whole_prompt_of_a_first_attempt() -> None:
    script = Script(TASKS, settings=RULES)
    script.level(1)
    opened(script, "cache", 1)
    assert render(briefing(script.run, TaskId("cache"))) == PROMPT


def test_a_retry_in_its_session_is_told_only_what_is_new() -> None:
    script = Script(TASKS, settings=RULES)
    script.level(1)
    opened(script, "cache", 1)
    report = AgentReport(said=Said.FAILED, message="cannot import cache", session="s1")
    ended(script, "cache", report, "src/app.py", "it's \n odd")
    opened(script, "cache", 2, session="s1")
    text = render(briefing(script.run, TaskId("cache")))
    assert text.startswith("You worked on this task before, in this very session. It is the task `cache`")
    assert "- Attempt 1 did not succeed: the agent failed: cannot import cache. It changed" in text
    assert "`git checkout refs/gitpar/keep/7f3a/cache/1 -- .`" in text
    assert "Keep them for an hour" not in text
    assert "It is done when this command succeeds: `make test`" in text
    afresh = render(Briefing(task=TASKS[0], tries=briefing(script.run, TaskId("cache")).tries))
    assert "Keep them for an hour" in afresh
    assert "Attempt 1 did not succeed" in afresh


def test_a_retry_is_shown_what_the_gate_printed_that_refused_its_result(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("test_cache FAILED\n", encoding="utf-8")
    sim = Simulation([replace(TASKS[0], agent="claude")], ScriptOfGates(broken=[{"cache"}]), retries=1)
    told: list[Briefing] = []
    sim.go(watch=lambda run: told.append(briefing(run, TaskId("cache"))))
    tried = replace(next(each for each in told if each.n > 1).tries[0], log=str(log))
    assert (tried.gated, tried.why) == (True, "gate `verify` fails: exit status 1")
    text = render(Briefing(task=TASKS[0], tries=(tried,)))
    assert "- Attempt 1 did not succeed: gate `verify` fails: exit status 1." in text
    assert "  The end of what the gate printed:\n\n      test_cache FAILED\n" in text


def test_the_next_wave_gets_the_notes_of_the_one_before() -> None:
    script = Script(TASKS, settings=RULES)
    script.level(1)
    opened(script, "cache", 1)
    ended(script, "cache", AgentReport(said=Said.DONE, notes="It is not thread-safe."), "src/cache.py")
    assert "Notes of earlier tasks" not in render(briefing(script.run, TaskId("use"))), "it has not landed"
    opened(script, "docs", 1)
    ended(script, "docs", AgentReport(said=Said.DONE), "README.md")
    script.compared(1)
    script.land("cache")
    text = render(briefing(script.run, TaskId("use")))
    assert "## Notes of earlier tasks\n\n- `cache`: It is not thread-safe.\n" in text
    assert text.startswith("# Use it\n\nNow.\n")


def test_a_command_that_failed_shows_the_end_of_its_log(tmp_path: Path) -> None:
    script = Script(TASKS, settings=RULES)
    script.level(1)
    opened(script, "cache", 1)
    ended(script, "cache", AgentReport(), exit=1)
    (tmp_path / "log").write_text('{"type": "event"}\nline 1\nsegmentation fault\n', encoding="utf-8")
    script.run.tasks[TaskId("cache")].last.log = str(tmp_path / "log")
    text = render(briefing(script.run, TaskId("cache")))
    assert "  The end of its output:\n\n      line 1\n      segmentation fault\n" in text


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ brief.nothing }}", "no attribute 'nothing'"),
        ("{% for", "line 1"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ brief.__init__.__globals__ }}", "unsafe"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(template: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        render(Briefing(task=TASKS[0]), template)
    assert told in caught.value.message


def test_the_prompt_of_a_task_is_printed(repo: Path, tmp_path: Path) -> None:
    plan = write_plan(
        tmp_path / "plan.json", {"one": {"title": "Make it", "prompt": "Make it so."}, "two": "true"}
    )
    done = gitpar("prompt", "one", plan, "--agent", "claude", cwd=repo)
    assert done.status == 0
    assert done.stdout.startswith("# Make it\n\nMake it so.\n\n## Where you are\n")
    assert gitpar("prompt", "two", plan, "--agent", "claude", cwd=repo).stdout == "# two\n\n# two\n"
    (repo / "short.j2").write_text("Do {{ brief.task.id }} in {{ brief.waves }}\n", encoding="utf-8")
    (repo / "gitpar.toml").write_text('prompt_template = "short.j2"\nagent = "claude"\n', encoding="utf-8")
    assert gitpar("prompt", "one", plan, cwd=repo).stdout == "Do one in 1\n"
    unknown = gitpar("prompt", "on", plan, cwd=repo)
    assert (unknown.status, unknown.stderr) == (
        2,
        "Error: there is no task `on`\nHint: Did you mean `one`?\n",
    )
    assert "{% set task = brief.task %}" in gitpar("prompt", "--template", cwd=repo).stdout
    assert not (repo / ".git" / "gitpar").exists()


def test_the_prompt_of_a_recorded_run_tells_what_was_tried(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "claude", "echo y > y; echo it broke >&2; exit 4")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x", "agent": "claude"}})
    assert gitpar("run", plan, "--retries", "0", cwd=repo).status == 1
    done = gitpar("prompt", "one", "--run", cwd=repo)
    assert done.status == 0, done.stderr
    assert '- Attempt 1 did not succeed: exit status 4. It changed "y"; to see how: `git diff' in done.stdout
    assert "      it broke\n" in done.stdout
