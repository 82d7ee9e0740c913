"""aider: text only, and exit status 0 whatever happened: a refused key and an answer without an edit too."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from gitpar.agent_port import Assignment, OutputReader, Program
from gitpar.agents.cli import CliAgent
from gitpar.agents.saying import one_line, trouble_of
from gitpar.core.agents import AgentReport, Said, Tokens, Trouble

_USAGE = re.compile(
    r"Tokens: ([\d.,]+)([kM]?) sent,(?: ([\d.,]+)([kM]?) cache write,)?"
    r"(?: ([\d.,]+)([kM]?) cache hit,)? ([\d.,]+)([kM]?) received"
)
_COST = re.compile(r"Cost: \$[\d.,]+ message, \$([\d.,]+) session")
_EDIT = re.compile(r"Applied edit to (.+)$")
_ERROR = re.compile(r"litellm\.(\w+): (.*)$")
_TROUBLES = {
    "AuthenticationError": Trouble.KEY,
    "PermissionDeniedError": Trouble.KEY,
    "RateLimitError": Trouble.RATE_LIMIT,
    "ContextWindowExceededError": Trouble.TOO_LONG,
    "ServiceUnavailableError": Trouble.OVERLOADED,
    "InternalServerError": Trouble.OVERLOADED,
    "APIConnectionError": Trouble.OVERLOADED,
    "Timeout": Trouble.OVERLOADED,
}
_LONGEST_LINE = 20_000
_MOST_FILES = 1_000
_SIZES = {"": 1, "k": 1_000, "M": 1_000_000}
_QUIET = (
    "--yes-always",
    "--no-check-update",
    "--no-gitignore",
    "--no-pretty",
    "--no-stream",
    "--analytics-disable",
    "--no-show-model-warnings",
)


class Aider(CliAgent):
    """The Agent that is aider. It is told the files that the task declares."""

    program = Program("aider", (0, 80), "pipx install aider-chat")
    resumes = False
    keys = ("AIDER_*", "OPENAI_*", "ANTHROPIC_*")
    state = (".aider",)

    def arguments(self, work: Assignment) -> list[str]:
        """Returns the arguments; its own files stay out of the worktree."""
        words = list(_QUIET)
        if self.profile.permission == "read":
            words.append("--dry-run")
        if self.profile.model is not None:
            words += ["--model", self.profile.model]
        for name in ("input", "chat", "llm"):
            words += [f"--{name}-history-file", str(work.folder / f"aider.{name}.history")]
        return words

    def tail(self, work: Assignment) -> str:
        """The prompt by its file, then the files that the task means to write."""
        paths = [path for path in work.briefing.task.scope.written if not set(path) & set("*?[")]
        return shlex.join(["--message-file", str(work.prompt), "--", *paths]).removesuffix(" --")

    def reader(self) -> OutputReader:
        """Returns who reads its output."""
        return AiderReader()


class AiderReader:
    """Reads the text that aider prints."""

    def __init__(self) -> None:
        self._found = AgentReport()
        self._doing = ""
        self._last = ""
        self._edited: dict[str, None] = {}

    def feed(self, line: bytes) -> None:
        """Takes the next line."""
        text = line[:_LONGEST_LINE].decode(errors="replace").rstrip()
        if used := _USAGE.search(text):
            fresh, stored, cached, out = (_number(used[n], used[n + 1]) for n in (1, 3, 5, 7))
            tokens = self._found.tokens.plus(Tokens(fresh=fresh, stored=stored, cached=cached, out=out))
            answers = self._found.turns + 1
            self._found = replace(
                self._found,
                said=Said.ENDED,
                trouble=Trouble.NONE,
                message=one_line(self._last),
                tokens=tokens,
                turns=answers,
            )
        if cost := _COST.search(text):
            self._found = replace(self._found, cost_usd=float(cost[1].replace(",", "")))
        if edit := _EDIT.match(text):
            if len(self._edited) < _MOST_FILES:
                self._edited[edit[1]] = None
            self._doing = f"editing {edit[1]}"
        elif error := _ERROR.search(text):
            trouble = _TROUBLES.get(error[1]) or trouble_of(text)
            self._found = replace(self._found, said=Said.FAILED, message=one_line(error[2]), trouble=trouble)
        elif text.strip():
            self._last = text

    def activity(self) -> str:
        """Says what aider is doing."""
        return self._doing or one_line(self._last)

    def report(self) -> AgentReport:
        """Returns what has been told so far."""
        return replace(self._found, claimed=tuple(self._edited))


def _number(digits: str | None, unit: str | None) -> int:
    try:
        return round(float((digits or "0").replace(",", "")) * _SIZES[unit or ""])
    except ValueError:
        return 0
