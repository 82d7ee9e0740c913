"""Probabilities of conflicts from what tasks say, and what is learned from history."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitpar.core.calibration import calibrated, followed
from gitpar.core.changes import ChangeKind, ChangeSet, FileChange, Hunk
from gitpar.core.forecast import Intent, Model, PairForecast, Signal, meetings, pair_forecasts
from gitpar.core.graph import Scope, Source, Task, TaskGraph
from gitpar.core.habits import Habits, companions_of
from gitpar.core.history import Judged, Meeting, PastChange, Replay, carried_back
from gitpar.core.intents import Doubt, Symbols, Tracked, doubts, intents, names_in
from gitpar.core.names import CommitId, TaskId
from gitpar.core.outlook import earlier, needless, wave_outlooks
from gitpar.core.patterns import pattern, plain
from gitpar.core.regression import fit, logistic, product
from gitpar.ui.forecast_text import wave_heading

FILES = ("src/a.py", "src/b.py", "src/deep/c.py", "docs/guide.md", "CHANGELOG.md", "tests/test_a.py")


def task(name: str, *modify: str, create: tuple[str, ...] = (), prompt: str = "", **more: object) -> Task:
    scope = Scope(create=create, modify=modify, read=more.pop("read", ()))  # type: ignore[arg-type]
    return Task(id=TaskId(name), title=name, source=Source("p"), prompt=prompt, scope=scope, **more)  # type: ignore[arg-type]


def forecast(*tasks: Task, model: Model | None = None, symbols: Symbols | None = None) -> list[PairForecast]:
    model = model or Model()
    return pair_forecasts(model, intents(tasks, Tracked(FILES), model, symbols))


def change(*paths: str, text: str = "") -> PastChange:
    files = tuple(FileChange(p, ChangeKind.MODIFIED, 0o100644, 0o100644, "1", "2") for p in paths)
    return PastChange(ChangeSet(CommitId("b"), CommitId("t"), files), 0.0, text, merged=True)


@pytest.mark.parametrize(
    ("declared", "fits", "fails"),
    [
        ("src/*.py", "src/a.py", "src/deep/c.py"),
        ("src/**/*.py", "src/a.py", "docs/guide.md"),
        ("**/c.py", "src/deep/c.py", "src/deep/cc.py"),
        ("src/{a,b}.py", "src/b.py", "src/c.py"),
        ("src/[!a].py", "src/b.py", "src/a.py"),
        ("src/?.py", "src/a.py", "src/ab.py"),
        ("src/d*", "src/deep/c.py", "src/a.py"),
        ("./a+b(1)*", "a+b(1).txt", "aab1.txt"),
    ],
)
def test_a_pattern_means_what_a_shell_means(declared: str, fits: str, fails: str) -> None:
    assert pattern(declared).fullmatch(fits)
    assert not pattern(declared).fullmatch(fails)


def test_tasks_that_share_nothing_are_no_pair() -> None:
    assert forecast(task("a", "src/a.py"), task("b", "src/b.py"), task("c")) == []


def test_a_declared_file_in_common_is_likelier_than_a_pattern_and_that_than_a_word() -> None:
    both = forecast(task("a", "src/a.py"), task("b", "src/a.py"))[0]
    globbed = forecast(task("a", "src/a.py"), task("b", "**"))[0]
    told = forecast(task("a", "src/a.py"), task("b", prompt="look at src/a.py."))[0]
    assert both.probability > globbed.probability > 0
    assert both.probability > told.probability > 0
    assert [r.signal for r in (globbed.reasons[0].b, told.reasons[0].b)] == [Signal.PATTERN, Signal.TEXT]


def test_two_that_create_a_path_will_clash() -> None:
    found = forecast(task("a", create=("src/new.py",)), task("b", create=("./src/new.py",)))
    assert found[0].probability == pytest.approx(0.97)
    assert found[0].reasons[0].created


def test_a_folder_means_the_files_below_it() -> None:
    found = forecast(task("a", "src/"), task("b", "src/deep/c.py"), task("c", "docs"))
    assert [(p.a, p.b) for p in found] == [("a", "b")]


def test_the_same_pattern_that_fits_nothing_yet_is_something_in_common() -> None:
    found = forecast(task("a", "new/*.py"), task("b", "new/*.py"), task("c", create=("new/x.py",)))
    assert {(p.a, p.b) for p in found} == {("a", "b"), ("a", "c"), ("b", "c")}


def test_what_a_text_names_to_read_is_not_what_it_touches() -> None:
    reader = task("b", prompt="like src/a.py", read=("src/a.py",))
    assert forecast(task("a", "src/a.py"), reader) == []


def test_a_definition_that_one_names_and_the_others_file_uses() -> None:
    symbols = Symbols({"load_all": frozenset({"src/a.py"})}, {"load_all": frozenset({"src/b.py"})})
    found = forecast(
        task("a", prompt="Rename `load_all()`"), task("b", "src/b.py"), task("c", "src/a.py"), symbols=symbols
    )
    assert [(p.a, p.b) for p in found] == [("a", "c"), ("a", "b")]
    assert "load_all, which is defined there" in found[0].reasons[0].a.because


def test_names_of_code_are_found_in_prose() -> None:
    text = "Let `Shop.total` call parse_price() in OrderBook, but not `the shop`."
    assert set(names_in(text)) == {"total", "parse_price", "OrderBook"}


def test_files_that_change_together_are_a_weak_reason() -> None:
    past = [change("src/a.py", "tests/test_a.py") for _ in range(10)]
    habits = Habits(together=dict(companions_of(past)))
    for each in past:
        habits.see(each.set)
    found = forecast(task("a", "src/a.py"), task("b", "tests/test_a.py"), model=Model(habits))
    assert 0 < found[0].probability < forecast(task("a", "src/a.py"), task("b", "src/a.py"))[0].probability
    assert {r.a.because for r in found[0].reasons} == {"src/a.py", "`src/a.py`: 10 of 10 times"}


def test_a_path_that_clashed_before_is_a_stronger_reason() -> None:
    past = [change("CHANGELOG.md", "src/a.py") for _ in range(2)]
    habits = Habits()
    for _ in range(20):
        habits.learn(Meeting(0, 1, conflict=True, refused=("CHANGELOG.md",)), past[0].set.paths)
    assert habits.rate("CHANGELOG.md") > 0.8
    assert habits.rate("src/a.py") < 0.2
    assert habits.rate("src/a.py") < habits.rate("README") < habits.rate("CHANGELOG.md")


def test_a_meeting_that_nobody_could_judge_teaches_nothing() -> None:
    habits = Habits()
    habits.learn(Meeting(0, 1, None, ("x",), Judged.LINES), ["x"])
    assert habits.total == (0, 0)


def test_a_wave_where_everything_meets_is_not_forecast_and_says_so() -> None:
    crowd = [task(f"t{n}", "src/a.py") for n in range(30)]
    made = intents(crowd, Tracked(FILES), Model())
    assert len(pair_forecasts(Model(), made)) == meetings(made) == 435
    crowd = [task(f"t{n}", "**") for n in range(400)]
    tracked = Tracked([f"src/{n}.py" for n in range(10)])
    graph = TaskGraph(crowd)
    [wave] = wave_outlooks(graph, {i.task: i for i in intents(crowd, tracked, Model())}, Model(), 4)
    assert (wave.crowded, wave.pairs, wave.silent) == (True, (), graph.waves[0])
    assert wave_heading(wave) == "Wave 1 (400 tasks): not forecast"


def test_a_declared_path_is_read_as_it_is_meant() -> None:
    for declared in ("src/a.py", "./src//a.py", " src/./a.py/ "):
        assert plain(declared) == "src/a.py"
    assert (plain("."), plain("./"), plain("src/")) == (".", ".", "src")


def test_doubts_about_declared_files() -> None:
    found = doubts(
        [
            task("a", "src/gone.py", "lib/*.c", create=("src/x.py", "src/a.py")),
            task("b", "src/x.py", "src", "src/*.py", create=("src/x.py",)),
        ],
        Tracked(FILES),
    )
    assert found == [
        Doubt("absent", ("a",), "src/gone.py"),
        Doubt("absent", ("a",), "lib/*.c"),
        Doubt("there already", ("a",), "src/a.py"),
        Doubt("made twice", ("a", "b"), "src/x.py"),
    ]


def test_dependencies_that_only_cost_time() -> None:
    tasks = [
        task("a", "src/a.py", create=("src/n.py",)),
        task("b", "src/b.py", depends_on=(TaskId("a"),)),
        task("c", "docs/guide.md", depends_on=(TaskId("a"),), read=("src/n.py",)),
        task("d", depends_on=(TaskId("a"),)),
        task("e", "CHANGELOG.md", wave=3),
    ]
    graph = TaskGraph(tasks)
    found: dict[TaskId, Intent] = {i.task: i for i in intents(tasks, Tracked(FILES), Model())}
    assert [(n.later, n.first, n.now, n.wave) for n in needless(graph, found)] == [("b", "a", 2, 1)]
    assert [(e.task, e.now, e.wave) for e in earlier(graph, found)] == [("e", 3, 1)]


# --- learning ----------------------------------------------------------------------------


def test_the_regression_finds_the_weights_that_made_the_data() -> None:
    chance = random.Random(1)
    true = (-1.0, 2.0)
    rows = [(1.0, chance.uniform(-2, 2)) for _ in range(4000)]
    labels = [chance.random() < logistic(product(true, row)) for row in rows]
    assert fit(rows, labels, (0.0, 0.0), (0.0, 0.0)) == pytest.approx(true, abs=0.15)
    assert fit(rows[:1], labels[:1], (0.5, 0.5), (50.0, 50.0)) == pytest.approx((0.5, 0.5), abs=0.05)


def test_a_regression_without_an_answer_stays_where_it_was() -> None:
    rows = [(1.0, float(n)) for n in range(9)]
    found = fit(rows, [True] * 9, (0.0, 0.0), (0.5, 0.5))
    assert all(map(math.isfinite, found))
    assert fit([], [], (1.0, 2.0), (1.0, 1.0)) == (1.0, 2.0)


def test_what_is_learned_for_a_meeting_lies_before_it() -> None:
    changes = [change("x", f"only{n}") for n in range(30)]
    meetings = [Meeting(n, n + 1, conflict=n >= 20, refused=("x",) if n >= 20 else ()) for n in range(29)]
    examples, habits = followed(Replay(changes, meetings, reach=5))
    assert len({example.row for example in examples[:4]}) == 1, "nothing is known at first"
    # the conflict of 20 and 21 is learned from when 26 comes
    assert max(e.row[1] for e in examples[8:25]) < examples[26].row[1] < examples[28].row[1]
    assert habits.paths["x"] == (9, 29)


def test_a_history_without_meetings_keeps_the_shipped_weights() -> None:
    found = calibrated(Replay([change("a"), change("b")], [], 20))
    assert found.model.weights == Model().weights
    assert [(f.signal, f.precision, f.recall) for f in found.figures][:1] == [
        ("declared files meet", None, None)
    ]


def test_calibration_counts_precision_and_recall() -> None:
    changes = [change("x", f"f{n}") for n in range(4)]
    meetings = [
        Meeting(a, b, (a, b) == (0, 1), ("x",) if (a, b) == (0, 1) else ())
        for a in range(4)
        for b in range(a + 1, 4)
    ]
    found = calibrated(Replay(changes, meetings, 20))
    declared = found.figures[0]
    assert (declared.predicted, declared.right, declared.conflicts) == (6, 1, 1)
    assert (found.pairs, found.meetings, found.conflicts) == (6, 6, 1)


# --- lines carried back ------------------------------------------------------------------


def hunks(old: list[int], new: list[int]) -> list[Hunk]:
    """The diff of two lists of different numbers whose common ones stand in the same order."""
    found, i, j = [], 0, 0
    kept = set(old) & set(new)
    while i < len(old) or j < len(new):
        a, b = i, j
        while i < len(old) and old[i] not in kept:
            i += 1
        while j < len(new) and new[j] not in kept:
            j += 1
        if (a, b) != (i, j):
            found.append(Hunk(a + 1, i - a, b + 1, j - b))
        i, j = i + 1, j + 1
    return found


@settings(deadline=None)
@given(st.data())
def test_hunks_are_carried_back_to_the_lines_they_are_about(data: st.DataObject) -> None:
    old = list(range(12))
    fresh = iter(range(100, 1000))

    def edited(before: list[int]) -> list[int]:
        kept = [n for n in before if not data.draw(st.booleans(), "drop") or data.draw(st.booleans(), "keep")]
        at = data.draw(st.integers(0, len(kept)))
        return kept[:at] + [next(fresh) for _ in range(data.draw(st.integers(0, 2)))] + kept[at:]

    middle = edited(old)
    last = edited(middle)
    changed = hunks(middle, last)
    for hunk, back in zip(changed, carried_back(changed, hunks(old, middle)), strict=True):
        gone = [n for n in middle[hunk.old_start - 1 : hunk.old_start - 1 + hunk.old_count] if n in set(old)]
        assert all(back.old_start <= n + 1 < back.old_start + back.old_count for n in gone)
        assert 1 <= back.old_start <= len(old) + 1
        assert back.old_start + back.old_count <= len(old) + 1
