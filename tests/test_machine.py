"""`make` on a machine that lacks something says what to install, and nothing where all is well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sealed import ROOT

GOOD_GIT = "echo 'git version 2.39.5 (Apple Git-154)'"
GOOD_PYTHON = "exit 0"
NO_VENV = 'case "$2" in *ensurepip*) exit 1 ;; esac'


def machine(bin_folder: Path, git: str, python: str) -> subprocess.CompletedProcess[str]:
    """Runs the check on a machine whose git and python3 are these scripts."""
    bin_folder.mkdir()
    for name, script in (("git", git), ("python3", python)):
        if script:
            (bin_folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (bin_folder / name).chmod(0o755)
    (bin_folder / "sed").symlink_to("/usr/bin/sed" if Path("/usr/bin/sed").exists() else "/bin/sed")
    return subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "machine"), "python3"],
        env={**os.environ, "PATH": str(bin_folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("git", "python", "error", "hint"),
    [
        (
            "echo 'git version 2.38.1'",
            GOOD_PYTHON,
            "Error: git 2.38 is too old; gitpar needs git 2.39 or newer",
            "Hint: macOS: brew install git",
        ),
        (
            "",
            GOOD_PYTHON,
            "Error: git is not on PATH; gitpar needs git 2.39 or newer",
            "Hint: Fedora: dnf install git",
        ),
        (
            GOOD_GIT,
            NO_VENV,
            "Error: `python3` comes without venv or ensurepip",
            "Hint: Debian/Ubuntu: apt-get install python3-venv",
        ),
        (
            GOOD_GIT,
            "exit 1",
            "Error: `python3` is missing or older than Python 3.11",
            "Hint: macOS: brew install python@3.13",
        ),
        (
            GOOD_GIT,
            "",
            "Error: `python3` is missing or older than Python 3.11",
            "Hint: Fedora: dnf install python3",
        ),
    ],
)
def test_says_what_to_install(git: str, python: str, error: str, hint: str, tmp_path: Path) -> None:
    done = machine(tmp_path / "bin", git, python)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, lines[0], len(lines)) == (1, "", error, 4)
    assert hint in lines


@pytest.mark.parametrize("version", ["2.39.0", "2.50.1", "3.0.0.rc1"])
def test_says_nothing_where_all_is_well(version: str, tmp_path: Path) -> None:
    done = machine(tmp_path / "bin", f"echo 'git version {version}'", GOOD_PYTHON)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_this_machine_is_good_enough() -> None:
    done = subprocess.run(
        ["sh", str(ROOT / ".ci" / "machine"), sys.executable], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_make_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    targets = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("make ")]
    assert targets == [
        "help",
        "demo",
        "test",
        "test-long",
        "test-agents",
        "lint",
        "types",
        "bench",
        "reference",
        "clean",
    ]
