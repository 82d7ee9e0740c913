"""`[agents.NAME]` of the settings: what is read, refused and warned about."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.config import load_settings
from gitpar.core.agents import AgentProfile
from gitpar.errors import UsageError
from gitpar.profiles import chosen

WHOLE = """
agent = ["claude", "wave:2=quick"]
[agents.quick]
kind = "claude"
program = "/opt/claude"
model = "haiku"
flags = ["--a", "b c"]
env = { KEY = "x" }
account = "second"
permission = "all"
fallback = "codex"
timeout = "10m"
idle_timeout = 90
max_turns = 5
max_cost_usd = 1
retry = "fresh"
[agents.house]
command = "make agent"
"""


def test_a_profile_with_everything(tmp_path: Path) -> None:
    (tmp_path / "gitpar.toml").write_text(WHOLE)
    settings, warnings = load_settings(tmp_path, {"agent": ("task:a=codex",)}, {"GITPAR_AGENT": "gemini"})
    assert warnings == ()
    assert settings.agent == ("claude", "wave:2=quick", "gemini", "task:a=codex")
    assert chosen(settings.agent) == ({2: "quick"}, {"a": "codex"}, "gemini")
    assert settings.profiles == {
        "quick": AgentProfile(
            name="quick",
            kind="claude",
            program="/opt/claude",
            model="haiku",
            flags=("--a", "b c"),
            env=(("KEY", "x"),),
            account="second",
            permission="all",
            fallback="codex",
            timeout_s=600.0,
            idle_timeout_s=90.0,
            max_turns=5,
            max_cost_usd=1.0,
            retry="fresh",
        ),
        "house": AgentProfile(name="house", kind="command", command="make agent"),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[agents.x]\npermission = 'most'\n",
            "`gitpar.toml` line 2: `agents.x.permission` must be 'read', 'edit'",
        ),
        ("[agents.x]\nflags = 'a'\n", "must be a list of texts, not 'a'"),
        ("[agents.x]\nenv = { A = 1 }\n", "must be a table of texts"),
        ("[agents.x]\nmax_turns = 0\n", "must be a whole number, 1 or more"),
        ("[agents.x]\nmax_cost_usd = true\n", "must be an amount above 0"),
        ("[agents.x]\ntimeout = 'soon'\n", "must be seconds or a duration"),
        ("[agents.'a b']\n", "must be a table with a plain name"),
        ("agents = 3\n", "`agents` must be a table"),
        ("agents.x = 3\n", "must be a table with a plain name"),
    ],
)
def test_what_is_not_allowed_names_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "gitpar.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        load_settings(tmp_path, {}, {})
    assert told in caught.value.message


def test_an_unknown_key_is_a_warning_that_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "gitpar.toml").write_text("[agents.x]\nmodle = 'a'\n")
    _, warnings = load_settings(tmp_path, {}, {})
    assert warnings == (
        "`gitpar.toml` line 2: `agents.x.modle` is not a setting and was ignored; did you mean `model`?",
    )
