"""The rules of the house, each a function from a module's source to what is wrong with it.

tests/test_layers.py applies them to the project; a rule that cannot be kept is changed
here, in the open, with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MOST_POSITIONAL = 4
MOST_METHODS = 6

EVERYWHERE = frozenset({"gitpar", "gitpar.errors", "gitpar.patterns", "gitpar.values"})
VALUES = EVERYWHERE | {"gitpar.core"}
_PORTS = {"gitpar.ports", "gitpar.agent_port", "gitpar.room_port", "gitpar.settling_port"}
ADAPTER = VALUES | _PORTS | {"gitpar.faults", "gitpar.turns"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "gitpar": frozenset(),
    "gitpar.errors": frozenset({"gitpar.values"}),
    "gitpar.values": frozenset(),
    "gitpar.patterns": frozenset(),
    "gitpar.faults": EVERYWHERE,
    "gitpar.turns": frozenset(),
    "gitpar.core": EVERYWHERE,
    "gitpar.ports": VALUES,
    "gitpar.agent_port": VALUES,
    "gitpar.room_port": VALUES | {"gitpar.ports"},
    "gitpar.settling_port": VALUES | {"gitpar.ports"},
    "gitpar.option": VALUES,
    "gitpar.options": VALUES | {"gitpar.option"},
    "gitpar.profiles": VALUES | {"gitpar.option", "gitpar.options"},
    "gitpar.stream_settings": VALUES | {"gitpar.option", "gitpar.options"},
    "gitpar.gate_settings": VALUES | {"gitpar.option", "gitpar.options"},
    "gitpar.repo_settings": VALUES | {"gitpar.option"},
    "gitpar.config": VALUES
    | {"gitpar.option", "gitpar.options"}
    | {"gitpar.profiles", "gitpar.stream_settings", "gitpar.gate_settings", "gitpar.repo_settings"},
    "gitpar.plans": ADAPTER,
    "gitpar.git": ADAPTER,
    "gitpar.symbols": ADAPTER,
    "gitpar.agents": ADAPTER,
    "gitpar.backends": ADAPTER,
    "gitpar.forges": ADAPTER,
    "gitpar.journal": ADAPTER,
    "gitpar.engine": ADAPTER,
    "gitpar.wiring": ADAPTER
    | {
        f"gitpar.{part}"
        for part in ("config", "options", "plans", "git", "symbols", "agents", "backends", "forges")
    }
    | {"gitpar.profiles", "gitpar.stream_settings", "gitpar.gate_settings", "gitpar.repo_settings"}
    | {"gitpar.journal", "gitpar.engine"},
    "gitpar.ui": ADAPTER
    | {"gitpar.config", "gitpar.options", "gitpar.plans", "gitpar.engine", "gitpar.wiring"},
    "gitpar.ui.cli.demo": EVERYWHERE | {"gitpar.git"},  # it makes the repository that it shows
    "gitpar.__main__": frozenset({"gitpar.ui"}),
}
"""What a part may import beside itself; the longest name that fits a module counts."""

STARTERS = (
    "gitpar.git.command",  # git
    "gitpar.git.programs",  # find, chmod, rm and the user's setup command
    "gitpar.backends",  # workers
    "gitpar.journal.lease",  # sysctl: macOS tells its boot session in no other way
    "gitpar.forges.token",  # gh, which may hold a token
    "gitpar.ui.cli.demo",  # gitpar itself
)
"""Who starts processes, and which. Only the first of them starts git."""

HOMES: dict[str, tuple[str, ...]] = {
    "pygit2": ("gitpar.git",),
    "git": ("gitpar.git",),
    "unidiff": ("gitpar.git",),
    "sqlite3": ("gitpar.journal",),
    "rich": ("gitpar.ui",),
    "click": ("gitpar.ui",),
    "ruamel": ("gitpar.plans", "gitpar.config"),
    "tomlkit": ("gitpar.plans", "gitpar.config"),
    "pydantic": ("gitpar.plans", "gitpar.config", "gitpar.agents", "gitpar.forges"),
    "psutil": ("gitpar.backends", "gitpar.journal.lease"),
    "dataclasses.dataclass": ("gitpar.values",),
    "multiprocessing": (),
    "pty": (),
}
"""Where a library, or one name of it, may be imported; what is not listed may be imported anywhere."""

_STARTING = re.compile(r"^(posix_spawnp?|fork|forkpty|exec[lv]p?e?|spawn[lv]p?e?|system|popen)$")
_IMPURE = frozenset(
    {
        "os",
        "subprocess",
        "threading",
        "multiprocessing",
        "concurrent",
        "asyncio",
        "time",
        "random",
        "secrets",
        "uuid",
        "tempfile",
        "shutil",
        "socket",
        "ssl",
        "http",
        "urllib",
        "signal",
        "io",
        "glob",
        "fileinput",
        "logging",
        "sqlite3",
        "select",
        "selectors",
        "mmap",
        "fcntl",
        "platform",
        "getpass",
        "locale",
        "tty",
        "pty",
        "termios",
        "curses",
    }
)
_IMPURE_CALLS = frozenset({"open", "print", "input", "breakpoint", "exec", "eval"})
_CLOCKS = frozenset({"now", "utcnow", "today"})
FORBIDDEN_WORDS = frozenset(
    word + plural
    for word in ("manager", "helper", "handler", "service", "util", "context", "info", "processor")
    for plural in ("", "s")
)


@dataclass(frozen=True, slots=True)
class Module:
    """A parsed module: `name` is dotted, such as `gitpar.core.graph`."""

    name: str
    path: str
    text: str
    tree: ast.Module = field(repr=False)
    nodes: tuple[ast.AST, ...] = field(repr=False)
    """All of the tree: walked once, for every rule looks at most of it."""

    @classmethod
    def parse(cls, name: str, text: str, path: str = "") -> Module:
        """Makes a module of a text, for a rule to look at."""
        tree = ast.parse(text)
        return cls(name, path or name.replace(".", "/") + ".py", text, tree, tuple(ast.walk(tree)))

    def at(self, node: ast.AST, message: str) -> str:
        """Says where something is wrong, so that an editor can jump there."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"

    def within(self, *parts: str) -> bool:
        """Says whether the module is one of these parts or lies inside one."""
        return any(self.name == part or self.name.startswith(f"{part}.") for part in parts)


