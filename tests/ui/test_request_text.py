"""Title and body of a request: what is in them, and that nothing from a plan can act in them."""

from __future__ import annotations

from dataclasses import replace

from gitpar.core.certificate import with_gates
from gitpar.core.forges import Layer
from gitpar.core.names import TaskId
from gitpar.core.settlement import Means, SettledPath
from gitpar.core.view import RunView, view
from gitpar.ui.request_text import describe
from tests.ui.made import BEGAN, Script, task

HOSTILE = "</td><script>x</script> @everyone closes #7 `rm` | [a](b) \n# big\x1b[31m"


def landed(*titles: str) -> tuple[RunView, Layer]:
    """A run of one wave in which everything landed, and the wave as a layer."""
    names = [f"t{n}" for n in range(len(titles))]
    script = Script(tuple(task(name, title=title) for name, title in zip(names, titles, strict=True)))
    script.level(1)
    for name in names:
        script.start(name)
        script.finish(name, 1, f"src/{name}.py")
    script.compared(1)
    tip = [script.land(name) for name in names][-1]
    return view(script.run, BEGAN + 60), Layer("gitpar/7f3a/level/1", tip, 1)


def test_what_a_plan_says_does_nothing_in_a_body() -> None:
    words = describe(*landed(HOSTILE, "Fine"))
    [row] = [line for line in words.body.splitlines() if line.startswith("| `t0` | ")][:1]
    cell = row.split(" | ")[1]
    assert cell.startswith(r"\</td\>\<script\>x\</script\> @" + "\u200b" + r"everyone closes \#7 \`rm\` \|")
    assert "\x1b" not in words.body
    assert "\n" not in words.title


def test_one_task_gives_its_title_and_a_task_its_own_body() -> None:
    seen, layer = landed("Only this")
    assert describe(seen, layer).title == "Only this"
    seen, layer = landed("First", "Second")
    words = describe(seen, replace(layer, task=TaskId("t1")))
    assert words.title == "Second"
    assert "`t1`" in words.body
    assert "`t0`" not in words.body


def test_the_longest_run_fits_what_a_forge_takes() -> None:
    seen, layer = landed(*("title " * 60 for _ in range(600)))
    words = describe(seen, layer)
    assert len(words.title) <= 200
    assert len(words.body) < 65_000
    assert words.body.endswith("too long to be shown here.")


def test_gates_that_let_it_pass_are_named_with_the_trees_that_they_saw() -> None:
    seen, layer = landed("First", "Second")
    assert "**Gates**" not in describe(seen, layer).body
    gates = (("tests", "passed", "a" * 40), ("lint `x`", "flaky", "b" * 40))
    tasks = tuple(replace(one, certificate=with_gates("{}", gates)) for one in seen.tasks)
    body = describe(replace(seen, tasks=tasks), layer).body
    lines = body[body.index("**Gates**") :].splitlines()[2:4]
    assert lines == [
        "- `tests` passed on `aaaaaaaaaaaa`",
        "- `lint 'x'` passed, after it had failed on the same tree, on `bbbbbbbbbbbb`",
    ]


def test_what_a_policy_settled_is_for_the_reader_to_look_at() -> None:
    seen, layer = landed("First", "Second", "Third")
    assert "a policy settled" not in describe(seen, layer).body
    rows = (
        SettledPath("CHANGELOG.md", Means.UNION),
        SettledPath("src/`odd`|\n.py", Means.AGENT, gate="tests, review"),
    )
    settled = {"t1": rows[:1], "t2": rows}
    tasks = tuple(replace(one, settled=settled.get(one.id, ())) for one in seen.tasks)
    body = describe(replace(seen, tasks=tasks), layer).body
    lines = body[body.index("Not proved, because a policy settled") :].splitlines()
    assert lines[2:5] == [
        "- `t1`: `CHANGELOG.md` (union); no gate is configured",
        r"- `t2`: `CHANGELOG.md` (union), `src/'odd'｜ .py` (agent); passed \`tests, review\`",
        "",
    ]
    alone = describe(replace(seen, tasks=tasks), replace(layer, task=TaskId("t0"))).body
    assert "a policy settled" not in alone
