"""Settings of streams: `[streams.NAME]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitpar.config import Settings, load_settings
from gitpar.core.settings import StreamRules
from gitpar.errors import UsageError
from gitpar.stream_settings import StreamSettings


class Place:
    """A repository's root with settings of its own and of the user."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repository"
        self.root.mkdir()
        self.of_user = folder / "user.toml"
        self.of_user.touch()

    def user(self, text: str) -> None:
        self.of_user.write_text(text, encoding="utf-8")

    def repository(self, text: str) -> None:
        (self.root / "gitpar.toml").write_text(text, encoding="utf-8")

    def load(self) -> tuple[Settings, tuple[str, ...]]:
        return load_settings(self.root, {}, {"GITPAR_CONFIG": str(self.of_user)})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


STREAMS = """\
jobs = 4
[streams.API]
jobs = 2
account = "team-a"
agent-command = "work --fast"
env = { KEY_FILE = "/keys/a" }
[streams."night shift"]
agent = "claude"
jbos = 3
"""


def test_streams_have_tables_of_their_own(place: Place) -> None:
    place.user("[streams.API]\njobs = 9\n[streams.docs]\njobs = 1\n")
    place.repository(STREAMS)
    settings, warnings = place.load()
    assert settings.stream_settings["api"] == StreamSettings(
        rules=StreamRules(name="API", jobs=2, account="team-a"),
        agent_command="work --fast",
        env=(("KEY_FILE", "/keys/a"),),
    )
    night = StreamRules(name="night shift")
    assert settings.stream_settings["night shift"] == StreamSettings(rules=night, agent="claude")
    assert settings.run.streams == (
        StreamRules(name="API", jobs=2, account="team-a"),
        StreamRules(name="docs", jobs=1),
        night,
    )
    told = "`gitpar.toml` line 9: `streams.night shift.jbos` is not a setting and was ignored"
    assert warnings == (f"{told}; did you mean `jobs`?",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[streams]\napi = 3", "`gitpar.toml` line 2: `streams.api` must be a table"),
        ("streams = 3", "`gitpar.toml` line 1: `streams` must be a table"),
        (
            "[streams.a]\njobs = 0",
            "`gitpar.toml` line 2: `streams.a.jobs` must be a whole number, 1 or more, not 0",
        ),
        (
            "[streams.a]\nenv = ['A']",
            "`gitpar.toml` line 2: `streams.a.env` must be a table of texts, not ['A']",
        ),
    ],
)
def test_a_stream_that_cannot_be_is_an_error(place: Place, text: str, message: str) -> None:
    place.repository(text)
    with pytest.raises(UsageError) as raised:
        place.load()
    assert raised.value.message == message
