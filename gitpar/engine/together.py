"""Keeps the runs of one plan in several repositories together: a level begins once the last is over in all.

Each run has its own loop, on a thread of its own; this looks on, and tells a run what it
must know of the others. It goes by what the runs are, so a resume needs nothing else.
"""

from __future__ import annotations

import threading

from gitpar.core import sister_events as se
from gitpar.core.barrier import awaited
from gitpar.core.events import AttemptCaptured, AttemptLost, Event, LevelOpened, RunEnd, StopRequested
from gitpar.core.run import Run, Stage
from gitpar.core.sisters import done_with, ends_as, outcomes, shares, waits_for_sisters, worst
from gitpar.engine.coordinator import Coordinator
from gitpar.engine.sharing import Places, redistributed
from gitpar.ports import Clock, Watcher

_BEFORE_WORK = (Stage.WAITING, Stage.OPENING)


class Seat:
    """One run among its sisters: the watcher that its loop is given, and what is known of it."""

    def __init__(self, together: Together, run: Run, watcher: Watcher) -> None:
        self.run = run
        self.loop: Coordinator | None = None
        self.done = -1
        """The last level that it has done with, as its journal says; -1 while it does not go on."""
        self.told = 0
        """The last level that it was told of."""
        self.ending: RunEnd | None = None
        """How it would end; None while it has something to do."""
        self.jobs = 0
        """How many places it has on the level that is worked on."""
        self.busy = 0
        """How many workers and gates it has under way."""
        self.places = Places(run)
        self._together = together
        self._watcher = watcher

    @property
    def interval_s(self) -> float | None:
        """As its watcher wants it."""
        return self._watcher.interval_s

    def begin(self, run: Run) -> None:
        """Lets its watcher see it."""
        with self._together.lock:
            self._watcher.begin(run)

    def event(self, event: Event, run: Run) -> None:
        """Lets its watcher see it, and has its sisters told of what concerns them."""
        with self._together.lock:
            self._watcher.event(event, run)
            self._together.saw(self, event)

    def tick(self, run: Run) -> None:
        """Lets its watcher see it."""
        with self._together.lock:
            self._watcher.tick(run)

    def end(self, run: Run) -> None:
        """Lets its watcher see it."""
        with self._together.lock:
            self._watcher.end(run)


