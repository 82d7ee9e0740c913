"""Hunk.touches against git's own merges of random edits."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from pygit2 import Repository, init_repository

from gitpar.core.changes import Hunk
from gitpar.core.conflicts import touching
from gitpar.git.changes import read_hunks
from tests.support.amounts import examples

BASE = st.lists(st.sampled_from("abcdefgh"), min_size=0, max_size=14)
EDITS = st.lists(
    st.tuples(st.integers(0, 14), st.integers(0, 3), st.lists(st.sampled_from("abxyz"), max_size=3)),
    min_size=1,
    max_size=3,
)
Edit = tuple[int, int, list[str]]


def edited(base: list[str], edits: list[Edit]) -> list[str]:
    for start, count, text in edits:
        base = [*base[:start], *text, *base[start + count :]]
    return base


def hunks(repository: Repository, old: list[str], new: list[str]) -> tuple[Hunk, ...]:
    ids = [str(repository.create_blob("".join(f"{line}\n" for line in side).encode())) for side in (old, new)]
    found = read_hunks(repository, ids[0], ids[1])
    assert found is not None
    return found


def merges(folder: Path, *versions: list[str]) -> bool:
    """Whether `git merge-file` merges the second and third version over the first."""
    names = []
    for name, text in zip(("base", "ours", "theirs"), versions, strict=True):
        (folder / name).write_text("".join(f"{line}\n" for line in text))
        names.append(str(folder / name))
    done = subprocess.run(
        ["git", "merge-file", "-p", names[1], names[0], names[2]], capture_output=True, check=False
    )
    assert 0 <= done.returncode < 128, done.stderr
    return done.returncode == 0


@examples(250)
@given(base=BASE, ours=EDITS, theirs=EDITS)
def test_hunks_that_do_not_touch_always_merge(base: list[str], ours: list[Edit], theirs: list[Edit]) -> None:
    a, b = edited(base, ours), edited(base, theirs)
    with TemporaryDirectory() as name:
        repository = init_repository(f"{name}/git", bare=True)
        close = list(touching(hunks(repository, base, a), hunks(repository, base, b)))
        if not close:
            assert merges(Path(name), base, a, b)


PLACES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=3)
Place = tuple[int, int, int]


def written(base: list[str], places: list[Place], who: str) -> list[str]:
    """The base with lines that stand nowhere else in the places: start, lines gone, lines new."""
    for number, (start, gone, new) in enumerate(places):
        base = edited(base, [(start, gone, [f"{who} {number} {line}" for line in range(new)])])
    return base


@examples(150)
@given(count=st.integers(0, 14), ours=PLACES, theirs=PLACES)
def test_where_every_line_is_another_what_touches_never_merges(
    count: int, ours: list[Place], theirs: list[Place]
) -> None:
    base = [f"line {number}" for number in range(count)]
    a, b = written(base, ours, "ours"), written(base, theirs, "theirs")
    with TemporaryDirectory() as name:
        repository = init_repository(f"{name}/git", bare=True)
        close = list(touching(hunks(repository, base, a), hunks(repository, base, b)))
        assert merges(Path(name), base, a, b) == (not close)


@examples(60)
@given(count=st.integers(3, 30), at=st.integers(0, 29), gap=st.integers(0, 2), kind=st.sampled_from("ir"))
def test_one_unchanged_line_between_is_enough(count: int, at: int, gap: int, kind: str) -> None:
    """Distinct lines: neighbours conflict, and a gap of one line merges."""
    base = [f"line {number}" for number in range(count)]
    at %= count - 2
    a = [*base[:at], "ours", *base[at + 1 :]]
    other = at + 1 + gap
    if other >= count:
        return
    b = [*base[:other], "theirs", *base[other + (kind == "r") :]]
    with TemporaryDirectory() as name:
        repository = init_repository(f"{name}/git", bare=True)
        close = list(touching(hunks(repository, base, a), hunks(repository, base, b)))
        assert bool(close) == (gap == 0)
        assert merges(Path(name), base, a, b) == (gap > 0)


@examples(60)
@given(base=BASE, edits=EDITS)
def test_hunks_rebuild_the_new_file(base: list[str], edits: list[Edit]) -> None:
    new = edited(base, edits)
    with TemporaryDirectory() as name:
        found = hunks(init_repository(f"{name}/git", bare=True), base, new)
    built, at = [], 1
    for hunk in found:
        built += base[at - 1 : hunk.old_start - 1]
        assert len(built) + 1 == hunk.new_start
        built += new[hunk.new_start - 1 : hunk.new_start - 1 + hunk.new_count]
        at = hunk.old_start + hunk.old_count
    assert built + base[at - 1 :] == new
