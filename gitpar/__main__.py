"""Lets `python -m gitpar` be the same program as `gitpar`."""

from __future__ import annotations

import sys

from gitpar.ui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
