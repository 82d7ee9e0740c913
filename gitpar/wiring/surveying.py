"""`gitpar init`: looks at what a repository has. Writes nothing."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from gitpar.agents.registry import kinds
from gitpar.config import REPOSITORY_FILE
from gitpar.git.contents import ignored, tracked_files
from gitpar.git.refs import resolved
from gitpar.wiring.plan_files import plans_of
from gitpar.wiring.request import Survey
from gitpar.wiring.site import Site

_NO_TEST = "no test specified"
_LARGEST = 1_000_000
_TARGET = re.compile(r"^test[ \t]*:(?!=)", re.MULTILINE)
_COPIED = (".env", ".env.local", ".envrc", "local.settings.json")
_LOCKS = {"pnpm-lock.yaml": "pnpm test", "yarn.lock": "yarn test", "bun.lockb": "bun run test"}
_BY_FILE = {
    "Cargo.toml": "cargo test",
    "go.mod": "go test ./...",
    "mix.exs": "mix test",
    "gradlew": "./gradlew test",
    "pom.xml": "mvn -q test",
    "Package.swift": "swift test",
    "build.sbt": "sbt test",
    "pubspec.yaml": "dart test",
    "deno.json": "deno test",
}


def survey(directory: Path) -> Survey:
    """Returns what there is to begin with: plans, test command, agents, a first file to work on.

    Raises EnvironmentFault outside a repository, UsageError where it has no commit.
    """
    site = Site.at(directory)
    base = resolved(site.place, "HEAD")
    tracked = tracked_files(site.place.command, base)
    root = site.place.main
    copied = [name for name in _COPIED if (root / name).is_file()]
    return Survey(
        root=root,
        has_settings=(root / REPOSITORY_FILE).exists() or _in_pyproject(root),
        plans=tuple(sorted(str(path.relative_to(site.place.root or root)) for path in plans_of(site.place))),
        test_command=next(_test_commands(root, tracked), None),
        agents=tuple(name for name in kinds() if shutil.which(name) is not None),
        readme=next((path for path in tracked if re.fullmatch(r"(?i)readme(\.\w+)?", path)), None),
        copied=tuple(ignored(site.place, copied)) if copied else (),
    )


def _text(path: Path) -> str:
    """Returns the text of a file of ordinary size, nothing where there is none."""
    if not path.is_file() or path.stat().st_size > _LARGEST:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _in_pyproject(root: Path) -> bool:
    return re.search(r"^\[tool\.gitpar\b", _text(root / "pyproject.toml"), re.MULTILINE) is not None


def _test_commands(root: Path, tracked: list[str]) -> Iterator[str]:
    """Yields commands that run the tests, the one that the project itself names first."""
    if _TARGET.search(_text(root / "Makefile")):
        yield "make test"
    if re.search(r"^test\b[^:=\n]*:(?!=)", _text(root / "justfile"), re.MULTILINE):
        yield "just test"
    if script := _npm_test(root):
        yield script
    if "tox.ini" in tracked and "pytest" not in _text(root / "tox.ini"):
        yield "tox"
    if _uses_pytest(root, tracked):
        yield "python -m pytest"
    yield from (command for name, command in _BY_FILE.items() if (root / name).is_file())
    if (root / "Gemfile").is_file():
        yield "bundle exec rspec" if (root / "spec").is_dir() else "bundle exec rake test"


def _npm_test(root: Path) -> str | None:
    try:
        package = json.loads(_text(root / "package.json") or "{}")
    except (ValueError, RecursionError):
        return None
    scripts = package.get("scripts") if isinstance(package, dict) else None
    test = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(test, str) or not test.strip() or _NO_TEST in test:
        return None
    return next((command for lock, command in _LOCKS.items() if (root / lock).is_file()), "npm test")


def _uses_pytest(root: Path, tracked: list[str]) -> bool:
    if any((root / name).is_file() for name in ("pytest.ini", "conftest.py", "tests/conftest.py")):
        return True
    try:
        project = tomllib.loads(_text(root / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        project = {}
    tools = project.get("tool")
    if isinstance(tools, dict) and "pytest" in tools:
        return True
    return any(re.fullmatch(r"(?:.*/)?test_\w+\.py", path) for path in tracked)
