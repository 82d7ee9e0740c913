"""Collects the settings of a run: flag > environment > plan > repository > user > default.

The repository's are in `gitpar.toml`, or in `[tool.gitpar]` of `pyproject.toml`, at the
root of the main worktree; the user's in `gitpar/config.toml` of the platform's
configuration folder, or in the file that GITPAR_CONFIG names. A variable is called
GITPAR_ and the setting's name; lists in it are separated by `:`. Never writes.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gitpar.core.settings import RunSettings
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.option import Option, Refused
from gitpar.options import ADAPTED, OPTIONS
from gitpar.values import dataclass

if TYPE_CHECKING:
    from gitpar.core.agents import AgentProfile
    from gitpar.core.settings import GateRules
    from gitpar.repo_settings import RepoSettings
    from gitpar.stream_settings import StreamSettings

REPOSITORY_FILE = "gitpar.toml"
DISPOSABLE = (
    *("__pycache__/", "*.py[co]", ".pytest_cache/", ".mypy_cache/", ".ruff_cache/", ".hypothesis/"),
    "*.egg-info/",
    *(".venv/", "venv/", ".tox/", ".nox/", "node_modules/", ".cache/", ".parcel-cache/", ".next/", ".turbo/"),
    *("target/", "build/", "dist/", ".gradle/", "*.o", "*.class", ".DS_Store"),
)
"""Ignored files that can be made again and are not kept with an attempt: patterns as in .gitignore."""

_PREFIX = "GITPAR_"
_TABLES = ("agents", "streams", "gates", "repos")
_CONFIG = "GITPAR_CONFIG"
_NAMES = {**{name: name for name in OPTIONS}, **{option.field: name for name, option in OPTIONS.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `run` is journaled; the rest may differ at a resume.

    `worktree_root` is relative to the main worktree or absolute, None for the default;
    `copy`, `symlink` and `pool_keep` are paths or globs inside the repository.
    """

    run: RunSettings = field(default_factory=RunSettings)
    plan: str | None = None
    """The plan where the command line names none."""
    pool: bool = True
    pool_keep: tuple[str, ...] = ()
    worktree_root: str | None = None
    copy: tuple[str, ...] = ()
    symlink: tuple[str, ...] = ()
    setup: str | None = None
    setup_timeout_s: float = 600.0
    teardown: str | None = None
    teardown_timeout_s: float = 60.0
    agent: tuple[str, ...] = ()
    """Who works on tasks that have no command: NAME, wave:N=NAME, task:ID=NAME."""
    prompt_template: str | None = None
    """A file with a template of prompts, counted from the main worktree's root."""
    profiles: Mapping[str, AgentProfile] = field(default_factory=dict)
    """The profiles of `[agents.NAME]`."""
    stream_settings: Mapping[str, StreamSettings] = field(default_factory=dict)
    """The streams of `[streams.NAME]`, by their names in small letters."""
    gating: bool = True
    """Whether anything is gated at all."""
    gate: tuple[str, ...] = ()
    """Commands that must pass on tasks and on levels; the three below on one of them each."""
    task_gate: tuple[str, ...] = ()
    level_gate: tuple[str, ...] = ()
    run_gate: tuple[str, ...] = ()
    gate_rules: Mapping[str, GateRules] = field(default_factory=dict)
    """The gates of `[gates.NAME]`."""
    repos: Mapping[str, RepoSettings] = field(default_factory=dict)
    """The repositories of `[repos]`."""
    disposable: tuple[str, ...] = DISPOSABLE
    ignored_limit_bytes: int = 50_000_000
    sandbox_env: tuple[str, ...] = ()
    """Variables that workers in a sandbox find beside the usual ones: names or globs."""
    sandbox_write: tuple[str, ...] = ()
    """What they may write to beside their worktree: absolute, or beginning with `~/`."""
    sandbox_read: tuple[str, ...] = ()
    """What they may read although it is hidden unless said."""
    merge_drivers: tuple[str, ...] = ()
    """The user's own merge drivers, which are programs, that `gitpar conflicts` may run."""

    @property
    def asks_for_gates(self) -> bool:
        """Whether anything is said of gates, apart from what plans say."""
        typed = (*self.gate, *self.task_gate, *self.level_gate, *self.run_gate)
        return bool(typed or self.gate_rules) or not self.gating


