"""Which change sets share something: by path, by folder against file, by a moved folder."""

from __future__ import annotations

import time

from gitpar.core.changes import ChangeKind, ChangeSet, FileChange, Hunk
from gitpar.core.conflicts import ConflictReport, PairConflict, Tier, clashes, sharing, touching
from gitpar.core.names import CommitId, TaskId

ID = "1" * 40


def added(path: str) -> FileChange:
    return FileChange(path, ChangeKind.ADDED, 0, 0o100644, "", ID)


def changed(path: str) -> FileChange:
    return FileChange(path, ChangeKind.MODIFIED, 0o100644, 0o100644, "2" * 40, ID)


def moved(old: str, new: str) -> FileChange:
    return FileChange(new, ChangeKind.RENAMED, 0o100644, 0o100644, ID, ID, old)


def change_set(*files: FileChange) -> ChangeSet:
    return ChangeSet(CommitId("a" * 40), CommitId("b" * 40), files)


def test_only_pairs_with_a_common_path_share_something() -> None:
    sets = [change_set(changed("a"), changed("b")), change_set(changed("c")), change_set(changed("b"))]
    assert sharing(sets) == [(0, 2)]


def test_both_names_of_a_rename_count() -> None:
    sets = [change_set(moved("old", "new")), change_set(changed("old")), change_set(added("new"))]
    assert sharing(sets) == [(0, 1), (0, 2)]


def test_a_file_where_the_other_makes_a_folder_is_shared() -> None:
    sets = [change_set(added("lib/x/deep.py")), change_set(added("lib")), change_set(added("library"))]
    assert sharing(sets) == [(0, 1)]
    assert clashes(sets[0], sets[1]) == clashes(sets[1], sets[0]) == ("lib",)


def test_a_new_file_in_a_folder_that_the_other_moves_is_shared() -> None:
    sets = [change_set(added("src/new.py")), change_set(moved("src/a.py", "lib/a.py"))]
    assert sharing(sets) == [(0, 1)]
    assert clashes(*sets) == ("src/new.py",)


def test_a_rename_within_a_folder_does_not_move_the_folder() -> None:
    sets = [change_set(added("src/new.py")), change_set(moved("src/a.py", "src/b.py"))]
    assert sharing(sets) == []
    assert clashes(*sets) == ()


def test_a_thousand_change_sets_are_intersected_fast() -> None:
    sets = [
        change_set(*(changed(f"src/{(7 * at + k * k) % 5000}/file.py") for k in range(10)))
        for at in range(1000)
    ]
    started_at = time.process_time()  # others may have the machine
    found = sharing(sets)
    assert time.process_time() - started_at < 1
    slow = {(a, b) for a in range(60) for b in range(a + 1, 60) if set(sets[a].paths) & set(sets[b].paths)}
    assert {pair for pair in found if max(pair) < 60} == slow


def test_touching_hunks_are_found_in_one_walk() -> None:
    ours = [Hunk(2, 1, 2, 1), Hunk(10, 5, 10, 5), Hunk(40, 0, 40, 1)]
    theirs = [Hunk(4, 1, 4, 1), Hunk(9, 1, 9, 1), Hunk(12, 1, 12, 2), Hunk(15, 0, 16, 1), Hunk(41, 1, 43, 1)]
    expected = [(a, b) for a in ours for b in theirs if a.touches(b)]
    assert list(touching(ours, theirs)) == expected
    assert [(a.old_start, b.old_start) for a, b in expected] == [(10, 9), (10, 12), (10, 15)]


def test_a_pair_is_found_whichever_way_round() -> None:
    pair = PairConflict(TaskId("a"), TaskId("b"), Tier.FILE, ())
    report = ConflictReport((pair,))
    assert report.between(TaskId("b"), TaskId("a")) is pair
    assert report.between(TaskId("b"), TaskId("c")) is None
