# ruff: noqa: E501, ISC004 - command lines are compared as they are
"""How agents are started, and where agents of other packages are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.agent_port import Assignment
from gitpar.agents.registry import kinds, make
from gitpar.core.agents import AgentProfile
from gitpar.core.briefing import Briefing
from gitpar.core.graph import Scope, Source, Task
from gitpar.core.names import TaskId
from gitpar.errors import EnvironmentFault, UsageError


def work(session: str = "") -> Assignment:
    task = Task(
        id=TaskId("a"), title="A", source=Source("p"), scope=Scope(modify=("odd name.py", "src/*.py"))
    )
    return Assignment(Briefing(task=task), Path("/w/0"), Path("/f/prompt"), Path("/f"), session)


@pytest.mark.parametrize(
    ("name", "session", "command"),
    [
        (
            "claude",
            "s1",
            "exec claude -p --output-format stream-json --verbose --dangerously-skip-permissions --model 'a b' "
            "--max-turns 9 --max-budget-usd 1.5 --resume s1 --odd '$(id)'",
        ),
        (
            "codex",
            "s1",
            "exec codex exec --json --dangerously-bypass-approvals-and-sandbox -m 'a b' -C /w/0 --odd '$(id)' resume s1 -",
        ),
        (
            "codex",
            "",
            "exec codex exec --json --dangerously-bypass-approvals-and-sandbox -m 'a b' -C /w/0 --odd '$(id)' -",
        ),
        (
            "gemini",
            "",
            "exec gemini --skip-trust -o stream-json -y -m 'a b' --odd '$(id)' "
            '-p "$(cat "$GITPAR_PROMPT_FILE")" </dev/null',
        ),
        (
            "opencode",
            "s1",
            "exec opencode run --format json --auto -m 'a b' --session s1 --odd '$(id)'",
        ),
        (
            "qwen",
            "",
            "exec qwen --output-format stream-json --approval-mode yolo -m 'a b' --odd '$(id)' "
            '-p "$(cat "$GITPAR_PROMPT_FILE")" </dev/null',
        ),
        (
            "aider",
            "",
            "exec aider --yes-always --no-check-update --no-gitignore --no-pretty --no-stream --analytics-disable "
            "--no-show-model-warnings --model 'a b' --input-history-file /f/aider.input.history "
            "--chat-history-file /f/aider.chat.history --llm-history-file /f/aider.llm.history --odd '$(id)' "
            "--message-file /f/prompt -- 'odd name.py'",
        ),
    ],
)
def test_the_command_line_of_an_agent_quotes_everything(name: str, session: str, command: str) -> None:
    profile = AgentProfile(
        name, name, model="a b", flags=("--odd", "$(id)"), permission="all", max_turns=9, max_cost_usd=1.5
    )
    assert make(profile, None).command(work(session)) == command


def test_an_agent_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "odd_agent-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-agent\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "[gitpar.agents]\nodd = odd_agent:make\nbroken = odd_agent:none\n"
    )
    (tmp_path / "odd_agent.py").write_text(
        "from gitpar.agents.command import CommandAgent\n"
        "def make(profile, template):\n    return CommandAgent(f'odd {profile.model}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "odd" in kinds()
    assert make(AgentProfile("mine", "odd", model="m"), None).command(work()) == "odd m"
    with pytest.raises(UsageError, match="of the kind `no-such`, which is not known"):
        make(AgentProfile("mine", "no-such"), None)
    with pytest.raises(EnvironmentFault, match="cannot be loaded from `odd_agent:none`"):
        make(AgentProfile("mine", "broken"), None)
