"""Everything a run acts on, as one value. Put together by wiring."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.agent_port import Agent
from gitpar.core import events as e
from gitpar.core.names import CommitId
from gitpar.core.run import Run
from gitpar.engine.noting import Reserved
from gitpar.engine.places import AttemptPlaces
from gitpar.ports import Backend, Clock, Job, Ledger, Progress, Refs, Repository, Workplace, Worktrees
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.engine.gate_world import GateWorld
    from gitpar.settling_port import Settler

Post = Callable[[e.Event | BaseException], None]
"""Takes what happened on another thread; an exception is raised on the loop's."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything a run acts on, put together by wiring."""

    common_dir: Path
    clock: Clock
    refs: Refs
    repository: Repository
    ledger: Ledger
    worktrees: Worktrees
    backend: Backend
    agent: Callable[[str], Agent]
    """Returns the agent of a name."""
    outside: Callable[[bool], tuple[str, ...]]
    """Says what changed outside the worktrees since it was asked last; True looks at the checkout too."""
    environment: Callable[[Workplace, AttemptPlaces, Mapping[str, str]], dict[str, str]]
    """Makes the whole environment of a worker; the last argument is what its agent adds."""
    confined: Callable[[Job, Workplace, str, Collection[str]], Job]
    """Puts a job of an agent into its sandbox, where it has one; the last argument names the variables that
    its agent adds, which stay."""
    settler: Callable[[], Settler]
    """Makes who settles conflicts; asked for at the first one."""
    progress: Progress
    reserved: Reserved
    gates: Callable[[], GateWorld]
    """What gates act on; asked for by runs that have some."""
    finish: Callable[[Run, CommitId, e.RunEnd], str]
    """Makes the end of a run (`--into`, write-back); returns what to say about it."""
