"""The program as a process: `gitpar`, `git gitpar` and `python -m gitpar` are the same."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def program() -> NoReturn:
    """Runs the program, and ends the process without taking Python apart object by object.

    That takes a tenth of a second, which nobody has any use of.
    """
    # a short program: what is loaded stays, and going over it was a fifth of loading it
    gc.set_threshold(50_000)
    from gitpar.ui.cli.main import main  # noqa: PLC0415 - loads the program, which is not to be gone over

    ended: list[int] = []
    # registered before all others, so called after them
    atexit.register(leave, ended)
    ended.append(main())
    sys.exit(ended[0])


def leave(ended: list[int]) -> None:
    """Ends the process at once, with the status given; Python does where there is none yet."""
    if ended:
        with suppress(OSError):  # main has told of what cannot be written
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(ended[0])


if __name__ == "__main__":
    program()
