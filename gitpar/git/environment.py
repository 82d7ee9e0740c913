"""Environment and `-c` settings of every git command, each with its reason.

The only place that knows GIT_* variables. Starts nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

from gitpar.values import dataclass

LOCAL_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
)
"""What points git at one particular repository. Source: `git rev-parse --local-env-vars`, git hooks."""

SETTINGS: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", "/dev/null"),  # gitpar's own steps must not run the user's hooks
    ("core.fsmonitor", "false"),  # it may name a program
    ("gc.auto", "0"),  # a gc in the middle of a run costs seconds and may prune
    ("maintenance.auto", "false"),  # likewise
    ("advice.detachedHead", "false"),  # nobody reads it
    ("core.quotePath", "false"),  # paths are read with -z, messages should show them as they are
    ("core.fsync", "committed,loose-object,reference"),  # what the journal calls done is on the disk
    ("core.fsyncMethod", "batch"),  # one flush for the objects of one command
    ("commit.gpgSign", "false"),  # would start gpg
    ("core.untrackedCache", "false"),  # its extension is written into the index the worker sees
    ("core.splitIndex", "false"),  # a copied index must be whole
)

WORKTREE_SETTINGS: tuple[tuple[str, str], ...] = (
    *SETTINGS,
    ("submodule.recurse", "false"),  # gitpar sees to submodules itself
    ("core.trustctime", "true"),  # a worker may set a file's times back
    ("core.checkStat", "default"),  # likewise
    ("core.ignoreStat", "false"),  # would mark everything as assumed unchanged
    ("core.safecrlf", "false"),  # may refuse to add a file
    ("index.sparse", "false"),  # a folder collapsed in the index hides its files from the comparison
    ("core.preloadIndex", "false"),  # its threads cost more than they save beside other worktrees
    ("add.ignoreErrors", "false"),  # a file that cannot be added must be heard of
    ("advice.addEmbeddedRepo", "false"),  # nobody reads it
)


def without_local(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment without what points git at a particular repository.

    Workers start with this as well, so that a gitpar started from a hook or an
    alias does not send them to the wrong repository.
    """
    return {
        name: value
        for name, value in environ.items()
        if name not in LOCAL_VARIABLES and not name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"))
    }


def with_settings(environ: Mapping[str, str], settings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns the environment of a worker with settings for every git that it starts.

    In the variable that `git -c` hands on: programs that clear the environment of what is
    called like a secret take GIT_CONFIG_KEY_0 for one, and git refuses to work without it.
    """
    known = environ.get("GIT_CONFIG_PARAMETERS", "")
    more = (f"{key}={value}".replace("'", "'\\''") for key, value in settings)
    return {
        **environ,
        "GIT_CONFIG_PARAMETERS": " ".join(filter(None, [known, *(f"'{one}'" for one in more)])),
    }


@dataclass(frozen=True, slots=True)
class GitEnvironment:
    """Where a git command works: its folder, its variables and its settings."""

    cwd: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[tuple[str, str], ...] = SETTINGS

    def environ(self) -> dict[str, str]:
        """The whole environment of the process."""
        return {**self.shared(), **self.variables}

    @staticmethod
    def shared() -> dict[str, str]:
        """What the environments of all git commands have in common."""
        common = {
            "GIT_TERMINAL_PROMPT": "0",  # a question nobody sees would hang the run
            "GIT_EDITOR": ":",  # likewise
            "GIT_OPTIONAL_LOCKS": "0",  # reading the user's checkout must not rewrite its index
            "GIT_LFS_SKIP_SMUDGE": "1",  # LFS content is fetched only when asked for
            "LC_ALL": "C",  # messages are parsed
            "LANGUAGE": "C",
        }
        return {**without_local(os.environ), **common}

    def options(self) -> list[str]:
        """The `-c` options that come before the verb."""
        return [part for key, value in self.settings for part in ("-c", f"{key}={value}")]

    def at(self, cwd: Path, **variables: str) -> GitEnvironment:
        """The same settings in another folder, with further variables."""
        return GitEnvironment(cwd, {**self.variables, **variables}, self.settings)


def coordinator_environment(git_dir: Path, objects: Path, *, scratch: Path | None = None) -> GitEnvironment:
    """Returns the environment of gitpar's own bare repository over the user's objects.

    No system or global configuration and no attributes from outside: nothing the user
    configured can run. With `scratch`, new objects go there and the user's store is
    only read.
    """
    variables = {
        "GIT_DIR": str(git_dir),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OBJECT_DIRECTORY": str(scratch or objects),
    }
    if scratch is not None:
        variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = quoted_alternate(objects)
    return GitEnvironment(git_dir, variables)


def quoted_alternate(path: Path) -> str:
    """Quotes a path for GIT_ALTERNATE_OBJECT_DIRECTORIES, where `:` separates and `"` quotes."""
    text = str(path)
    if os.pathsep not in text and not text.startswith('"'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
