"""Many pairs merged in one: every answer reaches its pair, and what is nobody's is asked again."""

from __future__ import annotations

from gitpar.core.conflicts import ConflictKind, PathConflict
from gitpar.core.names import CommitId, TaskId, TreeId
from gitpar.git.analysis import GitRepository
from gitpar.git.joining import Asked
from gitpar.git.mergetree import MergeOutcome
from tests.support.repo import Repo, lines

SIDES = (CommitId("1" * 40), CommitId("2" * 40))


def outcome(*paths: str) -> MergeOutcome:
    conflicts = tuple(PathConflict(path, ConflictKind.CONTENT, "said") for path in paths)
    return MergeOutcome(TreeId("3" * 40), clean=not paths, conflicts=conflicts)


def test_each_pair_has_the_conflicts_of_its_own_files() -> None:
    asked = Asked(SIDES, {7: ("0.", str), 4: ("1.", str), 9: ("10.", str)})
    found = asked.answers(outcome("1.0", "10.0", "1.12"))
    assert found is not None
    said = {at: (one.clean, [conflict.path for conflict in one.conflicts]) for at, (one, _) in found.items()}
    assert said == {7: (True, []), 4: (False, ["0", "12"]), 9: (False, ["0"])}
    assert asked.answers(outcome()) == {at: (outcome(), str) for at in (7, 4, 9)}
    # what git says of none of them, as when an object is missing
    for odd in ("", "other", "2.0", "1"):
        assert asked.answers(outcome("1.0", odd)) is None
    assert Asked(SIDES, {7: ("", str)}).answers(outcome("", "lib/1.0")) == {7: (outcome("", "lib/1.0"), str)}


def test_pairs_with_files_in_common_are_told_apart(repo: Repo, repository: GitRepository) -> None:
    names = [f"lib/{number}.txt" for number in range(12)]
    base = repo.commit("base", {name: lines() for name in names})
    results = [
        (
            TaskId(f"t{at}"),
            repo.branch(base, f"{at}", {names[at]: lines((2, "a")), names[at - 1]: lines((3, "b"))}),
        )
        for at in range(12)
    ]
    far = repo.branch(base, "far", dict.fromkeys(names, lines((19, "far"))))
    report = repository.compare(base, [*results, (TaskId("far"), far)])
    conflicting = {(pair.a, pair.b): [one.path for one in pair.paths] for pair in report.pairs if pair.kind}
    # each file is changed by two neighbours, in lines that touch
    assert conflicting == {
        tuple(sorted((f"t{at}", f"t{(at + 1) % 12}"), key=lambda name: int(name[1:]))): [names[at]]
        for at in range(12)
    }
    assert {(pair.a, pair.b) for pair in report.pairs} - conflicting.keys() == {
        (f"t{at}", "far") for at in range(12)
    }
