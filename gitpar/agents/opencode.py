"""opencode: `opencode run --format json --auto`; each step tells tokens and cost, cached apart.

The prompt comes on stdin: an argument with spaces it puts into quotes, and escapes those inside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents import activity
from gitpar.agents.cli import CliAgent
from gitpar.agents.reading import JsonLines, amount_at, count_at, dig, text_at
from gitpar.agents.saying import trouble_of
from gitpar.core.agents import Said, Tokens

_ERRORS = (("error", "data", "message"), ("error", "message"), ("error", "name"), ("part", "error"))


class Opencode(CliAgent):
    """The Agent that is opencode."""

    program = Program("opencode", (1, 0), "npm install -g opencode-ai")
    keys = ("OPENCODE_*",)
    state = (".local/share/opencode", ".local/state/opencode", ".cache/opencode", ".config/opencode")
    fixed = (
        ".config/opencode/opencode.json",
        ".config/opencode/opencode.jsonc",
        ".config/opencode/AGENTS.md",
    )

    def arguments(self, work: Assignment) -> list[str]:
        """Returns the arguments before the prompt; --auto is left out where only reading is allowed."""
        words = ["run", "--format", "json"]
        if self.profile.permission != "read":
            words.append("--auto")
        if self.profile.model is not None:
            words += ["-m", self.profile.model]
        return words + (["--session", work.session] if work.session else [])

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return OpencodeReader()


class OpencodeReader(JsonLines):
    """Reads `--format json`."""

    def take(self, value: dict[str, Any], kind: str) -> None:
        """Takes an object: step_start, tool_use, text, step_finish or error."""
        self.in_session(text_at(value, "sessionID"))
        match kind:
            case "tool_use":
                self.over_it()
                name = text_at(value, "part", "tool")
                self.doing = activity.of_tool(name, dig(value, "part", "state", "input"))
            case "text":
                self.spoke(text_at(value, "part", "text"))
            case "step_finish":
                self._step(dig(value, "part"))
            case "error":
                message = next(filter(None, (text_at(value, *path) for path in _ERRORS)), "error")
                trouble = trouble_of(message, dig(value, "error", "data", "statusCode"))
                self.ended(well=False, message=message, trouble=trouble)
            case _:
                pass

    def _step(self, part: Any) -> None:
        self.answered()
        self.used(
            Tokens(
                fresh=count_at(part, "tokens", "input"),
                cached=count_at(part, "tokens", "cache", "read"),
                stored=count_at(part, "tokens", "cache", "write"),
                out=count_at(part, "tokens", "output") + count_at(part, "tokens", "reasoning"),
            )
        )
        if (cost := amount_at(part, "cost")) is not None:
            self.found = replace(self.found, cost_usd=(self.found.cost_usd or 0.0) + cost)
        if self.found.said is not Said.FAILED and text_at(part, "reason") == "stop":
            self.ended(well=True)
