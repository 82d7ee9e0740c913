"""How a worker ended: as a JSON line, and durably in its exit file. Imports next to nothing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the builtin below `signal`, whose enums take 6 ms
import errno
import fcntl
import os

from gitpar.backends.orders import Order, Owner
from gitpar.backends.worker import Worker

_PART = b".part"
_NAMES_SHOWN = 5
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(32), 127, *b'"\\')}


class Record:
    """The exit file: made and locked before the worker starts, renamed into place after its end.

    Whoever takes over from a dead gitpar waits for the lock: then the exit file is
    there, or never will be.
    """

    def __init__(self, path: bytes) -> None:
        """Raises OSError where the file cannot be made."""
        self._path = path
        if os.path.lexists(path):  # pathlib costs 10 ms
            os.unlink(path)  # noqa: PTH108 - see above; an ending from before is not this one's
        self._file = os.open(path + _PART, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:  # noqa: SIM105 - contextlib takes 4 ms to import
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass  # a file system without locks: whoever takes over has only the marks to go by

    def keep(self, line: str) -> None:
        """Writes the ending durably; raises OSError where the disk does not take it."""
        content = line.encode() + b"\n"
        if os.write(self._file, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._file)
        os.rename(self._path + _PART, self._path)  # noqa: PTH104 - pathlib costs 10 ms

    def close(self) -> None:
        """Gives the lock back."""
        os.close(self._file)


def ending_of(order: Order, owner: Owner, worker: Worker, duration_s: float) -> str:
    """Returns how a worker that ran came to its end, as one JSON line."""
    ending, code, note = _verdict(order, owner, worker)
    notes = [note]
    if worker.left_behind:
        what = "ended what it left behind" if worker.gone else "cannot be ended"
        notes.append(f"{what}: {_listed(worker.left_behind)}")
    notes.append(worker.log.problem)
    line = ending_line(ending, code, duration_s, "; ".join(filter(None, notes)), gone=worker.gone)
    return line if worker.family.adopting else with_field(line, "proved", "false")


def _verdict(order: Order, owner: Owner, worker: Worker) -> tuple[str, int | None, str]:
    status = worker.family.status
    if worker.ending == "timed-out":
        return "timed-out", None, f"ended after its limit of {order.timeout_s:g} s"
    if not worker.ending and status is not None and os.WIFEXITED(status):
        return "exited", os.WEXITSTATUS(status), ""
    # who kills a whole run kills its workers as well: that is not their fault
    if owner.looks_gone():
        return "interrupted", None, "ended because its gitpar was gone"
    if not worker.ending and status is not None:
        return "signaled", None, f"killed by {_signal_name(os.WTERMSIG(status))}"
    return "interrupted", None, "interrupted"


def with_field(line: str, name: str, value: str) -> str:
    """Adds a field to an ending line; the value is JSON."""
    return f'{line.removesuffix("}")}, "{name}": {value}}}'


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    return f"{len(names)} process{'es' if len(names) != 1 else ''} ({shown})"


def _signal_name(number: int) -> str:
    names = {
        getattr(_signal, name): name for name in dir(_signal) if name.startswith("SIG") and name[3] != "_"
    }
    return names.get(number, f"signal {number}")


def reason(error: OSError) -> str:
    """Returns what the system said, and of which file."""
    where = os.fsdecode(error.filename) if error.filename is not None else ""
    return f"{error.strerror}: {where}" if where else str(error.strerror)


def ending_line(ending: str, code: int | None, duration_s: float, message: str, *, gone: bool = True) -> str:
    """Returns an ending as one JSON line."""
    exit_code = "null" if code is None else str(code)
    return (
        f'{{"ending": "{ending}", "exit": {exit_code}, "duration_s": {duration_s:.6f}, '
        f'"message": {quoted(message)}, "processes_gone": {"true" if gone else "false"}}}'
    )


def quoted(text: str) -> str:
    """Returns the text as a JSON string; json itself takes 10 ms to import."""
    return '"' + text.encode(errors="replace").decode().translate(_ESCAPES) + '"'
