"""Keeps secrets out of logs: what a worker prints of its own environment's keys. Imports nothing.

Imported by the supervisor. What is masked here never reaches a disk, so neither the journal
nor a report that is made from the log can hold it.
"""

from __future__ import annotations

MASK = b"***"
_NAMES = (
    *(b"TOKEN", b"SECRET", b"PASSWORD", b"PASSWD", b"PASSPHRASE", b"CREDENTIAL", b"API_KEY", b"APIKEY"),
    *(b"ACCESS_KEY", b"PRIVATE_KEY", b"_AUTH", b"_PAT"),
)
_SHORTEST = 8
"""A shorter value stands in ordinary text by chance."""


def secrets_of(environ: dict[bytes, bytes]) -> list[bytes]:
    """Returns the values of variables that are called like secrets, longest first; paths are none."""
    found = {
        value
        for name, value in environ.items()
        if len(value) >= _SHORTEST and not value.startswith(b"/") and _is_secret(name.upper())
    }
    return sorted(found, key=len, reverse=True)


def _is_secret(name: bytes) -> bool:
    return name.endswith(b"_KEY") or any(word in name for word in _NAMES)


class Mask:
    """Replaces secrets in a stream; one that is cut in two by a read is found all the same."""

    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = secrets
        self._held = b""

    def take(self, output: bytes) -> bytes:
        """Returns what may be written now: all but an end that a secret may begin with."""
        if not self._secrets:
            return output
        text = self._held + output
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        held = max(_begun(text, secret) for secret in self._secrets)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> bytes:
        """Returns what was held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held


def _begun(text: bytes, secret: bytes) -> int:
    """How much of a secret the text ends with."""
    end = text[1 - len(secret) :]
    at = end.find(secret[:1])
    while at >= 0:
        if secret.startswith(end[at:]):
            return len(end) - at
        at = end.find(secret[:1], at + 1)
    return 0
