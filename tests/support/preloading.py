"""A process that has gitpar loaded and forks itself whenever the program is wanted.

Started by tests.support.preloaded with a connected socket as its only argument. Nothing
of gitpar has run in it: it has imported modules, and what a fork does from there is what
`python -m gitpar` does once it has imported the same ones.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from pygit2 import settings
from pygit2.enums import ConfigLevel

ROOT = Path(__file__).resolve().parents[2]
SIZE = struct.Struct("!Q")
WORD = struct.Struct("!i")

_LEFT = ("gitpar.__main__", "gitpar.backends.supervisor")
"""Modules that begin to work when they are imported."""

_LIBRARIES = (
    "cattrs",
    "jinja2.sandbox",
    "pathspec",
    "platformdirs",
    "psutil",
    "pygit2.enums",
    "rich.console",
)
"""What gitpar imports where it is wanted. GitPython is not among them: it reads PATH when it is imported."""


def load() -> None:
    """Imports every module of gitpar, and has the methods made that data classes make at first use."""
    import gitpar  # noqa: PLC0415 - found by the PYTHONPATH that the other side has set

    names = [found.name for found in pkgutil.walk_packages(gitpar.__path__, "gitpar.")]
    for name in (*_LIBRARIES, *(each for each in names if each not in _LEFT)):
        importlib.import_module(name)
    loaded = [module for name, module in sys.modules.items() if name.startswith("gitpar.")]
    for one in {one for module in loaded for one in vars(module).values() if isinstance(one, type)}:
        if dataclasses.is_dataclass(one):
            # a wrong object: the method is made and then refuses it
            with contextlib.suppress(TypeError, AttributeError):
                one.__init__(object())


def serve(asked: socket.socket) -> list[str]:
    """Forks for each request until the other side is gone; returns, in the fork, what is to be run."""
    awake, alarm = os.pipe()
    os.set_blocking(alarm, False)
    os.set_blocking(awake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(alarm)
    ends: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([asked.fileno(), awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
            _reap(ends)
        if asked.fileno() not in ready:
            continue
        head, files, _, _ = socket.recv_fds(asked, SIZE.size, 4)
        if not head:
            os._exit(0)
        wanted = json.loads(_read(asked, SIZE.unpack(head)[0]))
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            for each in (awake, alarm, files[3], *ends.values()):
                os.close(each)
            asked.close()
            return _become(wanted, files[:3])
        os.write(files[3], WORD.pack(child))
        ends[child] = files[3]
        for each in files[:3]:
            os.close(each)


def _read(asked: socket.socket, size: int) -> bytes:
    text = b""
    while len(text) < size:
        text += asked.recv(size - len(text))
    return text


def _reap(ends: dict[int, int]) -> None:
    """Tells of every fork that has ended how it did, as `Popen.returncode` counts."""
    while ends:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        end = ends.pop(child)
        os.write(end, WORD.pack(os.waitstatus_to_exitcode(status)))
        os.close(end)


def _become(wanted: dict[str, object], files: list[int]) -> list[str]:
    """Gives the fork the place, the environment and the streams that were asked for."""
    cwd, environ, arguments = wanted["cwd"], wanted["environ"], wanted["arguments"]
    assert isinstance(cwd, str)
    assert isinstance(environ, dict)
    assert isinstance(arguments, list)
    os.setsid()
    for to, file in enumerate(files):
        os.dup2(file, to)
        os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    # libgit2 looks for the user's settings where HOME was when it was loaded
    for level in (ConfigLevel.GLOBAL, ConfigLevel.XDG):
        settings.search_path[level] = None  # type: ignore[assignment] # None: as at the start
    sys.path[0] = cwd
    return arguments


def main() -> None:
    """Loads, serves, and in a fork is the program."""
    from gitpar.__main__ import leave  # noqa: PLC0415 - loads the program

    status = [1]
    # a fork would copy all that was loaded to take it apart: half the cost of a short command
    atexit.register(leave, status)
    asked = socket.socket(fileno=int(sys.argv[1]))
    load()
    from gitpar.ui.cli.main import main as program  # noqa: PLC0415 - loaded by now

    gc.collect()
    gc.freeze()
    arguments = serve(asked)
    sys.argv = [str(ROOT / "gitpar" / "__main__.py"), *arguments]
    status[0] = program()


if __name__ == "__main__":
    main()
