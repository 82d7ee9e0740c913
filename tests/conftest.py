"""Seals every test and hands out repositories."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.fixtures import build
from tests.support.pools import end_pools
from tests.support.sealed import from_outside, git, sealing

# an example takes as long as it does: what it tells of must not depend on what else the machine does
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> None:
    """Lets programs that tests start heed Ctrl-C, which what runs in the background ignores."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def sealed_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Seals fixtures of wider scope, which run before a test has a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in tuple(from_outside(os.environ)):
            patch.delenv(name)
        for name, value in sealing(tmp_path_factory.mktemp("session-home")).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives every test a home folder of its own, outside its tmp_path."""
    folder = tmp_path_factory.mktemp("home")
    for name, value in sealing(folder).items():
        monkeypatch.setenv(name, value)
    return folder


@pytest.fixture(autouse=True)
def _pools() -> Iterator[None]:
    """Leaves no process of a test's pools to the next test."""
    yield
    end_pools()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository on main with one commit of one file, `README.md`."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--template=")
    (folder / "README.md").write_text("# A repository\n", encoding="utf-8")
    git(folder, "add", "README.md")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


@pytest.fixture
def bookshop(tmp_path: Path) -> Path:
    """The repository of the demo, checked out on main."""
    return build("bookshop", tmp_path / "bookshop")


@pytest.fixture
def samples() -> Path:
    """The folder with real plan files of other tools; skips where it is not there."""
    folder = os.environ.get("GITPAR_SAMPLES")
    if not folder:
        pytest.skip("GITPAR_SAMPLES names no folder with plan files of other tools")
    return Path(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts what was skipped, also where that is nothing; the reasons stand above."""
    terminalreporter.write_line(f"skipped tests: {len(terminalreporter.stats.get('skipped', []))}")
