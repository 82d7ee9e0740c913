"""Asks a REST interface: tokens, pages, patience, and what a refusal means. Knows no forge's fields.

Waits as long as the forge asks for (Retry-After, rate limits) up to a limit, and asks
again where an answer was lost, unless that could do something twice. Follows no
redirect and no link to another host: the token would go along. Needs no library.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from typing import Any, TypeVar

from gitpar.core.forges import ForgeKind
from gitpar.errors import EnvironmentFault, ForgeRefused, ForgeUnsure
from gitpar.forges.address import ForgeAddress
from gitpar.values import dataclass

T = TypeVar("T")

_MOST_PAGES = 50
_MOST_BYTES = 50_000_000
_MOST_SAID = 300
_NEXT = re.compile(r'<([^>]+)>\s*;[^,]*rel="?next"?')
_VARIABLES = {
    ForgeKind.GITHUB: "GITHUB_TOKEN",
    ForgeKind.GITLAB: "GITLAB_TOKEN",
    ForgeKind.GITEA: "GITEA_TOKEN",
}
_TOO_MANY = 429
_BROKEN = 500


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try; all durations are seconds.

    `longest_wait_s` bounds what a forge may ask to be waited for, added up over one request.
    """

    tries: int = 4
    first_pause_s: float = 0.5
    longest_wait_s: float = 300.0
    timeout_s: float = 30.0
    pause: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; any status."""

    status: int
    reason: str
    headers: Message
    body: bytes

    def said(self) -> str:
        """Returns the forge's own words on one line, empty where there are none to show."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return ""
        if not isinstance(value, dict):
            return ""
        words = [value.get(name) for name in ("message", "error", "errors") if value.get(name)]
        return " ".join("; ".join(map(_flat, words)).split())[:_MOST_SAID]


def _flat(value: Any) -> str:
    """Returns a forge's message as text: some are lists or tables of messages."""
    match value:
        case dict():
            told = value.get("message") or value.get("code")
            return str(told) if told else ", ".join(f"{k} {_flat(v)}" for k, v in value.items())
        case list():
            return ", ".join(map(_flat, value))
        case _:
            return str(value)


