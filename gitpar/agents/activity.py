"""What a tool call means to somebody who looks on: "editing src/x.py", "running tests"."""

from __future__ import annotations

import re
from collections.abc import Mapping

_EDITS = {"write", "edit", "multiedit", "notebookedit", "write_file", "replace", "patch", "apply_patch"}
_READS = {"read", "read_file", "read_many_files", "list", "ls", "list_directory"}
_SHELLS = {"bash", "shell", "run_shell_command", "command_execution"}
_SEARCHES = {"grep", "glob", "grep_search", "search_file_content", "codesearch"}
_AGENTS = {"task", "agent"}
_PATHS = ("file_path", "filePath", "path", "absolute_path", "notebook_path", "filepath")
_TESTS = re.compile(
    r"\b(pytest|py\.test|unittest|tox|nox|jest|vitest|mocha|rspec|phpunit|ctest|"
    r"(cargo|go|npm|pnpm|yarn|bun|make|mvn|gradle|dotnet|mix|swift|deno)\b[^;&|]*\btest)\b"
)
_WRAPPED = re.compile(r"^\S*sh -l?c ['\"]?(.*?)['\"]?$", re.DOTALL)
_LONGEST = 60


def of_tool(name: str, values: object) -> str:
    """Returns what is being done; `values` are the tool's arguments as the agent printed them."""
    given: Mapping[str, object] = values if isinstance(values, Mapping) else {}
    tool = name.lower()
    path = next((str(given[key]) for key in _PATHS if given.get(key)), "")
    if tool in _EDITS:
        return f"editing {path}" if path else "editing"
    if tool in _READS:
        return f"reading {path}" if path else "reading"
    if tool in _SHELLS:
        return of_command(str(given.get("command", "")))
    if tool in _SEARCHES:
        return "searching"
    return "waiting for an agent of its own" if tool in _AGENTS else f"using {name}"


def of_command(command: str) -> str:
    """Returns what a shell command does, as far as that is worth saying."""
    wrapped = _WRAPPED.match(command)
    inner = " ".join((wrapped[1] if wrapped else command).split())
    if _TESTS.search(inner):
        return "running tests"
    shown = inner if len(inner) <= _LONGEST else inner[: _LONGEST - 1] + "…"
    return f"running {shown}" if shown else "running a command"
