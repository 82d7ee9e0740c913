"""The program as a process: `gitpar`, `git gitpar` and `python -m gitpar` are the same."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from gitpar.ui.cli.main import main


def program() -> NoReturn:
    """Runs the program, and ends the process without taking Python apart object by object.

    That takes a tenth of a second, which nobody has any use of.
    """
    ended: list[int] = []
    # registered before all others, so called after them
    atexit.register(leave, ended)
    ended.append(main())
    sys.exit(ended[0])


def leave(ended: list[int]) -> None:
    """Ends the process at once, with the status given; Python does where there is none yet."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


if __name__ == "__main__":
    program()
