"""docs/reference.md is what the code says."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.sealed import ROOT


def test_the_reference_is_up_to_date() -> None:
    # in a process of its own: a click command remembers how another test called it
    script = "import runpy, sys; sys.stdout.write(runpy.run_path('docs/make_reference.py')['render']())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == done.stdout, "the code has changed; type: make reference"
