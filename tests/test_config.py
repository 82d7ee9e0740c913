"""Settings: where they come from, which one wins, and what is said about a wrong one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest

from gitpar.config import DISPOSABLE, Settings, load_settings
from gitpar.core.forges import ForgeKind
from gitpar.core.settings import OnRevert, PublishAs, RunSettings, Strategy
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.options import OPTIONS
from tests.support.journals import start


class Place:
    """A repository root and a user's file."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repo"
        self.root.mkdir()
        self.user = folder / "user.toml"
        self.user.touch()

    def load(
        self,
        flags: Mapping[str, object] | None = None,
        plan: Mapping[str, object] | None = None,
        **environ: str,
    ) -> tuple[Settings, tuple[str, ...]]:
        return load_settings(self.root, flags or {}, {"GITPAR_CONFIG": str(self.user), **environ}, plan or {})

    def refused(
        self,
        flags: Mapping[str, object] | None = None,
        plan: Mapping[str, object] | None = None,
        **environ: str,
    ) -> str:
        with pytest.raises(UsageError) as refused:
            self.load(flags, plan, **environ)
        assert refused.value.hints
        return refused.value.message

    def repository(self, text: str) -> None:
        (self.root / "gitpar.toml").write_text(text, encoding="utf-8")

    def project(self, text: str) -> None:
        (self.root / "pyproject.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_anything_the_defaults_hold(place: Place) -> None:
    assert place.load() == (Settings(), ())
    assert Settings().run == RunSettings()
    assert "__pycache__/" in DISPOSABLE


def test_every_setting_can_be_set_and_every_option_sets_one() -> None:
    settable = {f.name for f in (*fields(RunSettings), *fields(Settings))} - {"run"}
    settable -= {"profiles", "agents"}  # tables, tried in tests/test_profiles.py
    settable -= {"streams", "stream_settings"}  # tables of their own
    settable -= {"jobs_first"}  # follows from jobs = "auto"
    settable -= {"gates", "gate_rules", "verify"}  # tables and flags, tried in tests/test_gate_settings.py
    settable -= {"repos"}  # a table, tried in tests/scenarios/test_several_repositories.py
    settable -= {"gate_history"}  # what the journal tells of earlier runs
    assert {option.field for option in OPTIONS.values()} == settable


def test_the_nearer_source_wins(place: Place) -> None:
    place.user.write_text("jobs = 1\nretries = 1\ntimeout = 1\ngrace = 1\nprefix = 'a1'\n")
    place.repository("jobs = 2\nretries = 2\ntimeout = 2\ngrace = 2\n")
    plan = {"jobs": 3, "retries": 3, "timeout": 3}
    settings, warnings = place.load({"jobs": 5}, plan, GITPAR_JOBS="4", GITPAR_RETRIES="4")
    run = settings.run
    assert (run.jobs, run.retries, run.timeout_s, run.grace_s, run.prefix) == (5, 4, 3.0, 2.0, "a1")
    assert warnings == ()


def test_auto_jobs_begin_with_a_few_and_end_at_the_most(place: Place) -> None:
    place.repository('jobs = "auto"\njobs_most = 3\n')
    run = place.load()[0].run
    assert (run.jobs, run.jobs_first) == (3, min(3, max(2, os.cpu_count() or 1)))
    run = place.load(GITPAR_JOBS="2")[0].run
    assert (run.jobs, run.jobs_first) == (2, None)
    run = place.load(GITPAR_JOBS="auto", GITPAR_JOBS_MOST="1")[0].run
    assert (run.jobs, run.jobs_first) == (1, 1)


def test_what_is_usual_counts_only_where_nobody_says_anything(tmp_path: Path) -> None:
    def jobs(usual: int | None, **environ: str) -> int:
        return load_settings(tmp_path, {}, environ, usual={"jobs": usual})[0].run.jobs

    assert (jobs(3), jobs(None), jobs(3, GITPAR_JOBS="7")) == (3, RunSettings().jobs, 7)
    (tmp_path / "gitpar.toml").write_text("jobs = 2\n")
    assert jobs(3) == 2


def test_all_of_a_file(place: Place) -> None:
    place.repository(
        """
        jobs = 8
        strategy = "rebase"
        prefix = "bots/par"
        retries = 0
        timeout = "1h30m"
        grace = 2.5
        on-revert = "warn"
        into = "main"
        agent-command = "agent --go"
        write-back = true
        keep_worktrees = true
        log-limit = "1 MiB"
        plan = "tasks.json"
        copy = [".env", "config/*.local"]
        symlink = ["node_modules"]
        setup = "make deps"
        setup-timeout = "10m"
        disposable = ["*.tmp", "/out/"]
        ignored-limit = "20 MB"
        merge-drivers = ["npm-lock"]
        [pool]
        keep = ["node_modules", ".venv", ".venv"]
        [worktree]
        root = "../trees"
        """
    )
    settings, warnings = place.load()
    assert warnings == ()
    assert settings == Settings(
        run=RunSettings(
            jobs=8,
            strategy=Strategy.REBASE,
            prefix="bots/par",
            retries=0,
            timeout_s=5400.0,
            grace_s=2.5,
            on_revert=OnRevert.WARN,
            into="main",
            agent_command="agent --go",
            write_back=True,
            keep_worktrees=True,
            log_limit_bytes=2**20,
        ),
        plan="tasks.json",
        pool_keep=("node_modules", ".venv"),
        worktree_root="../trees",
        copy=(".env", "config/*.local"),
        symlink=("node_modules",),
        setup="make deps",
        setup_timeout_s=600.0,
        disposable=("*.tmp", "/out/"),
        ignored_limit_bytes=20_000_000,
        merge_drivers=("npm-lock",),
    )
    assert type(settings.run.strategy) is Strategy


def test_where_to_publish(place: Place) -> None:
    place.repository("publish = 'pr-per-level'\nremote = 'upstream'\ntarget = 'trunk'\nforge = 'gitea'\n")
    run = place.load()[0].run
    assert (run.publish, run.remote, run.target) == (PublishAs.PR_PER_LEVEL, "upstream", "trunk")
    assert run.forge is ForgeKind.GITEA
    with pytest.raises(UsageError, match='"github", "gitlab" or "gitea"'):
        place.load(GITPAR_FORGE="sourceforge")


def test_pyproject_holds_them_as_well(place: Place) -> None:
    place.project("[project]\nname = 'x'\njobs = 9\n[tool.gitpar]\njobs = 3\npool = false\n")
    settings, warnings = place.load()
    assert (settings.run.jobs, settings.pool, warnings) == (3, False, ())
    place.repository("jobs = 2\n")
    settings, warnings = place.load()
    assert (settings.run.jobs, settings.pool) == (2, True)
    assert warnings == ("`pyproject.toml`: `[tool.gitpar]` is ignored, because `gitpar.toml` is there",)


def test_a_pyproject_of_others_is_no_concern(place: Place) -> None:
    place.project("[tool.other]\njobs = 'many'\n")
    assert place.load() == (Settings(), ())
    place.project("this is not TOML")
    assert place.load() == (Settings(), ())
    place.project("[tool]\ngitpar = 3\n")
    assert place.refused() == "`pyproject.toml`: `tool.gitpar` must be a table"


def test_variables_are_text(place: Place) -> None:
    settings, warnings = place.load(
        GITPAR_JOBS="2",
        GITPAR_POOL="off",
        GITPAR_TIMEOUT="90",
        GITPAR_GRACE="1m5s",
        GITPAR_COPY=".env:a b:",
        GITPAR_AGENT_COMMAND="sh -c 'x'",
        GITPAR_RETRIES="",
        GITPAR_TASK="t",
        GITPAR_WORKTREE="/w",
        GITPAR_FAULT="",
        GITPAR_SOMETHING_ELSE="1",
        GITPAR_AGENT_COMAND="slip",
    )
    assert settings == Settings(
        run=RunSettings(jobs=2, timeout_s=90.0, grace_s=65.0, agent_command="sh -c 'x'"),
        pool=False,
        copy=(".env", "a b"),
    )
    assert warnings == (
        "`GITPAR_AGENT_COMAND` is not a setting and was ignored; did you mean `GITPAR_AGENT_COMMAND`?",
    )


def test_a_flag_not_given_says_nothing(place: Place) -> None:
    place.repository("jobs = 2\ntimeout = 60\npool = false\ncopy = ['.env']\nagent-command = 'x'\n")
    settings, _ = place.load({"jobs": None, "copy": (), "agent_command": None})
    assert (settings.run.jobs, settings.pool, settings.copy) == (2, False, (".env",))
    settings, _ = place.load({"timeout": "none", "pool": True, "agent_command": "", "copy": ("a",)})
    assert (settings.run.timeout_s, settings.pool, settings.run.agent_command) == (None, True, None)
    assert settings.copy == ("a",)


def test_a_flag_that_is_no_setting_is_a_bug(place: Place) -> None:
    with pytest.raises(TypeError, match="no setting is called moon"):
        place.load({"moon": 1})


def test_what_is_not_known_is_ignored_and_said(place: Place) -> None:
    place.repository("job = 3\n[pool]\nkep = []\n[music]\nloud = true\n")
    place.user.write_text("Retrys = 1\n")
    settings, warnings = place.load(plan={"tmeout": 3})
    assert settings == Settings()
    assert warnings == (
        f"`{place.user}` line 1: `Retrys` is not a setting and was ignored; did you mean `retries`?",
        "`gitpar.toml` line 1: `job` is not a setting and was ignored; did you mean `jobs`?",
        "`gitpar.toml` line 3: `pool.kep` is not a setting and was ignored; did you mean `pool-keep`?",
        "`gitpar.toml` line 5: `music.loud` is not a setting and was ignored",
        "the plan: `tmeout` is not a setting and was ignored; did you mean `timeout`?",
    )


NUMBER = 'a whole number, 1 or more, or "auto"'
TIME = 'seconds or a duration such as "90s", "10m" or "1h30m"'
INSIDE = "a list of paths inside the repository"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('jobs = "four"', f'`jobs` must be {NUMBER}, not "four"'),
        ("jobs = 0", f"`jobs` must be {NUMBER}, not 0"),
        ("jobs = true", f"`jobs` must be {NUMBER}, not true"),
        ("jobs = 2.0", f"`jobs` must be {NUMBER}, not 2.0"),
        ("retries = -1", "`retries` must be a whole number, 0 or more, not -1"),
        ('strategy = "sqash"', '`strategy` must be "merge", "rebase" or "squash", not "sqash"'),
        ("strategy = ['merge']", '`strategy` must be "merge", "rebase" or "squash", not ["merge"]'),
        ("on-revert = 1", '`on-revert` must be "hold" or "warn", not 1'),
        ("grace = -0.5", f"`grace` must be {TIME}, not -0.5"),
        ("grace = nan", f"`grace` must be {TIME}, not NaN"),
        ('grace = "10 minutes"', f'`grace` must be {TIME}, not "10 minutes"'),
        ("grace = 2026-01-01", f'`grace` must be {TIME}, not "2026-01-01"'),
        ('timeout = ""', f'`timeout` must be {TIME}, 0 for no limit, not ""'),
        ("setup-timeout = 0", f"`setup-timeout` must be {TIME}, not 0"),
        ('pool = "yes"', '`pool` must be true or false, not "yes"'),
        ("setup = ['x']", '`setup` must be a text, not ["x"]'),
        ('copy = ".env"', f'`copy` must be {INSIDE}, not ".env"'),
        ('copy = ["../x"]', f'`copy` must be {INSIDE}, not ["../x"]'),
        ('symlink = ["/etc"]', f'`symlink` must be {INSIDE}, not ["/etc"]'),
        ('pool.keep = [""]', f'`pool.keep` must be {INSIDE}, not [""]'),
        ("disposable = [1]", "`disposable` must be a list of patterns as in .gitignore, not [1]"),
        (
            'log-limit = "big"',
            '`log-limit` must be bytes or a size such as "500 kB", "20 MB" or "1 GiB", not "big"',
        ),
        ('prefix = "a..b"', '`prefix` must be the beginning of a branch name such as "gitpar", not "a..b"'),
        ('prefix = "-x"', '`prefix` must be the beginning of a branch name such as "gitpar", not "-x"'),
        (
            'prefix = "x.lock"',
            '`prefix` must be the beginning of a branch name such as "gitpar", not "x.lock"',
        ),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(place: Place, line: str, message: str) -> None:
    place.repository(f"# settings\n{line}\n")
    assert place.refused() == f"`gitpar.toml` line 2: {message}"


def test_a_wrong_value_is_named_where_it_stands(place: Place) -> None:
    assert place.refused(GITPAR_JOBS="four") == f'`GITPAR_JOBS` must be {NUMBER}, not "four"'
    assert place.refused({"jobs": "four"}) == f'`--jobs` must be {NUMBER}, not "four"'
    assert place.refused({"log_limit": "x"}).startswith("`--log-limit` must be bytes")
    assert place.refused({}, {"jobs": "four"}) == f'the plan: `jobs` must be {NUMBER}, not "four"'
    place.project("[a]\njobs = 1\n[tool.gitpar]\njobs = 0\n")
    assert place.refused() == f"`pyproject.toml`: `tool.gitpar.jobs` must be {NUMBER}, not 0"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), ("1h 5s", 3605), ("1d", 86400)],
)
def test_durations(place: Place, text: str, seconds: float) -> None:
    assert place.load({"timeout": text})[0].run.timeout_s == seconds


