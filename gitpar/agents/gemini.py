"""Gemini CLI: `gemini -y -o stream-json -p PROMPT`. Its input tokens contain what came from the cache.

Without a settings file that selects the key it ends with 41; one is put into the
attempt's own folder where the profile brings a key.
"""

from __future__ import annotations

from typing import Any

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents import activity
from gitpar.agents.cli import CliAgent
from gitpar.agents.reading import JsonLines, count_at, dig, text_at
from gitpar.agents.saying import trouble_of
from gitpar.core.agents import Tokens, Trouble

_APPROVAL = {"read": "plan", "edit": "auto_edit"}
_SETTINGS = '{"security": {"auth": {"selectedType": "gemini-api-key"}}}\n'


class Gemini(CliAgent):
    """The Agent that is Gemini CLI."""

    program = Program("gemini", (0, 30), "npm install -g @google/gemini-cli")
    resumes = False
    keys = ("GEMINI_*", "GOOGLE_*")
    state = (".gemini",)
    fixed = (".gemini/settings.json", ".gemini/GEMINI.md", ".gemini/commands", ".gemini/extensions")

    def arguments(self, work: Assignment) -> list[str]:  # noqa: ARG002 - the same for all
        """Returns the arguments before the prompt."""
        words = ["--skip-trust", "-o", "stream-json"]
        if self.profile.permission == "all":
            words.append("-y")
        else:
            words += ["--approval-mode", _APPROVAL[self.profile.permission]]
        return words + (["-m", self.profile.model] if self.profile.model is not None else [])

    def tail(self, work: Assignment) -> str:  # noqa: ARG002 - the file is named by the environment
        """The prompt is an argument; the shell reads it from its file."""
        return '-p "$(cat "$GITPAR_PROMPT_FILE")" </dev/null'

    def own_environment(self, work: Assignment) -> dict[str, str]:
        """Selects the key as the way to sign in, where the profile brings one."""
        if "GEMINI_API_KEY" not in dict(self.profile.env):
            return {}
        settings = work.folder / "gemini-settings.json"
        settings.write_text(_SETTINGS, encoding="utf-8")
        return {"GEMINI_CLI_SYSTEM_SETTINGS_PATH": str(settings)}

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return GeminiReader()


class GeminiReader(JsonLines):
    """Reads `-o stream-json`."""

    def __init__(self) -> None:
        super().__init__()
        self._speaking = False

    def take(self, value: dict[str, Any], kind: str) -> None:
        """Takes an object: init, message, tool_use, tool_result, error or result."""
        speaks = kind == "message" and text_at(value, "role") == "assistant"
        if speaks and not self._speaking:
            self.answered()
            self.text = ""
        self._speaking = speaks
        match kind:
            case "init":
                self.in_session(text_at(value, "session_id"))
            case "message" if speaks:
                self.spoke(self.text + text_at(value, "content"))
            case "tool_use":
                self.answered()
                self.over_it()
                self.doing = activity.of_tool(text_at(value, "tool_name"), dig(value, "parameters"))
            case "error":
                message = text_at(value, "message")
                self.met(trouble_of(message), message)
            case "result":
                self._result(value)
            case _:
                pass

    def _result(self, value: dict[str, Any]) -> None:
        cached = count_at(value, "stats", "cached")
        fresh = max(0, count_at(value, "stats", "input_tokens") - cached)
        self.used(Tokens(fresh=fresh, cached=cached, out=count_at(value, "stats", "output_tokens")))
        well = text_at(value, "status") == "success"
        message = text_at(value, "error", "message")
        self.ended(well=well, message=message, trouble=Trouble.NONE if well else trouble_of(message))
