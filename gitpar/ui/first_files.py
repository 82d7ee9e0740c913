"""The files that `gitpar init` writes, as text: settings and a first plan, with a comment on everything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitpar.wiring.request import Survey

FIRST_PLAN = "tasks.yaml"


def settings_text(found: Survey, plan: str | None) -> str:
    """Returns gitpar.toml: what was found is set or proposed, the rest shown in comments."""
    several = f" Found here: {', '.join(found.plans)}." if len(found.plans) > 1 else ""
    agents = f" Found on this machine: {', '.join(found.agents)}." if found.agents else ""
    lines = [
        "# Settings of gitpar for this repository. A line behind # shows what else can be said.",
        "",
        f"# The plan that is meant where the command line names none.{several}",
        _line("plan", plan or "tasks.yaml", on=plan is not None),
        "",
        '# Workers at once, or "auto": adapted to the machine and to rate limits, jobs_most at most.',
        _line("jobs", 4),
        "",
        f"# Who works on tasks that have no command of their own.{agents}",
        _line("agent", found.agents[0] if found.agents else "claude"),
        "# Or any program: a shell command that gets the prompt on stdin.",
        _line("agent_command", "my-agent --stdin"),
        "",
        "# How a result lands: merge, rebase or squash.",
        _line("strategy", "merge"),
        "",
        "# What is tried with a result that does not merge, in this order: drivers, agent, serialize, hold.",
        _line("policies", ["drivers", "serialize", "hold"]),
        "",
        "# How often a failed task is tried again, and how long a worker may take.",
        _line("retries", 1),
        _line("timeout", "1h"),
        "",
        "# Keep workers from the rest of the machine: none, bwrap (bubblewrap, on Linux), or auto.",
        _line("sandbox", "auto"),
        "",
        "# Write the status of tasks back into the plan file.",
        _line("write_back", value=True),
        "",
        "# Files that git does not carry and every worktree needs.",
        _line("copy", list(found.copied or (".env",)), on=bool(found.copied)),
        "",
        "# Command that prepares a worktree, once for each.",
        _line("setup", "make install"),
        "",
        "# Files that are added to only: where two tasks add, both additions are kept.",
        _line("merge_union", ["CHANGELOG.md"]),
        "",
        "# Files that are never merged, each with the command that makes it from the rest.",
        '# merge_regenerate = { "package-lock.json" = "npm install --package-lock-only" }',
        "",
        "# Command that clears up in a worktree before it is removed.",
        _line("teardown", "docker compose down -v"),
    ]
    return "\n".join(lines) + "\n"


def _line(key: str, value: object, *, on: bool = False) -> str:
    return f"{'' if on else '# '}{key} = {json.dumps(value, ensure_ascii=False)}"


def plan_text(found: Survey) -> str:
    """Returns a first plan in YAML that can be run as it is: two tasks at once, one behind them."""
    readme = found.readme or "README.md"
    verify = f"    verify: {json.dumps(found.test_command)}\n" if found.test_command else ""
    check = (
        f"Run `{found.test_command}` and mend what fails."
        if found.test_command
        else "Say in the commit message how you checked that everything still works."
    )
    return f"""\
# A first plan: change it as you like.
#   see it:  gitpar plan {FIRST_PLAN}
#   run it:  gitpar run {FIRST_PLAN} --agent NAME
# All keys of a task: gitpar plan --schema

tasks:
  # Tasks run at once, each in a worktree of its own, unless one waits for another.
  - id: readme
    title: Bring {json.dumps(readme, ensure_ascii=False)[1:-1]} up to date
    # What the worker is told.
    prompt: |
      Compare {readme} with what the code does. Correct what is no longer true, and add
      what a newcomer needs and does not find. Change no other file.
    # What it means to touch: gitpar forecasts conflicts from this.
    files: [{json.dumps(readme, ensure_ascii=False)}]

  - id: tests
    title: Test what is tested least
    prompt: |
      Find the part of the code that matters most and is tested least. Write tests for it
      that would fail if it broke. Change nothing but tests.
{verify}
  - id: check
    title: Look at both together
    # It starts from a branch that holds the results of both.
    depends_on: [readme, tests]
    prompt: |
      {check}
{verify}"""