Rule = Callable[[Module], Iterator[str]]


def modules(root: Path, *folders: str) -> Iterator[Module]:
    """Parses all modules below the folders of a project."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            relative = path.relative_to(root)
            name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text(encoding="utf-8")
            yield Module.parse(name, text, str(relative))


def imported(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yields every name that a module imports, dotted, `from` imports with the name itself."""
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # relative imports are refused by ruff (TID252), so `module` is whole
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def _part(name: str, parts: dict[str, frozenset[str]]) -> str | None:
    """Returns the longest of the parts that a dotted name lies in."""
    while name and name not in parts:
        name = name.rpartition(".")[0]
    return name or None


def import_direction(module: Module) -> Iterator[str]:
    """Everything points inward: a part imports itself and what its row allows."""
    own = _part(module.name, MAY_IMPORT)
    if own is None or (own == "gitpar" and module.name != "gitpar"):
        yield module.at(module.tree, f"`{module.name}` has no row in MAY_IMPORT")
        return
    for node, name in imported(module):
        if name.split(".", maxsplit=1)[0] != "gitpar":
            continue
        theirs = _part(name, MAY_IMPORT)
        inside = own.startswith(f"{theirs}.") or name.startswith(f"{own}.")
        if not (theirs == own or (inside and "gitpar" not in {own, theirs}) or theirs in MAY_IMPORT[own]):
            yield module.at(node, f"`{own}` must not import `{name}`")


def homes(module: Module) -> Iterator[str]:
    """A library is imported in its home only."""
    for node, name in imported(module):
        for known in {name.split(".", maxsplit=1)[0], name} & HOMES.keys():
            if not module.within(*HOMES[known]):
                yield module.at(
                    node, f"`{known}` is imported in {', '.join(HOMES[known]) or 'no module'} only"
                )