def _as_written(key: str) -> str:
    return key


def _as_variable(key: str) -> str:
    return _PREFIX + key.upper()


def _as_flag(key: str) -> str:
    return "--" + key.replace("_", "-")


def _in_project(key: str) -> str:
    return f"tool.gitpar.{key}"


@dataclass(frozen=True, slots=True)
class _Source:
    """One place that settings come from; its name is empty where a setting's own name says it all."""

    name: str
    values: Mapping[str, object]
    shown: Callable[[str], str] = _as_written
    is_text: bool = False
    lines: str = ""
    """The file's text, to find lines in."""

    def where(self, key: str) -> str:
        """Names the setting at its place, with its line where that is certain."""
        line = _line_of(key, self.lines)
        place = f"{self.name}{f' line {line}' if line else ''}: " if self.name else ""
        return f"{place}`{self.shown(key)}`"


def load_settings(
    root: Path,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    plan: Mapping[str, object] | None = None,
    *,
    usual: Mapping[str, object] | None = None,
) -> tuple[Settings, tuple[str, ...]]:
    """Returns the settings in force and warnings about what was not understood.

    `root` is the main worktree's root. `flags` and `plan` (what the plan file says)
    use the names of the options; a flag that is None or an empty tuple was not given.
    `usual` holds what counts where nobody says anything, in place of the defaults.
    Raises UsageError for a value that is not allowed.
    """
    given = {name: value for name, value in flags.items() if value is not None and value != ()}
    if unknown := [name for name in given if _name_of(name) is None]:
        raise TypeError(f"no setting is called {unknown[0]}")
    warnings: list[str] = []
    sources = (
        _Source("", {name: value for name, value in (usual or {}).items() if value is not None}),
        _user_source(environ),
        _repository_source(root, warnings),
        _Source("the plan", plan or {}),
        _environment_source(environ, warnings),
        _Source("", given, _as_flag, is_text=True),
    )
    found: dict[str, Any] = {}
    for source in sources:
        values = dict(_checked(source, warnings))
        if "agent" in values:  # who works on one wave says nothing about the others
            values["agent"] = (*found.get("agent", ()), *cast("tuple[str, ...]", values["agent"]))
        found.update(values)
    if profiles := _profiles(sources, warnings):
        found["profiles"] = profiles
    if tables := _streams(sources, warnings):
        found |= {"stream_settings": tables, "streams": tuple(table.rules for table in tables.values())}
    if found.get("jobs") == ADAPTED:
        found |= adapted_jobs(found.get("jobs_most"))
    if gates := _gates(sources, warnings):
        found["gate_rules"] = gates
    if repos := _repos(sources, warnings):
        found["repos"] = repos
    for_run = {each.name: found.pop(each.name) for each in fields(RunSettings) if each.name in found}
    return Settings(run=RunSettings(**for_run), **found), tuple(warnings)


def adapted_jobs(most: int | None = None) -> dict[str, int]:
    """Returns the most jobs and those to begin with where gitpar chooses: agents wait more than work."""
    processors = os.cpu_count() or 1
    ceiling = most or 4 * processors
    return {"jobs": ceiling, "jobs_first": min(ceiling, max(2, processors))}


