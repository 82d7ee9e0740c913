"""A model that does what its prompt says: a server on this machine for the real agents' programs.

The script travels inside the prompt, so that one server serves any number of workers:

    @@MODEL {"steps": [{"write": {"path": "a", "content": "x"}}, {"bash": "make test"}, {"say": "Done."}]}@@

Each answer of the model is the next step; which one that is tells the conversation, in which
every earlier answer stands. A step may also be `{"status": 429, "times": 3}`, which refuses
that often before it is over, `{"hang": 5}`, which waits, or `{"each": [STEP, STEP]}`, of which the n-th
who comes to it gets the n-th, and all others the last. Spoken are Anthropic Messages,
OpenAI Chat Completions and OpenAI Responses, streamed or not.

It listens on the loopback only, and no script gets more answers than it has steps.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support import model_answers as answers

_SCRIPT = re.compile(r"@@MODEL (\{.*?\})\s*@@", re.DOTALL)
_LONGEST_HANG_S = 120.0
_MOST_REQUESTS = 20_000


def scripted(text: str, *steps: dict[str, Any]) -> str:
    """Returns a prompt with a script in it."""
    return f"{text}\n\n@@MODEL {json.dumps({'steps': steps})}@@"


@dataclass
class Model:
    """What the server does and what it saw. `refuse` is (status, how many requests get it)."""

    key: str = "good-key"
    refuse: tuple[int, int] | None = None
    retry_after_s: float | None = None
    seen: list[tuple[str, int]] = field(default_factory=list)
    """Path and status of every request that wanted an answer of the model."""
    url: str = ""
    _given: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, status: int) -> int:
        """How many requests got a status."""
        with self._lock:
            return sum(1 for _, given in self.seen if given == status)

    def status_for(
        self, path: str, key: str, conversation: answers.Conversation
    ) -> tuple[int, dict[str, Any]]:
        """Decides on a request: the status, and the step that is its answer."""
        step, place = _next_step(conversation)
        with self._lock:
            status = 200
            if len(self.seen) >= _MOST_REQUESTS:
                status = 503
            elif self.key not in key:
                status = 401
            elif self.refuse is not None and self.refuse[1] > 0:
                status = self.refuse[0]
                self.refuse = (status, self.refuse[1] - 1)
            elif "status" in step:
                self._given[place] += 1
                if self._given[place] <= step.get("times", 1):
                    status = int(step["status"])
                else:
                    step, _ = _next_step(conversation, over=True)
            if status == 200 and "each" in step:
                self._given[place] += 1
                step = step["each"][min(self._given[place], len(step["each"])) - 1]
            self.seen.append((path, status))
        return status, step


def _next_step(conversation: answers.Conversation, *, over: bool = False) -> tuple[dict[str, Any], str]:
    """The step that comes next; refusing steps are no answers and are skipped when they are over."""
    for at in range(len(conversation) - 1, -1, -1):
        role, text = conversation[at]
        found = _SCRIPT.findall(text) if role == "user" else []
        if not found:
            continue
        steps = json.loads(found[-1])["steps"]
        answered = sum(1 for role, _ in conversation[at:] if role == "assistant")
        spoken = -1
        for n, step in enumerate(steps):
            if "status" in step:
                if spoken + 1 == answered and not over:
                    return step, f"{found[-1]}#{n}"
                continue
            spoken += 1
            if spoken == answered:
                return step, f"{found[-1]}#{n}"
        return {"say": "That was all."}, ""
    return {"say": "ok"}, ""


class _Answering(BaseHTTPRequestHandler):
    """One connection. `server.model` is the Model."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._send(200, b"")

    def do_GET(self) -> None:
        self._send(200, b'{"object": "list", "data": [], "models": []}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        spoken = next((p for p in answers.PROTOCOLS if path.endswith(p.path)), None)
        try:
            request = json.loads(body or b"{}")
        except ValueError:
            request = {}
        if spoken is None:
            self._send(200, b'{"input_tokens": 1000}' if path.endswith("/count_tokens") else b"{}")
            return
        names = ("x-api-key", "x-goog-api-key", "Authorization")
        key = next((found for name in names if (found := self.headers.get(name))), "")
        status, step = self.server.model.status_for(path, key, spoken.conversation(request))
        if "hang" in step and status == 200:
            time.sleep(min(float(step["hang"]), _LONGEST_HANG_S))
        if status != 200:
            self._send(status, json.dumps(spoken.error(status)).encode())
            return
        answer = spoken.answer(request, step)
        if request.get("stream") or isinstance(spoken, answers.Gemini):
            self._send(200, answers.sse(spoken.events(answer)) + spoken.end, "text/event-stream")
        else:
            self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 429 and (after := self.server.model.retry_after_s) is not None:
                self.send_header("Retry-After", f"{after:g}")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the agent was ended meanwhile


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, model: Model) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.model = model

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that is ended in the middle of a request is expected."""


@contextmanager
def serving(model: Model | None = None) -> Iterator[Model]:
    """Serves a model on a free port until the block ends."""
    model = model or Model()
    server = _Server(model)
    model.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
