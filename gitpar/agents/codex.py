"""Codex: `codex exec --json`, the prompt on stdin. Its input tokens contain what came from the cache."""

from __future__ import annotations

from typing import Any

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents import activity
from gitpar.agents.cli import CliAgent
from gitpar.agents.reading import JsonLines, count_at, dig, text_at
from gitpar.agents.saying import trouble_of
from gitpar.core.agents import Tokens

_SANDBOX = {"read": "read-only", "edit": "workspace-write"}


class Codex(CliAgent):
    """The Agent that is Codex."""

    program = Program("codex", (0, 100), "npm install -g @openai/codex")
    keys = ("OPENAI_*", "CODEX_*")
    state = (".codex",)
    fixed = (".codex/config.toml", ".codex/AGENTS.md", ".codex/prompts", ".codex/rules", ".codex/hooks.json")

    def arguments(self, work: Assignment) -> list[str]:
        """Returns the arguments; a session of an earlier attempt is gone on with by its own subcommand."""
        words = ["exec", "--json"]
        if self.profile.permission == "all":
            words.append("--dangerously-bypass-approvals-and-sandbox")
        else:
            words += ["--sandbox", _SANDBOX[self.profile.permission]]
        if self.profile.model is not None:
            words += ["-m", self.profile.model]
        words += ["-C", str(work.worktree)]
        return words

    def tail(self, work: Assignment) -> str:
        """The prompt is read from stdin, also where a session goes on."""
        return f"resume {work.session} -" if work.session else "-"

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return CodexReader()


class CodexReader(JsonLines):
    """Reads `--json`."""

    def take(self, value: dict[str, Any], kind: str) -> None:
        """Takes an object: thread, turn, item or error."""
        match kind:
            case "thread.started":
                self.in_session(text_at(value, "thread_id"))
            case "item.started" | "item.updated":
                self._doing(dig(value, "item"))
            case "item.completed":
                self._item(dig(value, "item"))
            case "turn.completed":
                cached = count_at(value, "usage", "cached_input_tokens")
                stored = count_at(value, "usage", "cache_write_input_tokens")
                fresh = max(0, count_at(value, "usage", "input_tokens") - cached)
                out = count_at(value, "usage", "output_tokens")
                self.used(Tokens(fresh=fresh, cached=cached, stored=stored, out=out))
                self.ended(well=True)
            case "error":
                message = text_at(value, "message")
                self.met(trouble_of(message), message)
            case "turn.failed":
                message = text_at(value, "error", "message")
                self.ended(well=False, message=message, trouble=trouble_of(message))
            case _:
                pass

    def _item(self, item: Any) -> None:
        match text_at(item, "type"):
            case "agent_message":
                self.answered()
                self.spoke(text_at(item, "text"))
            case "command_execution" | "file_change" | "mcp_tool_call":
                self.answered()
                self.over_it()
                self._doing(item)
            case _:
                pass

    def _doing(self, item: Any) -> None:
        match text_at(item, "type"):
            case "command_execution":
                self.doing = activity.of_command(text_at(item, "command"))
            case "file_change":
                changes = dig(item, "changes")
                paths = [text_at(one, "path") for one in changes] if isinstance(changes, list) else []
                self.doing = f"editing {', '.join(filter(None, paths[:3]))}".strip()
            case "reasoning":
                self.doing = "thinking"
            case _:
                pass
