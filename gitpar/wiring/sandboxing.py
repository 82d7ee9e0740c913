"""Which workers are put into a sandbox, and what the settings let them see and change there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from gitpar.config import Settings
from gitpar.core.agents import COMMAND, AgentProfile
from gitpar.core.settings import RunSettings, Sandbox
from gitpar.errors import EnvironmentFault, UsageError
from gitpar.git.environment import with_settings
from gitpar.ports import Job, Workplace
from gitpar.values import dataclass
from gitpar.wiring.crew import Crew

if TYPE_CHECKING:
    from gitpar.backends.bubblewrap import Bounds
    from gitpar.room_port import Room

_USUAL = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "PWD",
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TZ",
        "TERM",
        "COLORTERM",
    ),
    *("NO_COLOR", "FORCE_COLOR", "EDITOR", "VISUAL", "PAGER", "CI", "DEBIAN_FRONTEND", "SOURCE_DATE_EPOCH"),
    *("GIT_AUTHOR_*", "GIT_COMMITTER_*", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_PARAMETERS"),
    "GIT_TERMINAL_PROMPT",
    *("XDG_*_HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"),
    *("no_proxy", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "NODE_PATH", "NODE_OPTIONS"),
    *(
        "NVM_*",
        "JAVA_HOME",
        "GOPATH",
        "GOROOT",
        "GOFLAGS",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "GEM_HOME",
        "GEM_PATH",
    ),
    *("LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "MAKEFLAGS", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS"),
)
"""The variables that every worker in a sandbox gets: names and globs."""
_GIT_SETTINGS = (("gc.auto", "0"), ("maintenance.auto", "false"))
"""What would fail in there after a commit, because more than a commit needs is read-only."""


@dataclass(slots=True)
class Sandboxes:
    """The sandboxes of one run's workers. Whether bubblewrap works is tried at most once each way."""

    common: Path
    main: Path | None
    run: RunSettings
    crew: Crew
    env: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    _troubles: dict[bool, str] = field(default_factory=dict)

    @classmethod
    def of(cls, common: Path, main: Path | None, crew: Crew, settings: Settings) -> Sandboxes:
        """Makes them from the settings."""
        own = (settings.sandbox_env, settings.sandbox_write, settings.sandbox_read)
        return cls(common.resolve(), main.resolve() if main else None, settings.run, crew, *own)

    def check(self, agents: Iterable[str]) -> list[str]:
        """Returns notices about agents that work without the sandbox they were to have.

        Raises EnvironmentFault where one must have it, UsageError where the network can be
        denied in a sandbox only.
        """
        notices: list[str] = []
        for name in dict.fromkeys(agents):
            sandbox, network = self._wanted(name)
            if sandbox is Sandbox.NONE:
                if not network:
                    raise UsageError(
                        "`network = false` needs a sandbox", "Type: --sandbox bwrap", "Nothing was started"
                    )
                continue
            trouble = self._trouble(network=network)
            if trouble and sandbox is Sandbox.BWRAP:
                raise EnvironmentFault(
                    f"workers cannot be put into a sandbox: {trouble}",
                    "To go on without one where there is none: --sandbox auto",
                    "Nothing was started",
                )
            if trouble:
                but = "" if network else ", and reach the network"
                notices.append(f"workers are in no sandbox{but}: {trouble}")
        return list(dict.fromkeys(notices))

    def confined(self, job: Job, at: Workplace | Room, agent: str, given: Collection[str]) -> Job:
        """Returns the job in its sandbox, or as it is where it has none.

        `given` names what stays in its environment in any case.
        """
        sandbox, network = self._wanted(agent)
        if sandbox is Sandbox.NONE or self._trouble(network=network):
            return job
        from gitpar.backends import bubblewrap  # noqa: PLC0415 - most runs have no sandbox

        bounds = self._bounds(bubblewrap.Bounds, job, at, agent)
        bubblewrap.prepare(bounds)
        env = with_settings(self._environment(job.env, agent, given), _GIT_SETTINGS)
        return replace(job, sandbox=bubblewrap.command(replace(bounds, network=network)), env=env)

    def _wanted(self, agent: str) -> tuple[Sandbox, bool]:
        profile = self._profile(agent)
        own = profile.sandbox if profile is not None else None
        network = profile.network if profile is not None else None
        return Sandbox(own or self.run.sandbox), self.run.network if network is None else network

    def _profile(self, agent: str) -> AgentProfile | None:
        return None if agent == COMMAND else self.crew.profile(agent)

    def _trouble(self, *, network: bool) -> str:
        if network not in self._troubles:
            from gitpar.backends.bubblewrap import trouble  # noqa: PLC0415 - most runs have no sandbox

            self._troubles[network] = trouble(network=network)
        return self._troubles[network]

    def _environment(self, env: Mapping[str, str], agent: str, given: Collection[str]) -> dict[str, str]:
        profile = self._profile(agent)
        more = () if profile is None else (*profile.sandbox_env, *getattr(self.crew(agent), "keys", ()))
        names = (*_USUAL, "GITPAR_*", *self.env, *more)
        return {
            name: value
            for name, value in env.items()
            if name in given or any(fnmatchcase(name, pattern) for pattern in names)
        }

    def _bounds(self, kind: type[Bounds], job: Job, at: Workplace | Room, agent: str) -> Bounds:
        home = Path(job.env.get("HOME") or os.path.expanduser("~")).resolve()  # noqa: PTH111 - may be unset
        profile, worker = self._profile(agent), self.crew(agent)
        own = profile.sandbox_write if profile is not None else ()
        state = [home / name for name in getattr(worker, "state", ())]
        for folder in state:
            folder.mkdir(parents=True, exist_ok=True)
        return kind(
            worktree=at.path,
            admin=_admin(at.path) if isinstance(at, Workplace) else at.admin,
            common=self.common,
            branch=at.branch if isinstance(at, Workplace) else None,
            attempt=job.log.parent,
            home=home,
            shown=(*([self.main] if self.main else ()), *_programs(job.env)),
            writable=(*state, *(_far(home, text) for text in (*self.write, *own))),
            read_only=tuple(home / name for name in getattr(worker, "fixed", ())),
            named=tuple(_far(home, text) for text in self.read),
        )


def _admin(worktree: Path) -> Path:
    """The folder that the worktree's `.git` names; gitpar wrote it a moment ago."""
    text = (worktree / ".git").read_text(encoding="utf-8", errors="surrogateescape")
    return Path(text.removeprefix("gitdir: ").rstrip("\n"))


def _programs(env: Mapping[str, str]) -> list[Path]:
    return [Path(folder) for folder in env.get("PATH", "").split(os.pathsep) if folder.startswith("/")]


def _far(home: Path, text: str) -> Path:
    return home / text.removeprefix("~/") if text.startswith("~/") else Path(text)
