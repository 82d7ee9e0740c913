"""Qwen Code: a JSON object a line in claude's shape, without a cost. Its input tokens contain the cached."""

from __future__ import annotations

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents.claude import ClaudeReader
from gitpar.agents.cli import CliAgent

_APPROVAL = {"read": "plan", "edit": "auto-edit", "all": "yolo"}


class Qwen(CliAgent):
    """The Agent that is Qwen Code."""

    program = Program("qwen", (0, 10), "npm install -g @qwen-code/qwen-code")
    resumes = False
    keys = ("OPENAI_*", "QWEN_*", "DASHSCOPE_*")
    state = (".qwen",)
    fixed = (".qwen/settings.json", ".qwen/QWEN.md", ".qwen/commands", ".qwen/extensions")

    def arguments(self, work: Assignment) -> list[str]:  # noqa: ARG002 - the same for all
        """Returns the arguments before the prompt."""
        words = ["--output-format", "stream-json", "--approval-mode", _APPROVAL[self.profile.permission]]
        return words + (["-m", self.profile.model] if self.profile.model is not None else [])

    def tail(self, work: Assignment) -> str:  # noqa: ARG002 - the file is named by the environment
        """The prompt is an argument; the shell reads it from its file."""
        return '-p "$(cat "$GITPAR_PROMPT_FILE")" </dev/null'

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return QwenReader()


class QwenReader(ClaudeReader):
    """Reads stream-json of Qwen Code."""

    cached_apart = False