class Together:
    """The sister runs of one plan. What is known of them is changed under one lock."""

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._seats: list[Seat] = []
        self._stop: StopRequested | None = None

    def seat(self, run: Run, watcher: Watcher) -> Seat:
        """Takes a run in; all have to be in before the first goes on."""
        seat = Seat(self, run, watcher)
        with self.lock:
            for each in self._seats:
                each.run.beside += (run,)
                run.beside += (each.run,)
            self._seats.append(seat)
        return seat

    def joined(self, seat: Seat, loop: Coordinator) -> None:
        """Notes that a run is about to go on, on this thread; it can be told something from now on."""
        with self.lock:
            seat.loop = loop
            seat.done = done_with(seat.run)
            seat.jobs = seat.run.pace.jobs
            if self._stop is not None:
                loop.tell(self._stop)
            self._release()
            self._give_places(seat)
            if seat.run.dag:
                seat.places.look()
                self._share_places()
            self._end(seat)

    def left(self, seat: Seat) -> None:
        """Notes that a run's loop is over. Where it ended early, the others end what they have begun."""
        with self.lock:
            seat.loop = None
            unfinished = seat.run.level is not None and awaited(seat.run) is None
            if (seat.run.end is None or unfinished) and self._stop is None:
                self.stop(StopRequested(at=self._clock.now(), now=False))

    def stop(self, asked: Event) -> None:
        """Asks all runs to stop; a signal's function may call it."""
        if isinstance(asked, StopRequested):
            self._stop = asked
        for seat in self._seats:
            if (loop := seat.loop) is not None:
                loop.tell(asked)

    def saw(self, seat: Seat, event: Event) -> None:
        """Follows a run, on its own thread: whether it has done with its level, or has places to spare."""
        done = done_with(seat.run)
        if done > seat.done and seat.loop is not None:
            # the others build on it: it must not be forgotten if gitpar is killed
            seat.loop.write()
            seat.done = done
            self._release()
            self._give_places(seat)
        elif isinstance(event, LevelOpened):
            seat.jobs = seat.run.pace.jobs
            self._give_places(seat)
        elif isinstance(event, AttemptCaptured | AttemptLost):
            self._give_places(seat)
        if seat.run.dag and seat.places.changed(event):
            self._share_places()
        if seat.run.limited:
            self._look_at_limits(seat)
        if seat.run.level is None and seat.ending is None:
            self._end(seat)

    def _look_at_limits(self, seat: Seat) -> None:
        """Has the others look again, who may have waited for what this one's workers leave over."""
        busy = len(seat.run.active) + (len(seat.run.gates.open) if seat.run.gates is not None else 0)
        if busy < seat.busy:
            for each in self._seats:
                if each is not seat and each.loop is not None:
                    each.loop.look_again()
        seat.busy = busy

    def _share_places(self) -> None:
        """Gives the places of all to who has use for them, where tasks start before their level."""
        settings = self._seats[0].run.settings
        if settings.jobs_first is not None:
            return
        for at, jobs in redistributed([each.places for each in self._seats], settings.jobs):
            if (loop := self._seats[at].loop) is not None:
                self._seats[at].places.promise(jobs)
                loop.tell(se.PlacesGiven(at=self._clock.now(), jobs=jobs))

    def _end(self, seat: Seat) -> None:
        """Has all end alike once each has come to its end."""
        seat.ending = ends_as(seat.run)
        if seat.ending is None or seat.loop is None:
            return
        seat.loop.write()
        ends = [each.ending for each in self._seats if each.ending is not None]
        if len(ends) == len(self._seats):
            for each in self._seats:
                if each.loop is not None:
                    each.loop.tell(se.EndAgreed(at=self._clock.now(), end=worst(ends)))

    def _release(self) -> None:
        """Tells every run that waits at a level what came of it elsewhere, once it is over everywhere."""
        for seat in self._seats:
            level = waits_for_sisters(seat.run)
            if level is None or seat.loop is None or seat.told == level.number:
                continue
            others = [each for each in self._seats if each is not seat]
            if all(each.done >= level.number for each in others):
                seat.told = level.number
                found = tuple(one for each in others for one in outcomes(each.run, level.number))
                seat.loop.tell(se.LevelShared(at=self._clock.now(), level=level.number, outcomes=found))

    def _give_places(self, seat: Seat) -> None:
        """Gives places that one repository needs no more on this level to those that have more to do."""
        settings = seat.run.settings
        if settings.jobs_first is not None or seat.run.dag:
            return
        number = (
            min(seat.done + 1, len(seat.run.levels)) if waits_for_sisters(seat.run) is None else seat.done
        )
        needs: dict[str, int] = {}
        for at, each in enumerate(self._seats):
            level = each.run.level
            if each.done >= number or each.loop is None:
                needs[str(at)] = 0
            elif level is None or level.number != number or level.stage in _BEFORE_WORK:
                return  # it is about to begin, with its share
            else:
                needs[str(at)] = max(1, len(level.offered))
        kept = {name: min(need, self._seats[int(name)].jobs) for name, need in needs.items()}
        wanted = {name: need - kept[name] for name, need in needs.items() if need > kept[name]}
        more = shares(wanted, settings.jobs - sum(kept.values()))
        for at, each in enumerate(self._seats):
            each.jobs = kept[str(at)] + more.get(str(at), 0)
            if more.get(str(at)) and each.loop is not None:
                each.loop.tell(se.PlacesGiven(at=self._clock.now(), jobs=each.jobs))
