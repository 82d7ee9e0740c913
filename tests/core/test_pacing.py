"""`--jobs auto`: how many are at work at once, by machine and rate limits; a replay agrees."""

from __future__ import annotations

from gitpar.core import agent_events as ae
from gitpar.core import events as e
from gitpar.core.apply import fold
from gitpar.core.pacing import matters
from gitpar.core.settings import RunSettings
from tests.support.play import CLAUDE, GOOD, Play
from tests.support.simulation import task


def play(*, jobs: int = 8, first: int = 2) -> Play:
    tasks = [task(f"t{n}", agent="claude") for n in range(30)]
    return Play(tasks, RunSettings(jobs=jobs, jobs_first=first, agents=(CLAUDE,)))


def look(run: Play, load: float, memory: float | None = 0.5, after_s: float = 3.0) -> int:
    """Looks at the machine as the engine does; returns how many start because of it."""
    run.at += after_s
    if matters(run.run, load, memory, run.at):
        run.say(ae.MachineSeen(at=run.at, load=load, memory=memory))
    return len(run.started())


def test_with_room_there_are_more_until_the_machine_is_full_and_never_more_than_the_most() -> None:
    run = play()
    assert len(run.started()) == 2
    assert [look(run, 0.2), look(run, 0.4), look(run, 0.4)] == [2, 4, 0]
    assert len(run.run.active) == 8
    length = len(run.journal)
    look(run, 1.2)
    look(run, 0.2)
    assert len(run.journal) == length, "what changes nothing is not journaled"


def test_a_full_machine_has_fewer_and_its_brake_is_waited_for() -> None:
    run = play()
    run.started()
    look(run, 0.2)
    look(run, 0.2)
    assert (look(run, 2.5), run.run.pace.jobs) == (0, 6)
    for name in ("t0", "t1", "t2"):
        run.end(name, GOOD)
    assert len(run.run.active) == 5
    assert len(run.started()) == 1
    assert (look(run, 2.5), run.run.pace.jobs) == (0, 6), "the brake has not shown yet"
    assert (look(run, 2.5, after_s=15.0), run.run.pace.jobs) == (0, 5)
    run.end("t3", GOOD)
    run.end("t4", GOOD)
    assert len(run.started()) == 1
    assert (look(run, 0.3, after_s=15.0), run.run.pace.jobs) == (1, 6), "one more at a time after a brake"
    assert run.run.pace.changes == 5


def test_little_memory_is_a_full_machine_and_one_always_works() -> None:
    run = play(first=2)
    run.started()
    for _ in range(4):
        look(run, 0.1, memory=0.02, after_s=20.0)
    assert run.run.pace.jobs == 1
    run.end("t0", GOOD)
    assert run.started() == []
    run.end("t1", GOOD)
    assert len(run.started()) == 1


def test_being_told_to_slow_down_halves_them_once_for_a_while() -> None:
    run = play()
    run.started()
    look(run, 0.2)
    look(run, 0.2)
    run.slow("t0")
    run.slow("t1")
    assert run.run.pace.jobs == 4
    run.slow("t2", after_s=20.0)
    assert run.run.pace.jobs == 2


def test_a_resume_begins_with_the_first_number_and_a_fixed_number_stays() -> None:
    run = play()
    run.started()
    look(run, 0.2)
    run.say(e.RunResumed(at=run.at))
    assert run.run.pace.jobs == 2
    assert fold(run.journal).pace == run.run.pace
    fixed = Play([task(f"t{n}", agent="claude") for n in range(9)], RunSettings(jobs=3, agents=(CLAUDE,)))
    assert len(fixed.started()) == 3
    fixed.slow("t0")
    assert not matters(fixed.run, 9.0, 0.0, fixed.at)
    assert fixed.run.pace.jobs == 3
