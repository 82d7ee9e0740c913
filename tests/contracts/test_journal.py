"""What every Journal promises, asked of the file and of its double."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from gitpar.core.names import RunId
from gitpar.errors import EnvironmentFault
from gitpar.journal.lease import LeaseLost, LeaseRow, Owner, is_alive
from gitpar.journal.memory import MemoryJournal, MemoryStore
from gitpar.journal.sqlite import SqliteJournal
from gitpar.ports import Journal
from tests.support.journals import RUN, dead_owner, ended, numbers, opened, other_host

OTHER = RunId("00aa")


class Leased(Journal, Protocol):
    """A journal that also tells who owns a run."""

    def owner_of(self, run: RunId) -> LeaseRow | None: ...


class Place(Protocol):
    """Somewhere a journal can be opened, again and again."""

    def own(self, run: RunId, owner: Owner, *, steal: bool = False) -> Leased: ...

    def read(self) -> Leased: ...


class FilePlace:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[SqliteJournal] = []

    def own(self, run: RunId, owner: Owner, *, steal: bool = False) -> Leased:
        self.opened.append(SqliteJournal.own(self.path, run, owner, steal=steal))
        return self.opened[-1]

    def read(self) -> Leased:
        self.opened.append(SqliteJournal.read(self.path))
        return self.opened[-1]


class MemoryPlace:
    def __init__(self) -> None:
        self.store = MemoryStore()

    def own(self, run: RunId, owner: Owner, *, steal: bool = False) -> Leased:
        return MemoryJournal.own(self.store, run, owner, steal=steal)

    def read(self) -> Leased:
        return MemoryJournal.read(self.store)


@pytest.fixture(params=["file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory":
        yield MemoryPlace()
        return
    file = FilePlace(tmp_path / "gitpar" / "journal.db")
    yield file
    for journal in file.opened:
        journal.close()


def test_what_was_appended_is_read_back_in_order(place: Place) -> None:
    journal = place.own(RUN, Owner.this_process())
    journal.append([opened(3)])
    journal.append([ended(1), ended(2)])
    journal.append([ended(3)])
    assert journal.events(RUN) == (opened(3), ended(1), ended(2), ended(3))
    assert journal.events(RUN, after=2) == (ended(2), ended(3))
    assert journal.events(RUN, after=9) == ()
    journal.close()
    assert place.read().events(RUN) == (opened(3), ended(1), ended(2), ended(3))


def test_a_reader_sees_what_a_live_owner_appends(place: Place) -> None:
    journal, reader = place.own(RUN, Owner.this_process()), place.read()
    for n in range(3):
        journal.append([ended(n)])
        assert numbers(reader.events(RUN, after=n)) == [n]


def test_a_next_owner_goes_on_where_the_last_one_ended(place: Place) -> None:
    first = place.own(RUN, Owner.this_process())
    first.append([ended(1)])
    first.close()
    second = place.own(RUN, Owner.this_process())
    second.append([ended(2)])
    assert numbers(second.events(RUN)) == [1, 2]


def test_runs_are_named_oldest_first_and_apart(place: Place) -> None:
    one, two = place.own(RUN, Owner.this_process()), place.own(OTHER, Owner.this_process())
    one.append([ended(1)])
    two.append([ended(2)])
    one.append([ended(3)])
    reader = place.read()
    assert reader.runs() == (RUN, OTHER)
    assert numbers(reader.events(RUN)) == [1, 3]
    assert numbers(reader.events(OTHER)) == [2]


def test_a_place_without_a_journal_is_empty(place: Place) -> None:
    reader = place.read()
    assert (reader.runs(), reader.events(RUN), reader.owner_of(RUN)) == ((), (), None)
    reader.close()


def test_a_run_in_which_nothing_happened_is_not_named(place: Place) -> None:
    place.own(RUN, Owner.this_process())
    assert place.read().runs() == ()


def test_a_reader_cannot_append(place: Place) -> None:
    with pytest.raises(RuntimeError, match="opened to read"):
        place.read().append([ended(1)])


def test_another_thread_is_refused(place: Place) -> None:
    journal = place.own(RUN, Owner.this_process())
    found: list[str] = []

    def meddle() -> None:
        try:
            journal.append([ended(1)])
        except RuntimeError as error:
            found.append(str(error))

    thread = threading.Thread(target=meddle)
    thread.start()
    thread.join()
    assert found == ["a journal belongs to the thread that opened it"]
    assert journal.events(RUN) == ()


def test_the_owner_is_named_until_it_gives_the_lease_back(place: Place) -> None:
    journal = place.own(RUN, Owner.this_process())
    row = place.read().owner_of(RUN)
    assert row is not None
    assert (row.run, row.token, row.owner, row.released) == (RUN, 1, Owner.this_process(), False)
    assert is_alive(row)
    journal.close()
    after = place.read().owner_of(RUN)
    assert after is not None
    assert after == replace(row, released=True)
    assert not is_alive(after)


def test_a_live_owner_keeps_its_run(place: Place) -> None:
    place.own(RUN, Owner.this_process()).append([ended(1)])
    for steal in (False, True):
        with pytest.raises(EnvironmentFault, match=r"^run 7f3a is being worked on by process \d+ on host"):
            place.own(RUN, Owner.this_process(), steal=steal)
    place.own(OTHER, Owner.this_process()).append([ended(2)])
    assert place.read().runs() == (RUN, OTHER)


def test_a_dead_owner_is_followed_with_the_next_token_and_fenced_off(place: Place) -> None:
    ghost = place.own(RUN, dead_owner())
    ghost.append([ended(1)])
    heir = place.own(RUN, Owner.this_process())
    heir.append([ended(2)])
    row = place.read().owner_of(RUN)
    assert row is not None
    assert row.token == 2
    with pytest.raises(LeaseLost) as lost:
        ghost.append([ended(666)])
    assert lost.value.message.startswith("run 7f3a was taken over by process ")
    assert lost.value.hints == ("Follow it with: gitpar logs -f 7f3a",)
    ghost.close()
    assert place.read().owner_of(RUN) == row
    heir.append([ended(3)])
    heir.close()
    assert numbers(place.read().events(RUN)) == [1, 2, 3]
    with pytest.raises(RuntimeError):
        heir.append([ended(4)])


def test_a_ghost_is_refused_also_when_its_heir_is_done(place: Place) -> None:
    ghost = place.own(RUN, dead_owner())
    place.own(RUN, Owner.this_process()).close()
    with pytest.raises(LeaseLost, match="was taken over and given back by process"):
        ghost.append([ended(666)])
    assert place.read().events(RUN) == ()


def test_an_owner_on_another_host_that_was_heard_of_is_not_robbed(place: Place) -> None:
    place.own(RUN, other_host(Owner.this_process())).append([ended(1)])
    for steal in (False, True):
        with pytest.raises(EnvironmentFault) as refused:
            place.own(RUN, Owner.this_process(), steal=steal)
        assert "process 4121 on host `builder-2` since" in refused.value.message
        assert refused.value.hints == (
            "Follow it with: gitpar logs -f 7f3a",
            "If that host is gone, wait 120 s, then: gitpar resume 7f3a --steal",
        )


def test_an_append_of_nothing_is_a_heartbeat(place: Place) -> None:
    journal = place.own(RUN, Owner.this_process())
    first = place.read().owner_of(RUN)
    journal.append([])
    second = place.read().owner_of(RUN)
    assert first is not None
    assert second is not None
    assert second.heartbeat_at > first.heartbeat_at
    assert journal.events(RUN) == ()
