"""Programs are asked for their version once, as long as they are the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.backends.probing import known_version
from tests.support.agent_programs import program

OLDEST = (2, 0)


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return tmp_path / "asked"


def write(tmp_path: Path, asked: Path, version: str) -> None:
    found = program(tmp_path / "bin", "agent", "exit 1", version)
    found.write_text(found.read_text().replace("echo", f"echo {version} >> {asked}; echo", 1))


def known(tmp_path: Path, **variables: str) -> tuple[int, ...] | None:
    env = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return known_version("agent", {**env, **variables}, OLDEST)


def test_a_program_is_asked_once_as_long_as_it_is_the_same_file(tmp_path: Path, asked: Path) -> None:
    assert known(tmp_path) is None
    write(tmp_path, asked, "2.1.7")
    assert [known(tmp_path) for _ in range(3)] == [(2, 1, 7)] * 3
    assert asked.read_text() == "2.1.7\n"
    write(tmp_path, asked, "2.10.0")
    assert [known(tmp_path) for _ in range(3)] == [(2, 10, 0)] * 3
    assert asked.read_text() == "2.1.7\n2.10.0\n"


def test_a_program_that_is_too_old_is_asked_each_time(tmp_path: Path, asked: Path) -> None:
    write(tmp_path, asked, "1.9")
    assert [known(tmp_path) for _ in range(2)] == [(1, 9)] * 2
    assert asked.read_text() == "1.9\n" * 2


@pytest.mark.parametrize("content", ["", "[]", "{", '{"%s": 1}', '{"%s": {"file": [], "version": ["x"]}}'])
def test_a_memory_that_cannot_be_read_is_made_anew(tmp_path: Path, asked: Path, content: str) -> None:
    write(tmp_path, asked, "2.1")
    memory = tmp_path / "cache/gitpar/versions.json"
    memory.parent.mkdir(parents=True)
    memory.write_text(content.replace("%s", str(tmp_path / "bin/agent")))
    assert [known(tmp_path) for _ in range(2)] == [(2, 1)] * 2
    assert asked.read_text() == "2.1\n"


def test_where_nothing_can_be_remembered_it_is_asked_each_time(tmp_path: Path, asked: Path) -> None:
    write(tmp_path, asked, "2.1")
    (tmp_path / "file").touch()
    assert [known(tmp_path, XDG_CACHE_HOME=str(tmp_path / "file")) for _ in range(2)] == [(2, 1)] * 2
    assert asked.read_text() == "2.1\n" * 2
