"""GitHub and GitLab on this machine: their lists of open requests, read from a real bare repository.

A request is what stands at `refs/pull/N/head` or `refs/merge-requests/N/head`; two are
on a page, so that every list of three has two pages.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.sealed import git

PAGE = 2


@dataclass
class Double:
    """A forge: where it answers, what it was asked, and what it is to do wrong."""

    bare: Path
    token: str = "secret"
    api: str = ""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    fails: list[int] = field(default_factory=list)
    """Statuses to answer with before anything else."""
    body: bytes | None = None
    """What to answer instead of a list."""
    next_page: str | None = None
    """Where to send for the next page instead of here."""

    def requests(self, kind: str) -> list[dict[str, Any]]:
        """The open requests, as the kind of forge tells them."""
        prefix = "refs/pull" if kind == "github" else "refs/merge-requests"
        listed = git(self.bare, "for-each-ref", "--format=%(objectname) %(refname)", prefix)
        found = []
        for line in listed.splitlines():
            commit, ref = line.split(" ")
            number = int(ref.split("/")[2])
            name = f"topic-{number}"
            if kind == "github":
                head = {"ref": name, "sha": commit}
                found.append({"number": number, "head": head, "base": {"ref": "main"}})
            else:
                found.append({"iid": number, "source_branch": name, "sha": commit, "target_branch": "main"})
        return found


@contextmanager
def forge(bare: Path) -> Iterator[Double]:
    """Serves a double on the loopback address."""
    double = Double(bare)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(double, self)

        def log_message(self, *_words: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    double.api = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(double: Double, request: BaseHTTPRequestHandler) -> None:
    asked = urlsplit(request.path)
    query = parse_qs(asked.query)
    double.asked.append((request.path, dict(request.headers)))
    github = asked.path == "/repos/ada/shop/pulls"
    if double.fails:
        return _send(request, double.fails.pop(0), b"{}")
    if not github and asked.path != "/projects/ada%2Fshop/merge_requests":
        return _send(request, 404, b'{"message": "Not Found"}')
    permit = request.headers.get("Authorization" if github else "PRIVATE-TOKEN", "")
    if permit.removeprefix("Bearer ") != double.token:
        return _send(request, 401, b'{"message": "Bad credentials"}')
    if double.body is not None:
        return _send(request, 200, double.body)
    assert query["base" if github else "target_branch"] == ["main"]
    found = double.requests("github" if github else "gitlab")
    page = int(query.get("page", ["1"])[0])
    link = ""
    if page * PAGE < len(found):
        address = double.next_page or f"{double.api}{request.path}&page={page + 1}"
        link = f'<{address}>; rel="next", <x>; rel="last"'
    return _send(request, 200, json.dumps(found[(page - 1) * PAGE : page * PAGE]).encode(), link)


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, link: str = "") -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    if link:
        request.send_header("Link", link)
    if status == 302:
        request.send_header("Location", "http://127.0.0.1:9/elsewhere")
    request.end_headers()
    request.wfile.write(body)