def _profiles(sources: Iterable[_Source], warnings: list[str]) -> dict[str, AgentProfile]:
    """Reads the profiles of all sources; one of the same name in a later source replaces the earlier."""
    tables = [(source, table) for source in sources if (table := source.values.get("agents"))]
    if not tables:
        return {}
    from gitpar.profiles import read_profile  # noqa: PLC0415 - most repositories have none

    found = {}
    for source, table in tables:
        if not isinstance(table, Mapping):
            raise UsageError(f"{source.where('agents')} must be a table", "Write: [agents.NAME]")
        for name, values in table.items():
            found[name], more = read_profile(name, values, source.where)
            warnings += more
    return found


def _streams(sources: Iterable[_Source], warnings: list[str]) -> dict[str, StreamSettings]:
    """Reads the streams of all sources; one of the same name in a later source replaces the earlier."""
    tables = [(source, table) for source in sources if (table := source.values.get("streams"))]
    if not tables:
        return {}
    from gitpar.stream_settings import read_stream  # noqa: PLC0415 - most repositories have none

    found: dict[str, StreamSettings] = {}
    for source, table in tables:
        if not isinstance(table, Mapping):
            raise UsageError(f"{source.where('streams')} must be a table", "Write: [streams.NAME]")
        for name, values in table.items():
            found[str(name).casefold()], more = read_stream(str(name), values, source.where)
            warnings += more
    return found


def _gates(sources: Iterable[_Source], warnings: list[str]) -> dict[str, GateRules]:
    """Reads the gates of all sources; one of the same name in a later source replaces the earlier."""
    tables = [(source, table) for source in sources if (table := source.values.get("gates"))]
    if not tables:
        return {}
    from gitpar.gate_settings import read_gate  # noqa: PLC0415 - most repositories have none

    found: dict[str, GateRules] = {}
    for source, table in tables:
        if not isinstance(table, Mapping):
            raise UsageError(f"{source.where('gates')} must be a table", "Write: [gates.NAME]")
        for name, values in table.items():
            found[str(name)], more = read_gate(str(name), values, source.where)
            warnings += more
    return found


def _repos(sources: Iterable[_Source], warnings: list[str]) -> dict[str, RepoSettings]:
    """Reads the repositories of all sources; one of the same name in a later source replaces the earlier."""
    tables = [(source, table) for source in sources if (table := source.values.get("repos"))]
    if not tables:
        return {}
    from gitpar.repo_settings import read_repo  # noqa: PLC0415 - most plans are for one repository

    found: dict[str, RepoSettings] = {}
    for source, table in tables:
        if not isinstance(table, Mapping):
            raise UsageError(f"{source.where('repos')} must be a table", "Write: [repos]")
        for name, value in table.items():
            found[str(name)], more = read_repo(str(name), value, source.where)
            warnings += more
    return found


def _checked(source: _Source, warnings: list[str]) -> Iterator[tuple[str, object]]:
    """Yields field and value of every setting of a source."""
    settable = {key: value for key, value in source.values.items() if key not in _TABLES}
    for key, value in _flattened(settable):
        name = _name_of(key)
        if name is None:
            warnings.append(f"{source.where(key)} is not a setting and was ignored{_nearest(key)}")
            continue
        option = OPTIONS[name]
        yield option.field, _value(source, key, value, option)


def _value(source: _Source, key: str, value: object, option: Option) -> object:
    plain = option.from_text(value) if source.is_text and isinstance(value, str) else value
    try:
        return option.read(plain)
    except Refused:
        shown = json.dumps(value, default=str, ensure_ascii=False)
        raise UsageError(
            f"{source.where(key)} must be {option.allowed}, not {shown}", "Nothing was started"
        ) from None


