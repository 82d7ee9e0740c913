"""`--jobs auto` from the command line, and who looks at the machine for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gitpar.core.agent_events import MachineSeen
from gitpar.core.events import Event
from gitpar.core.run import Run
from gitpar.core.settings import RunSettings
from gitpar.engine.sampling import Sampling, look
from gitpar.wiring.clock import SystemClock
from tests.support.agent_programs import settings
from tests.support.cli import gitpar
from tests.support.plans import facts, states, write_plan
from tests.support.play import Play
from tests.support.simulation import task


def test_it_is_shown_and_the_most_can_be_set(repo: Path, tmp_path: Path) -> None:
    settings(repo, "jobs_most = 3\n")
    plan = write_plan(tmp_path / "plan.json", {f"t{n}": f"echo {n} > f{n}" for n in range(6)})
    done = gitpar("run", plan, "--jobs", "auto", "--json", cwd=repo)
    run = facts(done)
    assert set(states(run).values()) == {"landed"}
    assert "at most 3 at once (2 to begin with)" in done.stderr
    assert 1 <= run["metrics"]["jobs"] <= 3
    assert run["metrics"]["max_concurrent"] <= 3


@pytest.mark.parametrize("text", ["0", "many", "-1", ""])
def test_what_is_no_number_is_refused(repo: Path, tmp_path: Path, text: str) -> None:
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": "true"}), f"--jobs={text}", cwd=repo)
    assert done.status == 2
    settings(repo, f'jobs = "{text}"\n')
    done = gitpar("run", tmp_path / "plan.json", cwd=repo)
    assert done.status == 2
    assert '`jobs` must be a whole number, 1 or more, or "auto"' in done.stderr


def test_this_machine_can_be_looked_at() -> None:
    load, memory = look()
    assert load >= 0
    assert memory is None or 0 < memory <= 1


def test_only_what_changes_something_is_told() -> None:
    run: Run = Play([task("a"), task("b"), task("c")], RunSettings(jobs=3, jobs_first=2)).run
    told: list[Event | BaseException] = []
    looks = iter([(1.0, 0.5), (1.1, None), (7.125, 0.5)])
    seen = threading.Event()

    def hear(event: Event | BaseException) -> None:
        told.append(event)
        seen.set()

    sampling = Sampling(run, SystemClock(), hear, look=lambda: next(looks, (1.0, None)), every_s=0.01)
    assert seen.wait(20)
    sampling.close()
    [event] = told
    assert isinstance(event, MachineSeen)
    assert (event.load, event.memory) == (7.12, 0.5)
