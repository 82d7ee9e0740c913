"""The loop: event → journal → run → decide → executor. One thread owns the run and the journal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from queue import Empty, SimpleQueue
from types import FrameType

from gitpar.core.apply import apply
from gitpar.core.commands import Command, changes_the_world, opening
from gitpar.core.decide import decide
from gitpar.core.events import Event, RunEnd, StopRequested
from gitpar.core.run import Run
from gitpar.engine.executor import Executor
from gitpar.engine.world import World
from gitpar.ports import Clock, Journal, Watcher

Turn = AbstractContextManager[object]
"""What a run holds while it decides and takes in what happens, where others look at it meanwhile."""

_GATHER_S = 0.02
"""How long an event that nobody waits for may stay unwritten, so that several are written at once."""

_SIGN_OF_LIFE_S = 30.0
"""How often the lease is refreshed while nothing happens."""


class Coordinator:
    """Drives one run to its end. A resume is the same loop over a replayed run."""

    def __init__(
        self, run: Run, journal: Journal, world: World, watcher: Watcher, *, turn: Turn | None = None
    ) -> None:
        self._run = run
        self._journal = journal
        self._world = world
        self._watcher = watcher
        self._turn = turn if turn is not None else nullcontext()
        self._inbox: SimpleQueue[Event | BaseException | None] = SimpleQueue()
        self._unwritten: list[Event] = []
        self._ticked_at = 0.0

    def tell(self, event: Event | BaseException) -> None:
        """Hands an event over from outside; any thread and any signal may."""
        self._inbox.put(event)

    def look_again(self) -> None:
        """Has what is due decided anew: something outside the run has changed. Any thread may."""
        self._inbox.put(None)

    def drive(self, *, signals: bool = True) -> RunEnd:
        """Returns when the run has ended; raises what stopped it otherwise, with nothing left running.

        Without `signals` somebody else listens to them: only the main thread can.
        """
        executor = Executor(self._world, self._run, self.tell)
        try:
            with asked_to_stop(self.tell, self._world.clock) if signals else nullcontext():
                self._begin_what_is_due(executor)
                while self._run.end is None:
                    if (event := self._next()) is not None:
                        self._take(event)
                    self._begin_what_is_due(executor)
            self.write()
        except BaseException:
            self._world.backend.stop()
            raise
        finally:
            executor.shut_down()
        return self._run.end

    def _begin_what_is_due(self, executor: Executor) -> None:
        """What opens a command that changes the world is durable before the command begins."""
        while self._inbox.empty() and (due := self._opened()):
            if any(map(changes_the_world, due)):
                self.write()
            for command in due:
                executor.submit(command)

    def _opened(self) -> list[Command]:
        """Returns what is due, which has been opened."""
        with self._turn:
            due = decide(self._run)
            now = self._world.clock.now()
            for command in due:
                self._take(opening(command, now))
        return due

    def _next(self) -> Event | None:
        """Waits for an event; writes what is unwritten while nothing happens."""
        while True:
            self._tick_if_due()
            try:
                event = self._inbox.get(timeout=_GATHER_S if self._unwritten else self._patience_s)
            except Empty:
                self._journal.append(self._unwritten)  # with nothing unwritten: a sign of life
                self._unwritten = []
                continue
            if isinstance(event, BaseException):
                raise event
            return event

    @property
    def _patience_s(self) -> float:
        return min(self._watcher.interval_s or _SIGN_OF_LIFE_S, _SIGN_OF_LIFE_S)

    def _tick_if_due(self) -> None:
        interval_s = self._watcher.interval_s
        now = self._world.clock.monotonic()
        if interval_s is not None and now >= self._ticked_at + interval_s:
            self._ticked_at = now
            self._watcher.tick(self._run)

    def _take(self, event: Event) -> None:
        self._unwritten.append(event)
        with self._turn:
            apply(self._run, event)
            self._watcher.event(event, self._run)

    def write(self) -> None:
        """Makes everything that happened so far durable; on the thread that drives."""
        if self._unwritten:
            self._journal.append(self._unwritten)
            self._unwritten = []


@contextmanager
def asked_to_stop(tell: Callable[[Event], None], clock: Clock) -> Iterator[None]:
    """Has signals ask a run to stop: Ctrl-C once drains, twice stops; TERM and HUP stop."""
    interrupts = count(1)

    def asked(number: int, _frame: FrameType | None) -> None:
        now = next(interrupts) > 1 or number != signal.SIGINT
        tell(StopRequested(at=clock.now(), now=now))

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    finally:
        for number, found in before.items():
            signal.signal(number, found)