def starters(module: Module) -> Iterator[str]:
    """Processes are started in few places, and git in one. Naming Popen in an annotation starts nothing."""
    names = [name.rpartition(".")[2] for _, name in imported(module) if name.startswith("subprocess.")]
    for part in module.nodes:
        match part:
            case ast.Call(func=ast.Name(id=called)) if called in names:
                starts = called
            case ast.Call(func=ast.Attribute(value=ast.Name(id="subprocess"), attr=called)):
                starts = f"subprocess.{called}"
            case ast.Attribute(value=ast.Name(id="os"), attr=called) if _STARTING.match(called):
                starts = f"os.{called}"
            case ast.List(elts=[ast.Constant(value="git"), *_]) if not module.within(STARTERS[0]):
                yield module.at(part, f"only {STARTERS[0]} starts git")
                continue
            case _:
                continue
        if not module.within(*STARTERS):
            yield module.at(part, f"`{starts}` starts a process; only STARTERS do")


def core_is_pure(module: Module) -> Iterator[str]:
    """The core has no files, processes, clock, threads or randomness, and no library."""
    if not module.within("gitpar.core"):
        return
    for node, name in imported(module):
        library = name.split(".", maxsplit=1)[0]
        if library in _IMPURE or (library == "pathlib" and not name.startswith("pathlib.Pure")):
            yield module.at(node, f"`{name}` has no place in the core")
        elif library != "gitpar" and library not in sys.stdlib_module_names:
            yield module.at(node, f"`{library}` is not of the standard library")
    for part in module.nodes:
        match part:
            case ast.Call(func=ast.Name(id=called)) if called in _IMPURE_CALLS:
                yield module.at(part, f"the core does not call {called}()")
            case ast.Call(func=ast.Attribute(attr=called)) if called in _CLOCKS:
                yield module.at(part, f"the core has no clock: {called}()")


def module_sizes(module: Module) -> Iterator[str]:
    """A module fits into one reading."""
    lines = module.text.count("\n")
    if lines > LONGEST_MODULE:
        yield module.at(module.tree, f"{lines} lines, more than {LONGEST_MODULE}")


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def function_sizes(module: Module) -> Iterator[str]:
    """A function fits on a screen."""
    for node in _functions(module):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield module.at(node, f"`{node.name}` has {lines} lines, more than {LONGEST_FUNCTION}")


def parameters(module: Module) -> Iterator[str]:
    """A call can be read without counting: few positional parameters, click's commands aside."""
    for node in _functions(module):
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        taken = [name for name in names if name not in {"self", "cls"}]
        if len(taken) > MOST_POSITIONAL and not any(map(_of_click, node.decorator_list)):
            yield module.at(
                node, f"`{node.name}` takes {len(taken)} by position, more than {MOST_POSITIONAL}"
            )


def _of_click(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr in {"command", "group", "option", "argument"}


def docstrings(module: Module) -> Iterator[str]:
    """Every public name says what it is for, in private classes too; what stands in a function need not.

    ruff leaves out the methods of private classes.
    """
    for node in _declared(module.tree.body):
        if not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield module.at(node, f"`{node.name}` has no docstring")


def _declared(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from _declared(node.body)


def protocols(module: Module) -> Iterator[str]:
    """A Protocol is small enough to be fulfilled twice."""
    for node in module.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
        if not any(ast.unparse(base).rpartition(".")[2] == "Protocol" for base in bases):
            continue
        methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
        if len(methods) > MOST_METHODS:
            yield module.at(node, f"`{node.name}` has {len(methods)} methods, more than {MOST_METHODS}")


def words(module: Module) -> Iterator[str]:
    """Names say what a thing does; these words say nothing."""
    named: list[tuple[ast.AST, str]] = [(module.tree, module.name.rpartition(".")[2])]
    named += [
        (node, node.name)
        for node in module.nodes
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for node, name in named:
        for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name):
            if word.lower() in FORBIDDEN_WORDS:
                yield module.at(node, f"`{name}`: `{word.lower()}` says nothing")
