r"""The program that runs one worker after the other and leaves nothing behind.

One process per concurrent job, forked from a stem that LocalBackend starts as `python -I -S -E`.
It must start in about 15 ms, so it imports next to nothing: no json, no subprocess, no signal,
no pathlib. Its life hangs on its standard input: at end of file, which is what a killed
gitpar leaves, it ends its worker's whole tree and exits.

In come `job N\n` followed by N bytes of fields, and `stop\n`; out go JSON lines:
`{"started": pid}`, then the worker's ending, which the exit file holds as well.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the builtin below `signal`, whose enums take 6 ms
import os
import time

from gitpar.backends.endings import Record, ending_line, ending_of, quoted, reason, with_field
from gitpar.backends.family import adopt_orphans
from gitpar.backends.orders import Order, Owner
from gitpar.backends.stem import grow
from gitpar.backends.worker import SHIELDED, Worker


def main(arguments: list[str]) -> None:
    """Works on jobs until the owner is gone, or until a process is left that cannot be ended.

    With `--stem` it works on none: it forks whoever does.
    """
    for name in SHIELDED:
        _signal.signal(getattr(_signal, name), _signal.SIG_IGN)
    if "--stem" not in arguments:
        _serve(arguments)
    else:
        if grow():
            _serve(arguments)
        os._exit(0)  # nothing is left to be put in order, and Python would take its time for it


def _serve(arguments: list[str]) -> None:
    """Works on the jobs that come in."""
    wakeup, alarm = os.pipe()
    for end in (wakeup, alarm):
        os.set_blocking(end, False)
    _signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda *_: None)
    adopting = "--no-adopting" not in arguments and adopt_orphans()
    owner = Owner()
    while not owner.gone and (order := owner.order()) is not None:
        if not _work(order, owner, wakeup, adopting=adopting):
            return


def _work(order: Order, owner: Owner, wakeup: int, *, adopting: bool) -> bool:
    """Runs one job and reports its ending; says whether nothing is left of it."""
    try:
        record = Record(order.exit_file)
    except OSError as error:
        owner.tell(ending_line("not-started", None, 0.0, f"its exit file cannot be made: {reason(error)}"))
        return True
    line, gone = _run(order, owner, wakeup, adopting=adopting)
    try:
        record.keep(line)
    except OSError as error:
        line = with_field(line, "unrecorded", quoted(reason(error)))
    owner.tell(line)
    record.close()
    return gone


def _run(order: Order, owner: Owner, wakeup: int, *, adopting: bool) -> tuple[str, bool]:
    """Runs the worker; returns its ending and whether nothing is left of it."""
    # after a look with the record locked: whoever takes over sees the record, or no worker starts
    if owner.looks_gone() or owner.stops():
        return ending_line("interrupted", None, 0.0, "stopped before it started"), True
    started_at = time.monotonic()
    try:
        worker = Worker(order, owner, wakeup, adopting=adopting)
    except OSError as error:
        return ending_line("not-started", None, 0.0, f"the worker cannot be started: {reason(error)}"), True
    owner.tell(f'{{"started": {worker.family.leader}}}')
    worker.run()
    return ending_of(order, owner, worker, time.monotonic() - started_at), worker.gone
