"""Lets `python -m benchmarks` be the benchmark that `make bench` runs."""

from __future__ import annotations

import sys

from benchmarks.run_against_script import main

if __name__ == "__main__":
    sys.exit(main())
