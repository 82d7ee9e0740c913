"""A forge on this machine: real branches in a bare repository, requests that merge by real git, faults.

GitHub, GitLab or Gitea by `kind`. Every request that comes in and every answer that goes
out is checked against a strict description of the interface (`support/interfaces.py`);
what does not fit is kept in `breaches`, which a test must find empty.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support import interfaces
from tests.support.requests import Exchange, Pull, Refused
from tests.support.sealed import git

TOKEN = "t0ken-that-nobody-may-see"
REPOSITORY = "ada/shop"
PREFIXES = {"github": "", "gitlab": "/api/v4", "gitea": "/api/v1"}
"""Where the interface begins."""
PAGE = 2
"""So that a list of three has two pages."""


@dataclass
class Fault:
    """What to do wrong with the next requests that match: method and a part of the path.

    `status` is answered instead of acting, or after acting with `acts`; 0 cuts the
    connection, -1 says nothing until the client gives up.
    """

    method: str
    part: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    acts: bool = False
    times: int = 1
    body: bytes = b'{"message": "injected"}'


class Hosting:
    """The forge's own knowledge and rules; one lock around each request."""

    def __init__(self, bare: Path, kind: str) -> None:
        self.bare = bare
        self.kind = kind
        self.root = self.api = ""
        self.pulls: list[Pull] = []
        self.faults: list[Fault] = []
        self.exchanges: list[Exchange] = []
        self.breaches: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.unsettled = 0
        """How often a request is still being looked at before the forge knows whether it merges."""
        self.lock = threading.Lock()
        self.gone = threading.Event()

    # --- branches ---------------------------------------------------------------------

    def tip(self, branch: str) -> str:
        """Where a branch stands, empty where there is none."""
        return git(self.bare, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def stands(self, pull: Pull) -> str:
        """The commit of a request's head."""
        if pull.state == "open":
            pull.stood = self.tip(pull.head) or pull.stood
        return pull.stood

    def brings(self, head: str, base: str) -> bool:
        """Whether one branch has commits that the other has not."""
        return git(self.bare, "rev-list", "--count", f"{self.tip(base)}..{self.tip(head)}") != "0"

    # --- what people and programs do ----------------------------------------------------

    def make(self, head: str, base: str, title: str, body: str) -> Pull:
        """Opens a request, or says why not as the forge would."""
        missing = [name for name in (head, base) if not self.tip(name)]
        if missing:
            raise Refused(404 if self.kind == "gitea" else 422, f"no branch {missing[0]}")
        if any((p.head, p.base, p.state) == (head, base, "open") for p in self.pulls):
            raise Refused(422 if self.kind == "github" else 409, f"A pull request already exists for {head}")
        if self.kind != "gitlab" and not self.brings(head, base):
            raise Refused(422, f"No commits between {base} and {head}")
        pull = Pull(len(self.pulls) + 1, head, base, title, body, stood=self.tip(head))
        self.pulls.append(pull)
        return pull

    def merge(self, pull: Pull, commit: str) -> str:
        """Merges as the button does and returns the merge commit."""
        if pull.state != "open":
            raise Refused(405, "Pull Request is not mergeable")
        head, base = self.tip(pull.head), self.tip(pull.base)
        if commit and commit != head:
            raise Refused(409, "Head branch was modified. Review and try the merge again.")
        try:
            tree = git(self.bare, "merge-tree", "--write-tree", base, head)
        except subprocess.CalledProcessError as conflicts:
            raise Refused(405, "Pull Request has merge conflicts") from conflicts
        merged = git(
            self.bare, "commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge #{pull.number} {pull.title}"
        )
        pull.stood, pull.merged, pull.state = head, True, "closed"
        git(self.bare, "update-ref", f"refs/heads/{pull.base}", merged, base)
        return merged

    def close(self, number: int) -> None:
        """Closes a request by hand."""
        pull = self.pulls[number - 1]
        self.stands(pull)
        pull.state = "closed"

    def merge_by_hand(self, number: int) -> None:
        """Merges a request by hand."""
        with self.lock:
            self.merge(self.pulls[number - 1], "")

    # --- requests -----------------------------------------------------------------------

    def answer(self, method: str, path: str, query: Mapping[str, str], sent: Any) -> tuple[int, Any]:
        """Does what is asked and returns status and value; list pages are cut by the caller."""
        try:
            return interfaces.FORGES[self.kind](self).answer(method, path, query, sent)
        except Refused as refused:
            return refused.status, {"message": str(refused)}

    def fault(self, method: str, path: str) -> Fault | None:
        """Takes the next fault that is meant for this request."""
        for fault in self.faults:
            if fault.method == method and fault.part in path:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def allowed(self, headers: Mapping[str, str]) -> bool:
        """Whether a request carries the token as this forge wants it."""
        sent = {name.lower(): value for name, value in headers.items()}
        given = {
            "github": sent.get("authorization", ""),
            "gitea": sent.get("authorization", ""),
            "gitlab": sent.get("private-token", ""),
        }[self.kind]
        scheme, _, token = given.rpartition(" ")
        return token == TOKEN and scheme.lower() in {"github": ("bearer", "token"), "gitea": ("token",)}.get(
            self.kind, ("",)
        )

    def environ(self) -> dict[str, str]:
        """What tells gitpar where the forge is."""
        match self.kind:
            case "github":
                return {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": self.api, "GITHUB_TOKEN": TOKEN} | {
                    "GITHUB_REPOSITORY": REPOSITORY
                }
            case "gitlab":
                return {"GITLAB_CI": "true", "CI_API_V4_URL": self.api, "GITLAB_TOKEN": TOKEN} | {
                    "CI_PROJECT_ID": REPOSITORY
                }
            case _:
                return {"GITEA_ACTIONS": "true", "GITHUB_API_URL": self.api, "GITEA_TOKEN": TOKEN} | {
                    "GITHUB_REPOSITORY": REPOSITORY
                }


@contextmanager
def hosting(bare: Path, kind: str) -> Iterator[Hosting]:
    """Serves a forge on the loopback address."""
    forge = Hosting(bare, kind)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _serve(forge, self)

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_words: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = False
    forge.root = f"http://127.0.0.1:{server.server_address[1]}"
    forge.api = forge.root + PREFIXES[kind]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield forge
    finally:
        forge.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _serve(forge: Hosting, request: BaseHTTPRequestHandler) -> None:
    asked = urlsplit(request.path.removeprefix(PREFIXES[forge.kind]))
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    length = int(request.headers.get("Content-Length") or 0)
    sent = json.loads(request.rfile.read(length)) if length else None
    method = request.command
    with forge.lock:
        forge.headers.append(dict(request.headers))
        fault = forge.fault(method, request.path)
        status, value = 500, None
        if fault is not None and not fault.acts:
            pass
        elif not forge.allowed(dict(request.headers)):
            status, value = 401, {"message": "Bad credentials"}
        else:
            status, value = forge.answer(method, asked.path, query, sent)
            exchange = Exchange(method, asked.path, query, sent, status, value)
            forge.exchanges.append(exchange)
            forge.breaches += interfaces.breaches(forge.kind, exchange)
    if fault is not None and fault.status <= 0:
        if fault.status < 0:
            forge.gone.wait(5)
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True
        return
    if fault is not None:
        _send(request, fault.status, fault.body, fault.headers)
        return
    headers: dict[str, str] = {}
    if isinstance(value, list):
        page = int(query.get("page", "1"))
        if page * PAGE < len(value):
            rest = "&".join(f"{k}={v}" for k, v in parse_qsl(asked.query) if k != "page")
            headers["Link"] = f'<{forge.api}{asked.path}?{rest}&page={page + 1}>; rel="next"'
        value = value[(page - 1) * PAGE : page * PAGE]
    _send(request, status, b"" if value is None else json.dumps(value).encode(), headers)


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