@pytest.mark.parametrize("text", ["0", "none", "0s"])
def test_no_limit(place: Place, text: str) -> None:
    assert place.load({"timeout": text}, GITPAR_TIMEOUT="5")[0].run.timeout_s is None


@pytest.mark.parametrize(
    ("text", "size"), [("7", 7), ("7B", 7), ("1.5 kB", 1500), ("2MiB", 2**21), ("1g", 10**9)]
)
def test_sizes(place: Place, text: str, size: int) -> None:
    assert place.load({"log_limit": text})[0].run.log_limit_bytes == size


def test_broken_files_are_named_with_their_line(place: Place) -> None:
    place.repository("jobs = 1\nretries = = 2\n")
    assert place.refused() == "`gitpar.toml` is not TOML: Invalid value (at line 2, column 11)"
    (place.root / "gitpar.toml").write_bytes(b"jobs = '\xff'")
    assert place.refused() == f"`{place.root / 'gitpar.toml'}` is not UTF-8 (at byte 8)"
    (place.root / "gitpar.toml").write_bytes(b"\xef\xbb\xbfjobs = 7\r\n")
    assert place.load()[0].run.jobs == 7


def test_a_folder_in_place_of_a_file_is_said(place: Place) -> None:
    (place.root / "gitpar.toml").mkdir()
    with pytest.raises(EnvironmentFault, match=r"gitpar\.toml` cannot be read: Is a directory$"):
        place.load()


def test_a_named_user_file_must_be_there(place: Place) -> None:
    place.user.unlink()
    assert place.refused() == f"`GITPAR_CONFIG` names `{place.user}`, which is not a file"


@pytest.mark.parametrize("named", [None, "", "config"])
def test_the_users_file_is_found_where_the_platform_keeps_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    from platformdirs import user_config_path  # noqa: PLC0415 - after the home folder was set

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if named is not None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / named) if named else "")
    assert load_settings(place.root, {}, {}) == (Settings(), ())
    file = user_config_path("gitpar") / "config.toml"
    assert tmp_path in file.parents
    file.parent.mkdir(parents=True)
    file.write_text("jobs = 6\n")
    assert load_settings(place.root, {}, {})[0].run.jobs == 6


def test_settings_are_loaded_without_slow_imports() -> None:
    slow = {"pydantic", "platformdirs", "tomlkit", "cattrs"}
    code = f"import gitpar.config, sys; print(sorted({slow} & set(sys.modules)))"
    output, errors = start(code).communicate(timeout=30)
    assert (output, errors) == ("[]\n", "")