class Rest:
    """One forge's interface. Safe to share between threads."""

    def __init__(self, address: ForgeAddress, patience: Patience | None = None) -> None:
        self.address = address
        self.patience = patience or Patience()

    def read(self, read: Callable[[Any], T], path: str, what: str) -> T:
        """Returns one thing; `what` says in words what is asked for. Asked again where the answer is lost."""
        answer = self._ask("GET", self._url(path, {}), what, repeatable=True)
        return self.understood(read, self._parsed(answer))

    def all(self, read: Callable[[Any], T], path: str, what: str, **query: str | int) -> list[T]:
        """Returns the items of all pages."""
        return [self.understood(read, item) for item in self._pages(self._url(path, query), what)]

    def change(self, method: str, path: str, what: str, body: Mapping[str, object]) -> Any:
        """Changes something in a way that may be repeated, and returns what the forge says."""
        return self._parsed(self._ask(method, self._url(path, {}), what, body, repeatable=True))

    def once(self, method: str, path: str, what: str, body: Mapping[str, object]) -> Any:
        """Does something that must not be repeated; returns what the forge says, None for nothing.

        Raises ForgeUnsure where the answer is lost.
        """
        answer = self._ask(method, self._url(path, {}), what, body, repeatable=False)
        return self._parsed(answer) if answer.body.strip() else None

    def understood(self, read: Callable[[Any], T], value: Any) -> T:
        """Returns what `read` makes of a forge's answer; raises EnvironmentFault where that is another."""
        try:
            return read(value)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._not_understood(error) from error

    def _pages(self, first: str, what: str) -> Iterator[Any]:
        url: str | None = first
        for _ in range(_MOST_PAGES):
            if url is None:
                return
            answer = self._ask("GET", url, what, repeatable=True)
            page = self._parsed(answer)
            if not isinstance(page, list):
                raise self._not_understood(TypeError(f"{type(page).__name__} instead of a list"))
            yield from page
            found = _NEXT.search(answer.headers.get("Link", ""))
            url = urllib.parse.urljoin(url, found[1]) if found else None
            if url is not None and urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(first)[:2]:
                raise EnvironmentFault(
                    f"`{self.address.api}` sends to another host for its next page", "Ask its owner"
                )

    def _parsed(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise self._not_understood(error) from error

    # --- one request ------------------------------------------------------------------

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        return f"{self.address.api}{path}{asked}"

    def _ask(
        self,
        method: str,
        url: str,
        what: str,
        body: Mapping[str, object] | None = None,
        *,
        repeatable: bool,
    ) -> Answer:
        request = self._request(method, url, body)
        left_s = self.patience.longest_wait_s
        losses = 0
        while True:
            answer = self._once(request)
            if isinstance(answer, Answer) and answer.status < 300:
                return answer
            wait_s = None if isinstance(answer, str) else _asked_to_wait(answer, self.patience.now())
            if wait_s is not None:
                left_s -= wait_s
                if left_s < 0:
                    raise self._busy(wait_s)
                self.patience.pause(wait_s)
                continue
            if isinstance(answer, Answer) and answer.status < _BROKEN:
                raise self._refused(what, answer)
            losses += 1
            if not repeatable:
                raise ForgeUnsure(*self._lost(what, answer))
            if losses >= self.patience.tries:
                raise EnvironmentFault(*self._lost(what, answer))
            self.patience.pause(self.patience.first_pause_s * 2 ** (losses - 1))

    def _request(self, method: str, url: str, body: Mapping[str, object] | None) -> urllib.request.Request:
        headers = {"Accept": "application/json", "User-Agent": "gitpar"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if self.address.permit is not None:
            headers[self.address.permit[0]] = self.address.permit[1]
        return urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the address is the user's

    def _once(self, request: urllib.request.Request) -> Answer | str:
        """Sends a request; returns why there is no answer where there is none."""
        try:
            with _OPENER.open(request, timeout=self.patience.timeout_s) as answer:
                return Answer(answer.status, answer.reason, answer.headers, answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.reason, error.headers, _rest_of(error))
        except urllib.error.URLError as error:
            return str(error.reason)
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__

    # --- words ------------------------------------------------------------------------

    def _refused(self, what: str, answer: Answer) -> ForgeRefused:
        told = self._without_token(answer.said())
        message = f"`{self.address.api}` refuses {what}: {answer.status} {answer.reason}"
        message += f" ({told})" if told and told != answer.reason else ""
        if answer.status in (401, 403, 404):
            now = (
                f"The token in {self.address.token_from} may not do that"
                if self.address.permit
                else "No token was given"
            )
            may = f"set {_VARIABLES[self.address.kind]} to one that may"
            return ForgeRefused(answer.status, message, f"{now}; {may}")
        return ForgeRefused(answer.status, message, "Nothing else was changed; try again later")

    def _lost(self, what: str, answer: Answer | str) -> tuple[str, str]:
        if isinstance(answer, str):
            return f"`{self.address.api}` cannot be reached: {answer}", "Try again later"
        told = f"{answer.status} {answer.reason}"
        return f"`{self.address.api}` fails at {what}: {told}", "Try again later"

    def _busy(self, wait_s: float) -> EnvironmentFault:
        at = time.strftime("%H:%M UTC", time.gmtime(self.patience.now() + wait_s))
        return EnvironmentFault(
            f"`{self.address.api}` wants to be left alone until {at}: too many requests",
            "Nothing is lost; try again then",
        )

    def _not_understood(self, error: Exception) -> EnvironmentFault:
        return EnvironmentFault(
            f"`{self.address.api}` answered with something that is no list of requests ({error!r})",
            f"Is it the address of a {self.address.kind.value} interface?",
        )

    def _without_token(self, text: str) -> str:
        if self.address.permit is None:
            return text
        return text.replace(self.address.permit[1].rpartition(" ")[2], "***")


def _rest_of(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException):
        return b""  # the status alone says enough


def _asked_to_wait(answer: Answer, now: float) -> float | None:
    """Returns how many seconds the forge asks to be left alone, None where it does not.

    Source: RFC 9110, Retry-After; GitHub's and GitLab's pages on rate limits.
    """
    headers = answer.headers
    spent = headers.get("X-RateLimit-Remaining", headers.get("RateLimit-Remaining", "")) == "0"
    secondary = answer.status == 403 and "rate limit" in answer.said().lower()
    limited = answer.status == _TOO_MANY or (answer.status == 403 and (spent or secondary))
    after = headers.get("Retry-After", "")
    if not limited and not (answer.status == 503 and after):
        return None
    if after.strip().isdigit():
        return float(after)
    if after and (instant := email.utils.parsedate_to_datetime(after)):
        return max(0.0, instant.timestamp() - now)
    reset = headers.get("X-RateLimit-Reset", headers.get("RateLimit-Reset", ""))
    if spent and reset.isdigit():
        return max(0.0, float(reset) - now) + 1.0
    return 60.0  # what GitHub asks for where it gives no time


def _opener() -> urllib.request.OpenerDirector:
    """Follows no redirect: the token would go along to wherever that leads."""
    opener = urllib.request.OpenerDirector()
    for each in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(each)
    return opener


_OPENER = _opener()
