"""What a supervisor hears from its owner and says to it. Imports next to nothing."""

from __future__ import annotations

import os
import select

_CHUNK_BYTES = 65536


class Order:
    """One job as it came over the pipe. Paths and text are bytes: they may be anything."""

    def __init__(self, payload: bytes) -> None:
        fields = payload.split(b"\0")
        self.command, self.cwd, self.stdin, self.log, self.exit_file = fields[:5]
        timeout, grace, limit, bounds = fields[5:9]
        self.timeout_s = float(timeout) if timeout else None
        self.grace_s = float(grace)
        self.log_limit_bytes = int(limit)
        rest = 9 + int(bounds)
        self.sandbox = fields[9:rest]
        """The argument vector of a sandbox, empty for none."""
        pairs = (field.partition(b"=") for field in fields[rest:])
        self.env = {name: value for name, _, value in pairs}


class Owner:
    """The gitpar at the other end of the pipes."""

    def __init__(self) -> None:
        self.gone = False
        self._received = b""

    def order(self) -> Order | None:
        """Waits for the next job; None when there will be none."""
        while True:
            line, newline, rest = self._received.partition(b"\n")
            if newline and line == b"stop":
                self._received = rest  # it was meant for a job that had just ended
            elif newline and len(rest) >= (length := int(line.removeprefix(b"job "))):
                self._received = rest[length:]
                return Order(rest[:length])
            elif not self.receive():
                return None

    def stops(self) -> bool:
        """Takes one stop out of what was received; False where there is none."""
        stops = self._received.startswith(b"stop\n")
        self._received = self._received.removeprefix(b"stop\n")
        return stops

    def looks_gone(self) -> bool:
        """Looks whether the owner has gone meanwhile."""
        ready = select.poll()
        ready.register(0, select.POLLIN)
        while not self.gone and ready.poll(0):
            self.receive()
        return self.gone

    def tell(self, line: str) -> None:
        """Sends one line; an owner that is gone misses it."""
        try:
            os.write(1, line.encode() + b"\n")
        except OSError:
            self.gone = True

    def receive(self) -> bool:
        """Reads what is there, or waits for it; False at the end, when the owner is gone."""
        received = os.read(0, _CHUNK_BYTES)
        self._received += received
        self.gone = self.gone or not received
        return bool(received)
