"""What was proved about one landing, as one line of JSON that programs and `gitpar verify` read.

Pure: it says what a certificate holds and whether it is about a given landing; the proof
itself is made in gitpar.git.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from enum import StrEnum
from functools import lru_cache

from gitpar.core.settlement import SettledPath, read_settled
from gitpar.values import dataclass

VERSION = 1


class Check(StrEnum):
    """What a certificate says was checked, in the order of the proof."""

    BASE = "base"
    """Tip and result descend from the declared base."""
    ONCE = "once"
    """No commit below the tip lands the same task of the same run."""
    TREE = "tree"
    """The tree is what an engine other than git's makes of the paths that both sides changed."""
    OUTSIDE = "outside"
    """What the task did not change is the same byte for byte; what only it changed is as it left it."""
    EARLIER = "earlier"
    """No line is gone that landed since the base."""
    PARENTS = "parents"
    """The commits stand on the declared tip (and result), in order, and name run, task and attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One landing and what was proved of it.

    `commit` is the last of `commits` new ones; `second` says how far the second opinion
    went (`paths`, `files`, `trees`), `paths` how many paths the landing changes.
    """

    run: str
    task: str
    attempt: int
    strategy: str
    made: str
    """How its commits were made: the strategy, or `squash` where a rebase did not go step by step."""
    base: str
    merge_base: str
    tip: str
    result: str
    commit: str
    commits: int
    tree: str
    second: str
    paths: int
    engines: tuple[str, ...]
    notes: tuple[str, ...] = ()
    settled: tuple[SettledPath, ...] = ()
    """The paths that a policy settled: what is proved of the others is not proved of these."""
    carried: tuple[SettledPath, ...] = ()
    """Those that a policy settled before, when the result was carried over to where its level was cut."""
    checks: tuple[str, ...] = tuple(check.value for check in Check)
    version: int = VERSION
    gates: tuple[Mapping[str, str], ...] = ()
    """The gates that let it pass: name, verdict (`passed`, `flaky`) and the tree that they saw."""

    def text(self) -> str:
        """Returns the certificate as one line of JSON; of gates and carrying where there were any."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in ("gates", "carried"):
            if not values[name]:
                del values[name]
        return json.dumps(values, separators=(",", ":"), default=asdict)

    def about(self) -> tuple[object, ...]:
        """Returns what a landing is known by: run, task, attempt, strategy, base, tip and result."""
        return (self.run, self.task, self.attempt, self.strategy, self.base, self.tip, self.result)


def with_gates(text: str, gates: Iterable[tuple[str, str, str]]) -> str:
    """Adds to a certificate the gates that a landing has passed: name, verdict and tree of each."""
    found = [{"gate": name, "verdict": verdict, "tree": tree} for name, verdict, tree in gates]
    return json.dumps({**json.loads(text), "gates": found}, separators=(",", ":"))


@lru_cache(maxsize=4)  # each landing's is read before it is journaled, and again before it moves
def read(text: str) -> Certificate | None:
    """Returns the certificate that a line of JSON holds, None where it is none of this version."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, dict) or values.get("version") != VERSION:
        return None
    names = {field.name for field in fields(Certificate)}
    values = {key: tuple(it) if isinstance(it, list) else it for key, it in values.items() if key in names}
    try:
        settled = {name: read_settled(values.get(name, ())) for name in ("settled", "carried")}
        return Certificate(**{**values, **settled})
    except (TypeError, ValueError, KeyError):
        return None
