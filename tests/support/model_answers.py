"""The four ways in which agents speak with models: what a request says, and what an answer looks like."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

Conversation = list[tuple[str, str]]
"""Role and text of every message; every answer of the model counts as one of `assistant`."""
Json = dict[str, Any]

_SHELLS = ("exec_command", "shell_command", "shell", "bash", "run_shell_command", "local_shell")
_WRITERS = ("write", "write_file")
IN, CACHED, OUT = 1000, 300, 50


def sse(events: Iterable[Json]) -> bytes:
    """Writes events as a stream; one without a type is only data."""
    parts = []
    for event in events:
        head = f"event: {event['type']}\n" if "type" in event else ""
        parts.append(f"{head}data: {json.dumps(event)}\n\n")
    return "".join(parts).encode()


def _id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:20]}"


def _texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(
        part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)
    )


def _call(step: Json, tools: list[tuple[str, Json]]) -> tuple[str, Json] | None:
    """The tool and its arguments for a step, fitted to what the request offers; None where nothing fits."""
    wanted = _SHELLS if "bash" in step else _WRITERS if "write" in step else ()
    for name, schema in tools:
        if name.lower() in wanted and not _wants_whole_paths(schema):
            return name, _arguments(step, schema)
    if "write" in step:
        path, content = step["write"]["path"], step["write"]["content"]
        quoted = "'" + content.replace("'", "'\\''") + "'"
        return _call({"bash": f"mkdir -p \"$(dirname '{path}')\" && printf %s {quoted} > '{path}'"}, tools)
    return None


def _wants_whole_paths(schema: Json) -> bool:
    """Whether a tool refuses relative paths: the script does not know where the agent works."""
    properties = schema.get("properties", {}).values()
    return any(
        "relative paths are not supported" in str(p.get("description", "")).lower() for p in properties
    )


def _arguments(step: Json, schema: Json) -> Json:
    known = schema.get("properties", {})
    if "bash" in step:
        command: Any = step["bash"]
        name = "cmd" if "cmd" in known else "command"
        if known.get(name, {}).get("type") == "array":
            command = ["bash", "-lc", command]
        more = {"description": "scripted"} if "description" in known else {}
        return {name: command, **more}
    path = next((key for key in ("file_path", "filePath", "path") if key in known), "file_path")
    return {path: step["write"]["path"], "content": step["write"]["content"]}


class Speech(Protocol):
    """One way to speak with a model."""

    path: str
    end: bytes
    """What closes a stream."""

    def conversation(self, request: Json) -> Conversation:
        """Returns the messages of a request."""
        ...

    def answer(self, request: Json, step: Json) -> Json:
        """Returns a step as an answer that is not streamed."""
        ...

    def events(self, answer: Json) -> Iterator[Json]:
        """Yields the same answer as a stream."""
        ...

    def error(self, status: int) -> Json:
        """Returns the body of a refusal."""
        ...


_NAMES = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
_TOLD = {401: "invalid x-api-key", 429: "slow down", 529: "Overloaded"}


class Anthropic:
    """Anthropic Messages."""

    path = "/v1/messages"
    end = b""

    def conversation(self, request: Json) -> Conversation:
        return [(m.get("role", ""), _texts(m.get("content"))) for m in request.get("messages", [])]

    def answer(self, request: Json, step: Json) -> Json:
        tools = [(tool.get("name", ""), tool.get("input_schema", {})) for tool in request.get("tools", [])]
        call = _call(step, tools)
        part: Json = {"type": "text", "text": str(step.get("say", "ok"))}
        if call is not None:
            part = {"type": "tool_use", "id": _id("toolu"), "name": call[0], "input": call[1]}
        return {
            "id": _id("msg"),
            "type": "message",
            "role": "assistant",
            "model": request.get("model", "scripted"),
            "content": [part],
            "stop_reason": "tool_use" if call else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": IN, "cache_read_input_tokens": CACHED, "output_tokens": OUT},
        }

    def events(self, answer: Json) -> Iterator[Json]:
        [part] = answer["content"]
        yield {"type": "message_start", "message": {**answer, "content": [], "stop_reason": None}}
        if part["type"] == "text":
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            delta = {"type": "text_delta", "text": part["text"]}
        else:
            yield {"type": "content_block_start", "index": 0, "content_block": {**part, "input": {}}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(part["input"])}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        ended = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
        yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": OUT}}
        yield {"type": "message_stop"}

    def error(self, status: int) -> Json:
        told = {"type": _NAMES.get(status, "api_error"), "message": _TOLD.get(status, "refused")}
        return {"type": "error", "error": told}


class Responses:
    """OpenAI Responses."""

    path = "/responses"
    end = b""

    def conversation(self, request: Json) -> Conversation:
        found: Conversation = []
        for item in request.get("input", []):
            kind = item.get("type", "message")
            if kind == "message":
                found.append((item.get("role", ""), _texts(item.get("content"))))
            elif kind in ("function_call", "custom_tool_call", "local_shell_call"):
                found.append(("assistant", ""))
        return found

    def answer(self, request: Json, step: Json) -> Json:
        tools = [(tool.get("name", ""), tool.get("parameters", {})) for tool in request.get("tools", [])]
        call = _call(step, tools)
        item: Json = {
            "type": "message",
            "id": _id("msg"),
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": str(step.get("say", "ok")), "annotations": []}],
        }
        if call is not None:
            item = {
                "type": "function_call",
                "id": _id("fc"),
                "call_id": _id("call"),
                "name": call[0],
                "arguments": json.dumps(call[1]),
                "status": "completed",
            }
        usage = {
            "input_tokens": IN,
            "input_tokens_details": {"cached_tokens": CACHED},
            "output_tokens": OUT,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": IN + OUT,
        }
        head = {"id": _id("resp"), "object": "response", "status": "completed", "model": request.get("model")}
        return {**head, "output": [item], "usage": usage}

    def events(self, answer: Json) -> Iterator[Json]:
        [item] = answer["output"]
        begun = {**answer, "status": "in_progress", "output": [], "usage": None}
        yield {"type": "response.created", "response": begun}
        yield {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress"},
        }
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}
        yield {"type": "response.completed", "response": answer}

    def error(self, status: int) -> Json:
        told = {
            "message": _TOLD.get(status, "refused"),
            "type": _NAMES.get(status, "api_error"),
            "code": None,
        }
        return {"error": told}


class Chat(Responses):
    """OpenAI Chat Completions."""

    path = "/chat/completions"
    end = b"data: [DONE]\n\n"

    def conversation(self, request: Json) -> Conversation:
        return [(m.get("role", ""), _texts(m.get("content"))) for m in request.get("messages", [])]

    def answer(self, request: Json, step: Json) -> Json:
        functions = [tool.get("function", {}) for tool in request.get("tools") or []]
        call = _call(step, [(f.get("name", ""), f.get("parameters", {})) for f in functions])
        message: Json = {"role": "assistant", "content": str(step.get("say", "ok"))}
        if call is not None:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"index": 0, "id": _id("call"), "type": "function", "function": function}],
            }
        usage = {
            "prompt_tokens": IN,
            "prompt_tokens_details": {"cached_tokens": CACHED},
            "completion_tokens": OUT,
            "total_tokens": IN + OUT,
        }
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
        head = {
            "id": _id("chatcmpl"),
            "object": "chat.completion",
            "created": 0,
            "model": request.get("model"),
        }
        return {**head, "choices": [choice], "usage": usage}

    def events(self, answer: Json) -> Iterator[Json]:
        [choice] = answer["choices"]
        head = {**{key: answer[key] for key in ("id", "created", "model")}, "object": "chat.completion.chunk"}
        yield {**head, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]}
        ended = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
        yield {**head, "choices": [ended]}
        yield {**head, "choices": [], "usage": answer["usage"]}


class Gemini(Responses):
    """Gemini's own, which is always asked for as a stream."""

    path = ":streamGenerateContent"

    def conversation(self, request: Json) -> Conversation:
        return [
            ("assistant" if content.get("role") == "model" else "user", _texts(content.get("parts")))
            for content in request.get("contents", [])
        ]

    def answer(self, request: Json, step: Json) -> Json:
        offered = [f for tool in request.get("tools", []) for f in tool.get("functionDeclarations", [])]
        tools = [
            (f.get("name", ""), f.get("parametersJsonSchema") or f.get("parameters", {})) for f in offered
        ]
        call = _call(step, tools)
        part: Json = {"text": str(step.get("say", "ok"))}
        if call is not None:
            part = {"functionCall": {"name": call[0], "args": call[1]}}
        usage = {
            "promptTokenCount": IN,
            "cachedContentTokenCount": CACHED,
            "candidatesTokenCount": OUT,
            "totalTokenCount": IN + OUT,
        }
        content = {"role": "model", "parts": [part]}
        candidate = {"content": content, "finishReason": "STOP", "index": 0}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted"}

    def events(self, answer: Json) -> Iterator[Json]:
        yield answer

    def error(self, status: int) -> Json:
        return {"error": {"code": status, "message": _TOLD.get(status, "refused"), "status": "REFUSED"}}


PROTOCOLS: tuple[Speech, ...] = (Anthropic(), Chat(), Responses(), Gemini())
