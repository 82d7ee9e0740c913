"""Objects that are only computed: what git and libgit2 read of them, and what is left of a failure."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitpar.git.coordinator import Coordinator
from gitpar.git.objects import object_id
from gitpar.git.scratch import write
from tests.support.repo import Repo


@pytest.fixture
def coordinator(repo: Repo) -> Iterator[Coordinator]:
    made = Coordinator(repo.place, repo.root / ".git" / "gitpar" / "test")
    yield made
    made.close()


CONTENTS = (b"", b"\0", b"few\n", b"many\n" * 4_000, bytes(range(256)) * 4_000)


def test_git_and_libgit2_read_what_is_written(coordinator: Coordinator, repo: Repo) -> None:
    before = repo.loose()
    for content in CONTENTS:
        name = write(coordinator.pygit(), "blob", content)
        assert name == write(coordinator.pygit(), "blob", content) == object_id("blob", content)
        assert coordinator.scratch.run("cat-file", "blob", name).stdout == content
        assert coordinator.pygit().read(name)[1] == content
    coordinator.scratch.run("fsck", "--strict")
    # what is large is compressed
    name = object_id("blob", CONTENTS[3])
    assert (coordinator.objects / name[:2] / name[2:]).stat().st_size < 200
    assert repo.loose() == before


def test_threads_may_write_the_same_at_once(coordinator: Coordinator) -> None:
    contents = [b"%d\n" % number for number in range(200)]

    def write_all(_thread: int) -> list[str]:
        return [write(coordinator.pygit(), "blob", content) for content in contents]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(write_all, range(4)))
    assert found == [[object_id("blob", content) for content in contents]] * 4
    files = [file for file in coordinator.objects.rglob("*") if file.is_file()]
    assert len(files) == len(contents)


def test_nothing_is_left_of_what_cannot_be_written(coordinator: Coordinator) -> None:
    name = object_id("blob", b"1\n")
    blocked = coordinator.objects / name[:2]
    blocked.write_text("in the way")
    with pytest.raises(OSError, match=name[:2]):
        write(coordinator.pygit(), "blob", b"1\n")
    assert [file for file in coordinator.objects.rglob("*") if file.is_file()] == [blocked]
    blocked.unlink()
    assert write(coordinator.pygit(), "blob", b"1\n") == name
    assert coordinator.pygit().read(name)[1] == b"1\n"
