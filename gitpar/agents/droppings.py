"""What agents leave in a worktree that is nobody's result, as patterns of .gitignore. Imports nothing.

What git tracks is no dropping: patterns say nothing about it. What people write by hand
(`.aider.conf.yml`, `CLAUDE.md`, ...) is not among them.
"""

from __future__ import annotations

PATTERNS = (
    *(".aider*", "!.aider.conf.yml", "!.aider.model.*", "!.aiderignore"),
    *(".claude/settings.local.json", ".claude/worktrees/", ".claude/todos/", ".claude/*.lock"),
    *(".codex/", ".gemini/", ".opencode/", ".qwen/", ".crush/", ".goose/"),
)
