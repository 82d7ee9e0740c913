"""Programs that look like agents: they answer --version, do what a test says, and print what agents print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def program(folder: Path, name: str, body: str, version: str = "9.9.9") -> Path:
    """Writes a shell script that is an agent's program; the prompt is on its stdin. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(
        f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{version} ({name})"; exit 0; fi\n{body}\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


def prints(*objects: dict[str, Any]) -> str:
    """Returns shell lines that print objects, a line each."""
    lines = "\n".join(json.dumps(each) for each in objects)
    return f"cat <<'GITPAR_END'\n{lines}\nGITPAR_END\n"


def claude_init(session: str = "11111111-2222-4333-8444-555555555555") -> dict[str, Any]:
    """The first line of claude's output."""
    return {"type": "system", "subtype": "init", "session_id": session, "model": "claude-test"}


def claude_tool(name: str, **values: Any) -> dict[str, Any]:
    """A tool call in claude's output."""
    content = [{"type": "tool_use", "id": "t", "name": name, "input": values}]
    return {"type": "assistant", "message": {"role": "assistant", "model": "m", "content": content}}


def claude_result(text: str = "Done.", **fields: Any) -> dict[str, Any]:
    """The last line of claude's output: 1000 tokens in, 50 out, 300 cached, one cent."""
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "num_turns": 2,
        "result": text,
        "total_cost_usd": 0.01,
        "usage": {"input_tokens": 1000, "output_tokens": 50, "cache_read_input_tokens": 300},
        **fields,
    }


def claude_retry(status: int, error: str) -> dict[str, Any]:
    """What claude prints before it tries again."""
    return {"type": "system", "subtype": "api_retry", "attempt": 1, "error_status": status, "error": error}


def settings(repo: Path, text: str) -> None:
    """Writes gitpar.toml, uncommitted."""
    (repo / "gitpar.toml").write_text(text, encoding="utf-8")
