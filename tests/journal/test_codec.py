"""Events as text: exact, complete, and clear about what another version wrote."""

from __future__ import annotations

import dataclasses
import json
import types
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from gitpar import __version__
from gitpar.core import (
    agent_events,
    ahead_events,
    barrier_events,
    events,
    gate_events,
    note_events,
    plan_events,
    policy_events,
)
from gitpar.core.conflicts import (
    ConflictKind,
    ConflictReport,
    Fold,
    LineRange,
    PairConflict,
    PathOverlap,
    Tier,
)
from gitpar.core.events import Event, LevelCompared, RunClosed, RunEnd
from gitpar.core.names import TaskId, TreeId
from gitpar.journal.codec import Encoded, UnreadableEvent, decode, encode
from tests.support.journals import ended, opened

KINDS = [
    kind
    for module in (
        events,
        agent_events,
        note_events,
        ahead_events,
        gate_events,
        plan_events,
        policy_events,
        barrier_events,
    )
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]


def filled(kind: Any) -> Any:
    """A value of the type in which nothing is empty, made from the annotations."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return filled(arguments[0])
    if origin is tuple:
        return (
            (filled(arguments[0]), filled(arguments[0]))
            if arguments[-1] is ...
            else tuple(map(filled, arguments))
        )
    if hasattr(kind, "__supertype__"):
        return filled(kind.__supertype__)
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: filled(hints[field.name]) for field in dataclasses.fields(kind)})  # type: ignore[operator]
    if issubclass(kind, Enum):
        return list(kind)[-1]
    return {str: "naïve \udcff\x00\n", bool: True, int: 2**53 + 1, float: 1763717799.1234567}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_comes_back_as_it_was(kind: type[Event]) -> None:
    event = filled(kind)
    stored = encode(event)
    stored.body.encode("ascii")
    back = decode(stored, __version__)
    assert back == event
    assert type(back) is kind
    assert repr(back) == repr(event)


def test_what_is_absent_stays_absent() -> None:
    report = ConflictReport(
        (
            PairConflict(TaskId("a"), TaskId("b"), Tier.FILE, (PathOverlap("x"),)),
            PairConflict(
                TaskId("a"),
                TaskId("c"),
                Tier.CONFLICT,
                (PathOverlap("x", LineRange(1, 0)),),
                ConflictKind.BINARY,
            ),
        ),
        Fold((TaskId("a"),), (), TreeId("")),
    )
    for event in (LevelCompared(at=0.0, level=1, report=report), opened(2), ended(1)):
        assert decode(encode(event), __version__) == event


def test_the_text_is_the_one_that_old_journals_hold() -> None:
    assert encode(ended(1)) == (
        "WorkerEnded",
        '{"at":2.5,"task":"t","n":1,"ending":"exited","exit":0,"duration_s":0.25,"message":"\\u00fc\\udcff","report":null}',
    )


def test_a_field_that_an_older_gitpar_did_not_write_gets_its_default() -> None:
    event = RunClosed(at=1.0, end=RunEnd.DONE)
    assert decode(Encoded("RunClosed", '{"at": 1.0, "end": "done"}'), "0.0.1") == event


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (Encoded("MoonLanded", "{}"), "this kind of event is not known"),
        (
            Encoded("RunClosed", '{"at": 1.0, "end": "done", "moon": 1}'),
            "Extra fields in constructor for RunClosed: moon",
        ),
        (Encoded("RunClosed", '{"at": 1.0, "end": "moonstruck"}'), "'moonstruck' is not a valid RunEnd"),
    ],
)
def test_what_a_newer_gitpar_wrote_is_refused_by_its_version(stored: Encoded, why: str) -> None:
    with pytest.raises(UnreadableEvent) as refused:
        decode(stored, "9.9.9")
    assert refused.value.message == (
        f"the run was worked on by gitpar 9.9.9; this is gitpar {__version__}, "
        f"which cannot read an event `{stored.type}` ({why})"
    )
    assert refused.value.hints == ("Nothing was changed. Use gitpar 9.9.9 or newer for this run",)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"at": 1.0}', '{"at": "soon", "end": "done"}'])
def test_what_this_gitpar_cannot_have_written_is_damage(body: str) -> None:
    with pytest.raises(
        UnreadableEvent, match=r"^the journal is damaged: an event `RunClosed` cannot be read"
    ):
        decode(Encoded("RunClosed", body), __version__)


def test_the_text_is_plain_json() -> None:
    assert json.loads(encode(opened(1)).body)["settings"]["strategy"] == "merge"
