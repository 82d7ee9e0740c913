from random import Random

from gitpar.core import events as e
from gitpar.core.apply import fold
from gitpar.core.names import CommitId, RunId, level_ref
from gitpar.core.settings import Schedule
from tests.support.simulation import BASE, Script, Simulation, task

LEVEL = level_ref("gitpar", RunId("7f3a"), 1)
TASKS = [task(f"t{n}") for n in range(6)]
LANDED = CommitId(f"{BASE}+t0+t1+t2+t3+t4+t5")


def moves(sim: Simulation) -> list[tuple[str, ...]]:
    """Returns which tasks' landings moved a level together."""
    return [(event.task, *event.more) for event in sim.journal if isinstance(event, e.LandingOpened)]


def proofs(sim: Simulation) -> list[str]:
    return [event.task for event in sim.journal if isinstance(event, e.LandingProved)]


def at_the_move(sim: Simulation) -> int:
    """Returns how many events there are once the move has begun."""
    return next(at for at, event in enumerate(sim.journal, 1) if isinstance(event, e.LandingOpened))


def test_what_is_proved_within_a_moment_moves_together() -> None:
    sim = Simulation(TASKS, jobs=6)
    sim.tick_s = 0.01
    assert sim.go().tip == LANDED
    assert moves(sim) == [("t0", "t1", "t2", "t3", "t4", "t5")]


def test_what_is_proved_waits_no_longer_than_a_moment() -> None:
    sim = Simulation(TASKS, jobs=6)
    sim.tick_s = 1.0
    assert sim.go().tip == LANDED
    assert moves(sim) == [("t0",), ("t1",), ("t2",), ("t3",), ("t4",), ("t5",)]


def test_a_result_that_does_not_merge_is_run_again_after_the_others_have_moved() -> None:
    sim = Simulation(TASKS, Script(conflicting={"t2"}), jobs=6)
    sim.tick_s = 0.01
    run = sim.go()
    # what might settle it looks at the level, so that moves first
    assert moves(sim) == [("t0", "t1"), ("t3", "t4", "t5"), ("t2",)]
    assert run.tasks[TASKS[2].id].last.base == CommitId(f"{BASE}+t0+t1+t3+t4+t5")


def test_a_kill_before_the_move_has_all_proved_again_in_their_order() -> None:
    calm = Simulation(TASKS, jobs=6)
    calm.tick_s = 0.01
    calm.go()
    for kill_at in range(at_the_move(calm) - 9, at_the_move(calm)):
        sim = Simulation(TASKS, jobs=6)
        sim.tick_s = 0.01
        sim.go(stop_after=kill_at)
        sim.kill_and_resume()
        assert sim.go().tip == LANDED
        assert moves(sim)[-1] == ("t0", "t1", "t2", "t3", "t4", "t5")


def test_a_kill_after_the_move_lands_all_that_moved_and_proves_nothing_again() -> None:
    calm = Simulation(TASKS, jobs=6)
    calm.tick_s = 0.01
    calm.go()
    for known in range(6):
        sim = Simulation(TASKS, jobs=6)
        sim.tick_s = 0.01
        sim.go(stop_after=at_the_move(calm) + known)
        assert sum(isinstance(event, e.Landed) for event in sim.journal) == known
        assert sim.refs[LEVEL] == LANDED
        sim.kill_and_resume()
        run = sim.go()
        assert run.tip == LANDED
        assert [run.tasks[one.id].landed_as for one in TASKS] == [1, 2, 3, 4, 5, 6]
        assert len(proofs(sim)) == len(TASKS)


def test_a_move_that_somebody_disturbed_is_made_again_in_its_order() -> None:
    calm = Simulation(TASKS, jobs=6)
    calm.tick_s = 0.01
    calm.go()
    sim = Simulation(TASKS, jobs=6)
    sim.tick_s = 0.01
    sim.go(stop_after=at_the_move(calm))
    sim.refs[LEVEL] = BASE
    sim.take(e.LevelDisturbed(at=sim.clock, level=1, message="somebody moved it"))
    sim.waiting.clear()
    assert sim.go().disturbed
    sim.kill_and_resume()
    run = sim.go()
    assert run.tip == LANDED
    assert [run.tasks[one.id].landed_as for one in TASKS] == [1, 2, 3, 4, 5, 6]


def test_nothing_waits_to_move_while_somebody_may_wait_for_it() -> None:
    tasks = [*TASKS, *(task(f"u{n}", f"t{n}") for n in range(6))]
    early = 0
    for seed in range(20):
        sim = Simulation(tasks, jobs=4, schedule=Schedule.DAG)
        sim.tick_s = 0.01
        sim.go(Random(seed))
        for at, event in enumerate(sim.journal):
            if isinstance(event, e.LandingOpened):
                at_work = bool(fold(sim.journal[:at]).active)
                assert not (event.more and at_work)
                early += at_work
    assert early