def _flattened(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """Yields dotted keys, so that `[pool] keep` and `pool-keep` are the same setting."""
    for key, value in table.items():
        name = _name_of(f"{above}{key}")
        if isinstance(value, Mapping) and not (name and OPTIONS[name].is_table):
            yield from _flattened(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _name_of(key: str) -> str | None:
    return _NAMES.get(key.replace("-", "_").replace(".", "_"))


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key.replace("-", "_").replace(".", "_").lower(), OPTIONS, n=1)
    return f"; did you mean `{near[0].replace('_', '-')}`?" if near else ""


def _line_of(key: str, lines: str) -> int | None:
    """Finds the one line that sets a key; None where there is none or more than one."""
    last = re.escape(key.rpartition(".")[2])
    found = list(re.finditer(rf'^[ \t]*(?:[\w"-]+[ \t]*\.[ \t]*)*"?{last}"?[ \t]*=', lines, re.MULTILINE))
    return lines.count("\n", 0, found[0].start()) + 1 if len(found) == 1 else None


def _user_source(environ: Mapping[str, str]) -> _Source:
    if named := environ.get(_CONFIG):
        path = Path(named).expanduser()
        if not path.is_file():
            raise UsageError(
                f"`{_CONFIG}` names `{named}`, which is not a file", f"Unset it: unset {_CONFIG}"
            )
    else:
        path = _user_folder() / "gitpar" / "config.toml"
    text = _read(path)
    return _Source(f"`{path}`", _parsed(str(path), text), lines=text)


def _user_folder() -> Path:
    """Returns where the platform keeps the settings of its programs."""
    if sys.platform == "linux":
        # the XDG Base Directory Specification; platformdirs says the same after 7 ms
        named = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        return named if named.is_absolute() else Path(os.path.expanduser("~/.config"))  # noqa: PTH111 - never fails
    from platformdirs import user_config_path  # noqa: PLC0415 - as said

    return user_config_path()


def _repository_source(root: Path, warnings: list[str]) -> _Source:
    own, project = root / REPOSITORY_FILE, root / "pyproject.toml"
    project_text = _read(project)
    # a pyproject.toml that does not speak of gitpar is nobody's business here, right or wrong
    table = _tool_table(project_text) if "gitpar" in project_text else None
    if os.path.lexists(own):
        if table is not None:
            warnings.append(
                f"`pyproject.toml`: `[tool.gitpar]` is ignored, because `{REPOSITORY_FILE}` is there"
            )
        text = _read(own)
        return _Source(f"`{REPOSITORY_FILE}`", _parsed(REPOSITORY_FILE, text), lines=text)
    return _Source("`pyproject.toml`", table or {}, _in_project, lines=project_text)


def _tool_table(text: str) -> Mapping[str, object] | None:
    tool = _parsed("pyproject.toml", text).get("tool", {})
    table = tool.get("gitpar") if isinstance(tool, Mapping) else None
    if table is not None and not isinstance(table, Mapping):
        raise UsageError("`pyproject.toml`: `tool.gitpar` must be a table", "Write it as: [tool.gitpar]")
    return table


def _environment_source(environ: Mapping[str, str], warnings: list[str]) -> _Source:
    """Reads GITPAR_JOBS and so on; an empty variable counts as unset.

    Other GITPAR_ variables have other uses (GITPAR_TASK is set for workers), so only
    what looks like a slip is warned about.
    """
    values: dict[str, object] = {}
    for variable in sorted(name for name in environ if name.startswith(_PREFIX)):
        key = variable.removeprefix(_PREFIX).lower()
        if _name_of(key) is None:
            near = difflib.get_close_matches(key, OPTIONS, n=1, cutoff=0.85)
            if near:
                meant = _as_variable(near[0])
                warnings.append(f"`{variable}` is not a setting and was ignored; did you mean `{meant}`?")
        elif environ[variable]:
            values[key] = environ[variable]
    return _Source("", values, _as_variable, is_text=True)


def _read(path: Path) -> str:
    """Returns the file's text, empty where there is no file."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise EnvironmentFault(
            f"`{path}` cannot be read: {error.strerror}", "Make it readable or move it away"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8 (at byte {error.start})", "Save it as UTF-8") from error


def _parsed(name: str, text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    import tomllib  # noqa: PLC0415 - many a repository has no settings

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"`{name}` is not TOML: {error}", "Nothing was started") from error
