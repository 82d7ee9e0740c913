"""Claude Code: `claude -p`, the prompt on stdin, a JSON object a line.

Its input tokens do not contain what came from the cache. `subtype` may be "success"
while `is_error` is true; a run stopped by its budget tells its tokens in `modelUsage` only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents import activity
from gitpar.agents.cli import CliAgent
from gitpar.agents.reading import JsonLines, amount_at, count_at, dig, text_at
from gitpar.agents.saying import trouble_of
from gitpar.core.agents import Allowance, Tokens, Trouble

_TOOLS = "Bash Edit Glob Grep MultiEdit NotebookEdit Read Task TodoWrite Write"
_STOPS = {"error_max_budget_usd": Trouble.BUDGET, "error_max_turns": Trouble.TURNS}
_WORDS = {
    Trouble.BUDGET: "it stopped at its budget",
    Trouble.TURNS: "it stopped after as many turns as it was allowed",
}


class Claude(CliAgent):
    """The Agent that is Claude Code."""

    program = Program("claude", (2, 0), "npm install -g @anthropic-ai/claude-code")
    keys = ("ANTHROPIC_*", "CLAUDE_*")
    state = (".claude",)
    fixed = (
        ".claude/settings.json",
        ".claude/CLAUDE.md",
        ".claude/hooks",
        ".claude/commands",
        ".claude/agents",
        ".claude/skills",
        ".claude/plugins",
    )

    def arguments(self, work: Assignment) -> list[str]:
        """Returns the arguments; what may be done without asking comes from the profile's permission."""
        profile = self.profile
        words = ["-p", "--output-format", "stream-json", "--verbose"]
        match profile.permission:
            case "all":
                words.append("--dangerously-skip-permissions")
            case "read":
                words += ["--permission-mode", "plan"]
            case _:
                words += ["--permission-mode", "acceptEdits", "--allowedTools", _TOOLS]
        for flag, value in (
            ("--model", profile.model),
            ("--max-turns", profile.max_turns),
            ("--max-budget-usd", _least(profile.max_cost_usd, work.allowance)),
            ("--resume", work.session or None),
        ):
            if value is not None:
                words += [flag, str(value)]
        return words

    def own_environment(self, work: Assignment) -> Mapping[str, str]:  # noqa: ARG002 - the same for all
        """Only work goes over the net; root may skip permissions only where that is called a sandbox."""
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        as_root = self.profile.permission == "all" and os.geteuid() == 0
        return quiet | ({"IS_SANDBOX": "1"} if as_root else {})

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return ClaudeReader()


def _least(own: float | None, allowance: Allowance | None) -> float | None:
    left = allowance.usd if allowance is not None else None
    found = min((one for one in (own, left) if one is not None), default=None)
    return None if found is None else max(0.01, round(found, 4))


class ClaudeReader(JsonLines):
    """Reads stream-json, and the single object of `--output-format json`.

    While it works, tokens are those of the answers so far; what came out of the last one
    is told late.
    """

    unread = (b'{"type":"user",',)

    def __init__(self) -> None:
        super().__init__()
        self._answer = ""
        self._before = Tokens()

    cached_apart = True
    """Whether input tokens come without those from the cache."""

    def take(self, value: dict[str, Any], kind: str) -> None:
        """Takes an object: system, assistant, user or result."""
        self.in_session(text_at(value, "session_id"))
        match kind, text_at(value, "subtype"):
            case "system", "api_retry":
                status = dig(value, "error_status")
                said = f"{text_at(value, 'error') or 'error'} {status if status is not None else ''}"
                self.met(trouble_of(said, status) or Trouble.OVERLOADED, said)
            case "assistant", _:
                self._assistant(value)
            case "result", subtype:
                self._result(value, subtype)
            case _:
                pass

    def _assistant(self, value: dict[str, Any]) -> None:
        answer = text_at(value, "message", "id")
        if not answer or answer != self._answer:
            self.answered()
        if text_at(value, "message", "model") == "<synthetic>":
            return
        self.over_it()
        self._count(answer, dig(value, "message", "usage"))
        content = dig(value, "message", "content")
        for part in content if isinstance(content, list) else ():
            if text_at(part, "type") == "tool_use":
                self.doing = activity.of_tool(text_at(part, "name"), dig(part, "input"))
            elif words := text_at(part, "text"):
                self.spoke(words)

    def _count(self, answer: str, usage: Any) -> None:
        """Counts an answer, which comes in several pieces that each tell what it took so far."""
        if not isinstance(usage, dict):
            return
        if answer != self._answer:
            self._answer, self._before = answer, self.found.tokens
        self.found = replace(self.found, tokens=self._before.plus(self._of_usage(usage)))

    def _result(self, value: dict[str, Any], subtype: str) -> None:
        usage, models = dig(value, "usage"), dig(value, "modelUsage")
        tokens = _of_models(models) if isinstance(models, dict) and models else self._of_usage(usage)
        tokens = tokens if tokens.all else self.found.tokens
        turns = count_at(value, "num_turns") or self.found.turns
        cost = amount_at(value, "total_cost_usd")
        self.found = replace(self.found, tokens=tokens, cost_usd=cost, turns=turns)
        self.text = text_at(value, "result") or self.text
        if not dig(value, "is_error") and not subtype.startswith("error"):
            self.ended(well=True, message=_denied(value))
            return
        status = dig(value, "api_error_status")
        trouble = _STOPS.get(subtype) or trouble_of(self.text if status is None else "", status)
        if status == _TOO_LARGE and trouble is Trouble.NONE:
            trouble = trouble_of(self.text)
        errors = dig(value, "errors")
        told = " ".join(map(str, errors)) if isinstance(errors, list) else ""
        if trouble is Trouble.NONE:
            trouble = trouble_of(told)
        self.ended(well=False, message=_WORDS.get(trouble) or self.text or told or subtype, trouble=trouble)

    def _of_usage(self, usage: Any) -> Tokens:
        cached = count_at(usage, "cache_read_input_tokens")
        return Tokens(
            fresh=count_at(usage, "input_tokens") - (0 if self.cached_apart else cached),
            cached=cached,
            stored=count_at(usage, "cache_creation_input_tokens"),
            out=count_at(usage, "output_tokens"),
        )


_TOO_LARGE = 400


def _of_models(models: dict[str, Any]) -> Tokens:
    total = Tokens()
    for each in models.values():
        tokens = Tokens(
            fresh=count_at(each, "inputTokens"),
            cached=count_at(each, "cacheReadInputTokens"),
            stored=count_at(each, "cacheCreationInputTokens"),
            out=count_at(each, "outputTokens"),
        )
        total = total.plus(tokens)
    return total


def _denied(value: dict[str, Any]) -> str:
    denials = dig(value, "permission_denials")
    names = [text_at(one, "tool_name") for one in denials] if isinstance(denials, list) else []
    tools = ", ".join(dict.fromkeys(filter(None, names)))
    return f"it was not allowed to use {tools}" if tools else ""
