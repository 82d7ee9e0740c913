"""What each agent prints, made to any length: many lines, a line without end, bytes that are no UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.agent_programs import claude_init, claude_result, claude_tool

ODD = b"\xff\xfe\xe2\x80"
"""No UTF-8."""


def line(value: dict[str, Any]) -> bytes:
    """Returns an object as a line, as agents print it: without spaces."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _claude_answer(text: str) -> dict[str, Any]:
    content = [{"type": "tool_result", "tool_use_id": "t", "content": text}]
    return {"type": "user", "message": {"role": "user", "content": content}}


@dataclass(frozen=True)
class Stream:
    """One agent's way to print: its beginning, a tool call, what the tool answered, its end."""

    begin: bytes
    call: bytes
    answer: bytes
    """With `@@` where the text goes."""
    end: bytes
    tokens: int
    """What its end tells, all kinds together."""

    def of(self, *, lines: int, longest: int = 0) -> Iterator[bytes]:
        """Yields output of so many lines, the middle one of so many bytes, an odd byte in each answer."""
        yield self.begin
        short = self.call + self.answer.replace(b"@@", b"some output " + ODD)
        for _ in range(lines // 4):
            yield short
        if longest:
            head, _, tail = self.answer.partition(b"@@")
            yield head
            block = b"rate limit 429 " * 70_000
            for _ in range(longest // len(block) + 1):
                yield block
            yield tail
        for _ in range(lines // 4):
            yield short
        yield self.end.replace(b"Done.", b"Done." + ODD)


STREAMS = {
    "claude": Stream(
        line(claude_init()),
        line(claude_tool("Read", file_path="a.py")),
        line(_claude_answer("@@")),
        line(claude_result("Done.\n\nTASK COMPLETE")),
        1350,
    ),
    "qwen": Stream(
        line(claude_init()),
        line(claude_tool("read_file", file_path="a.py")),
        line(_claude_answer("@@")),
        line(claude_result("Done.\n\nTASK COMPLETE")),
        1050,
    ),
    "codex": Stream(
        line({"type": "thread.started", "thread_id": "t1"}),
        line({"type": "item.started", "item": {"type": "command_execution", "command": "ls"}}),
        line(
            {
                "type": "item.completed",
                "item": {"type": "command_execution", "command": "ls", "aggregated_output": "@@"},
            }
        ),
        line({"type": "item.completed", "item": {"type": "agent_message", "text": "Done.\n\nTASK COMPLETE"}})
        + line(
            {
                "type": "turn.completed",
                "usage": {"input_tokens": 1000, "cached_input_tokens": 300, "output_tokens": 50},
            }
        ),
        1050,
    ),
    "gemini": Stream(
        line({"type": "init", "session_id": "s1"}),
        line({"type": "tool_use", "tool_name": "read_file", "parameters": {"path": "a.py"}}),
        line({"type": "tool_result", "status": "success", "output": "@@"}),
        line({"type": "message", "role": "assistant", "content": "Done.\n\nTASK COMPLETE", "delta": True})
        + line(
            {
                "type": "result",
                "status": "success",
                "stats": {"input_tokens": 1000, "cached": 300, "output_tokens": 50},
            }
        ),
        1050,
    ),
    "opencode": Stream(
        line({"type": "step_start", "sessionID": "ses_1"}),
        line({"type": "tool_use", "part": {"tool": "read", "state": {"input": {"filePath": "a.py"}}}}),
        line({"type": "tool_use", "part": {"tool": "read", "state": {"input": {}, "output": "@@"}}}),
        line({"type": "text", "part": {"text": "Done.\n\nTASK COMPLETE"}})
        + line(
            {
                "type": "step_finish",
                "part": {
                    "reason": "stop",
                    "cost": 0.01,
                    "tokens": {"input": 700, "output": 50, "cache": {"read": 300, "write": 0}},
                },
            }
        ),
        1050,
    ),
    "aider": Stream(
        b"Aider v0.86.1\n",
        b"Applied edit to a.py\n",
        b"@@\n",
        b"Done.\nTokens: 1.0k sent, 50 received.\n",
        1050,
    ),
}
