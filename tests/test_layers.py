"""The house keeps its shape: import direction, homes of libraries, purity, sizes, words.

Every rule is tried on a bad source as well, so that a rule which no longer sees
anything fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import layers
from tests.support.layers import Module, Rule
from tests.support.sealed import ROOT

PRODUCT: tuple[Rule, ...] = (
    layers.import_direction,
    layers.homes,
    layers.starters,
    layers.core_is_pure,
    layers.parameters,
    layers.protocols,
    layers.docstrings,
)
ALL_CODE: tuple[Rule, ...] = (layers.module_sizes, layers.function_sizes, layers.words)

BAD: list[tuple[Rule, str, str, str]] = [
    (
        layers.import_direction,
        "gitpar.core.run",
        "import gitpar.git.refs",
        "must not import `gitpar.git.refs`",
    ),
    (
        layers.import_direction,
        "gitpar.core.run",
        "from gitpar import ports",
        "must not import `gitpar.ports`",
    ),
    (layers.import_direction, "gitpar.git.refs", "from gitpar.journal import file", "`gitpar.git` must not"),
    (
        layers.import_direction,
        "gitpar.plans.own",
        "from gitpar.ui.text import say",
        "`gitpar.plans` must not",
    ),
    (
        layers.import_direction,
        "gitpar.engine.loop",
        "from gitpar.git import refs",
        "`gitpar.engine` must not",
    ),
    (
        layers.import_direction,
        "gitpar.ui.cli.run",
        "from gitpar.git.refs import Refs",
        "`gitpar.ui` must not",
    ),
    (
        layers.import_direction,
        "gitpar.errors",
        "def f():\n from gitpar.core import names",
        "`gitpar.errors` must not",
    ),
    (layers.import_direction, "gitpar.odds.ends", "", "has no row in MAY_IMPORT"),
    (layers.homes, "gitpar.engine.loop", "import pygit2", "`pygit2` is imported in gitpar.git only"),
    (layers.homes, "gitpar.core.run", "from git.cmd import Git", "`git` is imported in gitpar.git only"),
    (layers.homes, "gitpar.ui.text", "from unidiff import PatchSet", "`unidiff` is imported in"),
    (layers.homes, "gitpar.wiring", "import sqlite3", "`sqlite3` is imported in gitpar.journal only"),
    (layers.homes, "gitpar.engine.loop", "from rich import print", "`rich` is imported in gitpar.ui only"),
    (layers.homes, "gitpar.plans.own", "import click", "`click` is imported in gitpar.ui only"),
    (layers.homes, "gitpar.journal.sqlite", "import psutil", "gitpar.journal.lease only"),
    (layers.homes, "gitpar.engine.loop", "import multiprocessing", "is imported in no module only"),
    (
        layers.homes,
        "gitpar.core.run",
        "from dataclasses import dataclass",
        "is imported in gitpar.values only",
    ),
    (layers.starters, "gitpar.git.refs", "import subprocess\nsubprocess.run(x)", "`subprocess.run` starts"),
    (
        layers.starters,
        "gitpar.git.refs",
        "from subprocess import Popen\nPopen(x)",
        "`Popen` starts a process",
    ),
    (
        layers.starters,
        "gitpar.engine.loop",
        "import os\nos.posix_spawn('x', [], {})",
        "`os.posix_spawn` starts",
    ),
    (layers.starters, "gitpar.git.site", "x = ['git', 'status']", "only gitpar.git.command starts git"),
    (layers.core_is_pure, "gitpar.core.run", "import os.path", "`os.path` has no place in the core"),
    (layers.core_is_pure, "gitpar.core.run", "from time import monotonic", "`time.monotonic` has no place"),
    (layers.core_is_pure, "gitpar.core.run", "from pathlib import Path", "`pathlib.Path` has no place"),
    (layers.core_is_pure, "gitpar.core.run", "import attrs", "`attrs` is not of the standard library"),
    (layers.core_is_pure, "gitpar.core.run", "def f():\n return open('x')", "does not call open()"),
    (
        layers.core_is_pure,
        "gitpar.core.run",
        "from datetime import datetime as d\nd.now()",
        "has no clock: now()",
    ),
    (layers.module_sizes, "gitpar.core.run", "x = 1\n" * 401, "401 lines, more than 400"),
    (
        layers.function_sizes,
        "gitpar.core.run",
        "def f():\n" + " pass\n" * 60,
        "`f` has 61 lines, more than 60",
    ),
    (layers.parameters, "gitpar.core.run", "def f(a, b, /, c, d, e): ...", "`f` takes 5 by position"),
    (
        layers.protocols,
        "gitpar.ports",
        "class P(Protocol[T]):\n" + "".join(f" def m{n}(self): ...\n" for n in range(7)),
        "`P` has 7 methods, more than 6",
    ),
    (layers.docstrings, "gitpar.ports", "def f(): ...", "`f` has no docstring"),
    (layers.docstrings, "gitpar.ports", "class _P:\n def m(self): ...", "`m` has no docstring"),
    (layers.words, "gitpar.core.run_manager", "", "`manager` says nothing"),
    (layers.words, "gitpar.core.run", "class TaskInfo: ...", "`TaskInfo`: `info` says nothing"),
    (layers.words, "gitpar.core.run", "async def _git_utils(): ...", "`_git_utils`: `utils` says nothing"),
    (layers.words, "gitpar.core.run", "class HTTPHandler: ...", "`HTTPHandler`: `handler` says nothing"),
]
GOOD: list[tuple[Rule, str, str]] = [
    (layers.import_direction, "gitpar.core.run", "import ast\nfrom gitpar.core.names import RunId"),
    (layers.import_direction, "gitpar.ui.cli.demo", "from gitpar.git.command import GitCommand"),
    (
        layers.import_direction,
        "gitpar.ui.cli.main",
        "from gitpar import __version__\nfrom gitpar.ui.cli.demo import d",
    ),
    (layers.import_direction, "gitpar.wiring", "from gitpar.journal import sqlite"),
    (layers.homes, "gitpar.git.command", "from git.cmd import Git"),
    (layers.homes, "gitpar.core.run", "from dataclasses import field, replace"),
    (layers.starters, "gitpar.git.command", "import subprocess\nx = subprocess.run(['git', 'status'])"),
    (layers.starters, "gitpar.git.refs", "from subprocess import Popen\nx: Popen[bytes]"),
    (layers.starters, "gitpar.backends.local", "import os\nos.posix_spawn('x', [], {})"),
    (layers.homes, "gitpar.journal.lease", "import psutil\nimport sqlite3"),
    (layers.starters, "gitpar.engine.loop", "import os\nos.kill(1, 2)\nimport gitpar.core"),
    (
        layers.core_is_pure,
        "gitpar.core.run",
        "from pathlib import PurePosixPath\nfrom gitpar.errors import PlanError",
    ),
    (layers.core_is_pure, "gitpar.git.refs", "import os, time"),
    (layers.parameters, "gitpar.core.run", "class C:\n def f(self, a, b, c, d, *, e, g): ..."),
    (layers.parameters, "gitpar.ui.cli.run", "@click.option('--x')\ndef f(a, b, c, d, e): ..."),
    (layers.protocols, "gitpar.ports", "class P:\n" + "".join(f" def m{n}(self): ...\n" for n in range(7))),
    (layers.docstrings, "gitpar.ports", "def f():\n 'Says.'\n def inner(): ...\ndef _own(): ..."),
    (
        layers.words,
        "gitpar.backends.process",
        "class Processes: ...\ndef information(): ...\nimport contextlib",
    ),
]


def test_all_code_keeps_the_rules() -> None:
    """One test, because what takes time is to parse the modules."""
    found = []
    seen = set()
    for module in layers.modules(ROOT, "gitpar", "tests", "benchmarks", "docs"):
        rules = (*PRODUCT, *ALL_CODE) if module.within("gitpar") else ALL_CODE
        found += [f"{rule.__name__}: {complaint}" for rule in rules for complaint in rule(module)]
        seen.add(module.name)
    assert found == []
    product = {name for name in seen if name.partition(".")[0] == "gitpar"}
    assert {"gitpar", "gitpar.core.graph", "gitpar.git.command", "gitpar.ui.cli.demo"} <= product
    assert len(product) == len(list((ROOT / "gitpar").rglob("*.py")))


@pytest.mark.parametrize(("rule", "name", "text", "message"), BAD)
def test_a_breach_is_seen(rule: Rule, name: str, text: str, message: str) -> None:
    [complaint] = rule(Module.parse(name, text))
    assert message in complaint


@pytest.mark.parametrize(("rule", "name", "text"), GOOD)
def test_what_is_allowed_is_not_complained_about(rule: Rule, name: str, text: str) -> None:
    assert list(rule(Module.parse(name, text))) == []


SOMEBODYS_FOLDER = re.compile(r"(?<![\w.>])/(?:home|Users|root|work)/\w")


def shipped_files(root: Path) -> Iterator[Path]:
    """Everything that is the project's own, apart from what make and the tools leave."""
    yield from (path for path in root.iterdir() if path.is_file() and path.name != ".git")
    for folder in ("gitpar", "tests", "fixtures", "benchmarks", "docs", ".ci"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in shipped_files(ROOT)
        for match in SOMEBODYS_FOLDER.finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["home", "Users", "root", "work"])
def test_such_a_folder_would_be_found(folder: str) -> None:
    assert SOMEBODYS_FOLDER.search(f"see /{folder}/someone/project")
    assert not SOMEBODYS_FOLDER.search(f"see src/{folder}/someone and ../{folder}/x")
