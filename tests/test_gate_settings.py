"""Gates in settings: `[gates.NAME]`, and commands typed as gates."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.config import Settings, load_settings
from gitpar.core.settings import GateOn, GateRules
from gitpar.errors import UsageError
from gitpar.gate_settings import typed_gates

GATES = """\
[gates.unit]
command = " make test "
on = ["task", "level"]
timeout = "10m"

[gates.review]
agent = "claude"
prompt = "Is it safe?"
on = "run"
"""


def load(folder: Path, text: str) -> tuple[Settings, tuple[str, ...]]:
    (folder / "gitpar.toml").write_text(text, encoding="utf-8")
    of_user = folder / "user.toml"
    of_user.touch()
    return load_settings(folder, {}, {"GITPAR_CONFIG": str(of_user)})


def test_gates_are_read_with_what_they_run_on(tmp_path: Path) -> None:
    settings, warnings = load(tmp_path, GATES)
    assert settings.gate_rules == {
        "unit": GateRules(name="unit", command="make test", on=(GateOn.TASK, GateOn.LEVEL), timeout_s=600.0),
        "review": GateRules(name="review", agent="claude", prompt="Is it safe?", on=(GateOn.RUN,)),
    }
    assert (settings.asks_for_gates, warnings) == (True, ())
    assert not Settings().asks_for_gates


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[gates]]\ncommand = 'x'\n", "`gates` must be a table"),
        ("gates.unit = 'make test'\n", "`gates.unit` must be a table"),
        ("[gates.unit]\non = 'level'\n", "`gates.unit` has no command"),
        ("[gates.unit]\ncommand = ' '\n", "`gates.unit.command` must be a text"),
        ("[gates.unit]\ncommand = 'x'\nagent = 'claude'\n", "has a command and an agent"),
        ("[gates.unit]\nagent = 'claude'\n", "has an agent and no prompt"),
        ("[gates.unit]\ncommand = 'x'\non = 'tasks'\n", '`gates.unit.on` must be "task", "level"'),
        ("[gates.unit]\ncommand = 'x'\ntimeout = 'soon'\n", "`gates.unit.timeout` must be seconds"),
        ("[gates.verify]\ncommand = 'x'\n", "that is what the gate is called that a task brings itself"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(tmp_path, text)
    assert "gitpar.toml" in refused.value.message
    assert said in refused.value.message
    assert refused.value.hints


def test_an_unknown_key_is_told_and_what_was_meant(tmp_path: Path) -> None:
    _, warnings = load(tmp_path, "[gates.unit]\ncommand = 'x'\ntimout = 3\n")
    assert len(warnings) == 1
    assert "`gates.unit.timout` is not a setting and was ignored; did you mean `timeout`?" in warnings[0]


def test_a_command_typed_for_several_is_one_gate_with_a_name_of_its_own() -> None:
    long = "pytest " + "-x " * 20
    found = typed_gates(
        [((GateOn.TASK, GateOn.LEVEL), ["make test", long]), ((GateOn.RUN,), ["make  test", "make test"])],
        taken=["make test"],
    )
    assert [(gate.command, gate.on) for gate in found] == [
        ("make test", (GateOn.TASK, GateOn.LEVEL, GateOn.RUN)),
        (long.strip(), (GateOn.TASK, GateOn.LEVEL)),
        ("make  test", (GateOn.RUN,)),
    ]
    names = [gate.name for gate in found]
    assert names == ["make test (2)", f"{long[:39]}…", "make test (3)"]
