"""Events as JSON text and back, exactly: what is read equals what was written.

Knows nothing of files or of SQL. Text is ASCII, so paths with bytes that are no UTF-8
(`surrogateescape`) survive. Defaults are written out: a default that changes later
must not change what an old run decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from gitpar import __version__
from gitpar.core import (
    agent_events,
    ahead_events,
    barrier_events,
    events,
    note_events,
    plan_events,
    policy_events,
)
from gitpar.core.events import Event
from gitpar.errors import EnvironmentFault

if TYPE_CHECKING:
    from cattrs import Converter

_TYPES: dict[str, type[Event]] = {
    name: kind
    for module in (
        events,
        agent_events,
        note_events,
        ahead_events,
        plan_events,
        policy_events,
        barrier_events,
    )
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}


def _rare(name: str) -> type[Event] | None:
    """Returns an event of gates or sister runs by its name; most runs have none, and need not load them."""
    from gitpar.core import gate_events, sister_events  # noqa: PLC0415 - see above

    kind = getattr(gate_events, name, None) or getattr(sister_events, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Event) else None


def _plain(value: object) -> object:
    """Returns what JSON has no word for as something it has."""
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be journaled")


_dumps = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_plain).encode


class Encoded(NamedTuple):
    """An event as it is stored: the name of its class and its fields as a JSON object."""

    type: str
    body: str


class UnreadableEvent(EnvironmentFault):
    """A stored event that this gitpar does not understand."""


def encode(event: Event) -> Encoded:
    """Returns the event as text."""
    return Encoded(type(event).__name__, _dumps(event))


def decode(stored: Encoded, writer: str) -> Event:
    """Returns the event that was stored.

    `writer` is the version of the gitpar that wrote it. A field that did not exist
    then gets its default; a type, field or value unknown here raises UnreadableEvent.
    """
    kind = _TYPES.get(stored.type) or _rare(stored.type)
    if kind is None:
        raise _unreadable(stored.type, writer, "this kind of event is not known")
    try:
        return _converter().structure(json.loads(stored.body), kind)
    except Exception as error:  # structuring raises whatever a wrong value meets
        raise _unreadable(stored.type, writer, str(error) or type(error).__name__) from error


def _unreadable(kind: str, writer: str, why: str) -> UnreadableEvent:
    if writer == __version__:
        return UnreadableEvent(
            f"the journal is damaged: an event `{kind}` cannot be read ({why})",
            "No branch was changed. What the run's workers did is kept under refs/gitpar/keep",
        )
    return UnreadableEvent(
        f"the run was worked on by gitpar {writer}; this is gitpar {__version__}, "
        f"which cannot read an event `{kind}` ({why})",
        f"Nothing was changed. Use gitpar {writer} or newer for this run",
    )


@cache
def _converter() -> Converter:
    """Makes the converter at first use: a new run writes only, and importing cattrs takes about 80 ms."""
    from cattrs import Converter as CattrsConverter  # noqa: PLC0415 - see above

    return CattrsConverter(forbid_extra_keys=True, detailed_validation=False)
