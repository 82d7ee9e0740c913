"""One worker process, from its start until its whole family is gone. Imports next to nothing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the builtin below `signal`, whose enums take 6 ms
import os
import select
import time

from gitpar.backends.family import Family
from gitpar.backends.masking import Mask, secrets_of
from gitpar.backends.orders import Order, Owner
from gitpar.backends.output import LogFile

TYPE_CHECKING = False  # typing itself takes 5 ms to import
if TYPE_CHECKING:
    from typing import Any

SHIELDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGPIPE", "SIGXFSZ")
"""What the supervisor ignores, and its workers do not."""
_CHUNK_BYTES = 65536
_LINGER_S = 0.1
"""What a worker left running may still end by itself, such as a `tee` with a last line to write."""
_CLEANING_S = 1.0
"""The longest grace for what outlives its worker or its owner."""
_KILLING_S = 5.0
"""How long killed processes may take to go; longer means that one cannot be ended."""
_KILLING_TICK_S = 0.01
_BLIND_POLL_MS = 20
_LONGEST_POLL_MS = 3_600_000
"""poll takes no number that does not fit 31 bits."""


class Worker:
    """One worker from its start until its whole family is gone.

    It passes through stages, each with a deadline that leads to the next: `running`;
    then, where it left processes behind, `lingering` and `cleaning`; or, where gitpar
    ends it, `interrupted`; and `killing` when patience is over.
    """

    def __init__(self, order: Order, owner: Owner, wakeup: int, *, adopting: bool) -> None:
        """Starts the worker; raises OSError where that is not possible."""
        self.ending = ""
        self.gone = True
        self.left_behind: list[str] = []
        self.log = LogFile(order.log, order.log_limit_bytes)
        self._mask = Mask(secrets_of(order.env))
        self._order = order
        self._owner = owner
        self._wakeup = wakeup
        self._stage = "running"
        self._stops = 0
        self._killing_since: float | None = None
        self._output, outlet = os.pipe()
        try:
            self.family = Family(_spawn(order, outlet), adopting=adopting)
        except OSError:
            os.close(self._output)
            self.log.close()
            raise
        finally:
            os.close(outlet)
        os.set_blocking(self._output, False)
        self._deadline = time.monotonic() + order.timeout_s if order.timeout_s is not None else None
        self._ready = select.poll()
        for file in (0, self._output, self._wakeup):
            self._ready.register(file, select.POLLIN)

    def run(self) -> None:
        """Runs the worker to its end and reads its output to the last byte."""
        self._obey()
        while self._goes_on():
            for file, _ in self._ready.poll(self._patience_ms()):
                if file == self._output and self._read() == 0:
                    self._ready.unregister(self._output)
                elif file == self._wakeup:
                    os.read(self._wakeup, _CHUNK_BYTES)
                elif file == 0:
                    self._owner.receive()
                    self._obey()
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._lose_patience()
        while self._read() > 0:
            pass
        self.log.write(self._mask.rest())
        os.close(self._output)
        self.log.close()

    def _patience_ms(self) -> float | None:
        if self._deadline is None:
            return None
        # orphans end unheard where they cannot be adopted
        listens = self._stage == "running" or self.family.adopting
        left_ms = max(0.0, self._deadline - time.monotonic()) * 1000
        return min(left_ms, _LONGEST_POLL_MS if listens else _BLIND_POLL_MS)

    def _goes_on(self) -> bool:
        """Says whether there is somebody to wait for; what outlives the worker may linger."""
        if not self.family.reap():
            return False
        if self._stage == "running" and self.family.status is not None:
            self._enter("lingering", _LINGER_S)
        return self.gone

    def _enter(self, stage: str, patience_s: float) -> None:
        self._stage = stage
        self._deadline = time.monotonic() + patience_s

    def _obey(self) -> None:
        """Does as the owner says: one stop interrupts, two kill, its death leaves little grace."""
        while self._owner.stops():
            self._stops += 1
            if self._stops > 1:
                self._kill()
            elif self._stage == "running":
                self._interrupt("interrupted", self._order.grace_s)
        if self._owner.gone:
            self._ready.unregister(0)
            if self._stage == "running":
                self._interrupt("interrupted", min(self._order.grace_s, _CLEANING_S))
            elif self._stage == "interrupted":
                self._enter("interrupted", min(self._order.grace_s, _CLEANING_S))

    def _lose_patience(self) -> None:
        if self._stage == "running":
            self._interrupt("timed-out", self._order.grace_s)
        elif self._stage == "lingering":
            self.left_behind = self._tell(_signal.SIGTERM, _signal.SIGCONT)
            self._enter("cleaning", min(self._order.grace_s, _CLEANING_S))
        else:
            self._kill()

    def _interrupt(self, ending: str, grace_s: float) -> None:
        self.family.reap()
        if self.family.status is None:
            self.ending = ending
        # SIGCONT after it: who is stopped takes a signal only when it goes on
        self._tell(_signal.SIGINT, _signal.SIGCONT)
        self._enter("interrupted", grace_s)

    def _tell(self, *numbers: int) -> list[str]:
        """Signals everybody; a sandbox's own process would end at once, and all in it with it."""
        return self.family.signal(*numbers, but=self.family.leader if self._order.sandbox else 0)

    def _kill(self) -> None:
        """Kills, and comes back until all are gone: the tree may grow while it is listed."""
        now = time.monotonic()
        self._killing_since = self._killing_since or now
        left = self.family.signal(_signal.SIGKILL)
        if now - self._killing_since > _KILLING_S:
            self.gone = False
            self.left_behind = left
        self._enter("killing", _KILLING_TICK_S)

    def _read(self) -> int:
        """Takes one piece of output; 0 at its end, -1 where none is there yet."""
        try:
            output = os.read(self._output, _CHUNK_BYTES)
        except BlockingIOError:
            return -1
        self.log.write(self._mask.take(output))
        return len(output)


def _spawn(order: Order, outlet: int) -> int:
    """Starts `sh -c COMMAND` in a session of its own and returns its pid."""
    os.chdir(order.cwd)
    stdin = os.open(order.stdin, os.O_RDONLY)
    redirected = [(os.POSIX_SPAWN_DUP2, file, at) for file, at in ((stdin, 0), (outlet, 1), (outlet, 2))]
    # Python ignores SIGPIPE, the supervisor some more; ignored signals are inherited
    heeded = [getattr(_signal, name) for name in SHIELDED]
    argv = [*order.sandbox, b"sh", b"-c", order.command]
    program = order.sandbox[0] if order.sandbox else b"/bin/sh"
    how: dict[str, Any] = {"file_actions": redirected, "setsigmask": [], "setsigdef": heeded}
    try:
        return os.posix_spawn(program, argv, order.env, setsid=True, **how)
    except NotImplementedError:  # a system without POSIX_SPAWN_SETSID
        return os.posix_spawn(program, argv, order.env, setpgroup=0, **how)
    finally:
        os.close(stdin)
        os.chdir("/")  # the worktree may be removed while the supervisor waits
