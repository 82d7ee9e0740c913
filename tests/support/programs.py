"""Makes small Python programs and edits of them that keep them running, to be merged two by two.

Every function and method is used by a function of some module, and running the program
runs every use: whether a merge of two edits is broken is told by running it.
"""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.sealed import git

_MODULES = 5
_FUNCTIONS = 3
_STYLES = ("from", "module", "package")


@dataclass(frozen=True)
class Function:
    """A function of a module, or a method of the module's class where `method`."""

    name: str
    module: int
    required: int = 1
    optional: int = 0
    method: bool = False

    def text(self) -> str:
        """The definition."""
        given = [f"a{n}" for n in range(self.required)] + [f"b{n}=0" for n in range(self.optional)]
        given = ["self", *given] if self.method else given
        body = f"def {self.name}({', '.join(given)}):\n    found = {len(self.name)}\n    return found\n"
        return textwrap.indent(body, "    ") if self.method else body


@dataclass(frozen=True)
class Use:
    """A function of `module` that calls one of the program's functions by its number."""

    name: str
    module: str
    target: int
    style: str

    def text(self, target: Function) -> str:
        """The definition, with its imports inside so that two of them do not meet."""
        given = ", ".join("1" * target.required)
        home = f"m{target.module}"
        if target.method:
            lines = [f"from app.{home} import Thing{target.module}", f"thing = Thing{target.module}()"]
            called = f"thing.{target.name}"
        elif self.style == "from":
            lines, called = [f"from app.{home} import {target.name} as wanted"], "wanted"
        elif self.style == "module":
            lines, called = [f"from . import {home}"], f"{home}.{target.name}"
        else:
            lines, called = [f"import app.{home}"], f"app.{home}.{target.name}"
        inside = "".join(f"    {line}\n" for line in lines)
        return f"def {self.name}():\n{inside}    return {called}({given})\n"


@dataclass(frozen=True)
class Program:
    """A package of modules. `loose` are definitions that have nothing to do with the others."""

    functions: Mapping[int, Function]
    uses: tuple[Use, ...] = ()
    loose: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, str]:
        """Path to text of every file."""
        modules: dict[str, list[str]] = {f"m{n}": [] for n in range(_MODULES)}
        for n in range(_MODULES):
            own = [found for found in self.functions.values() if found.module == n]
            modules[f"m{n}"] += [found.text() for found in own if not found.method]
            modules[f"m{n}"].append(f"class Thing{n}:\n    kept = {n}\n")
            modules[f"m{n}"] += [found.text() for found in own if found.method]
        for use in self.uses:
            modules.setdefault(use.module, []).append(use.text(self.functions[use.target]))
        for name, text in self.loose.items():
            modules.setdefault(name, []).append(text)
        padding = "\n# a line\n# that nobody\n# changes\n\n"
        found = {f"app/{name}.py": padding.join(["", *parts, ""]) for name, parts in modules.items()}
        return {"app/__init__.py": "", **found}


def program(chance: random.Random) -> Program:
    """Makes a program in which about every second function is used."""
    functions: dict[int, Function] = {}
    for n in range(_MODULES):
        for _ in range(_FUNCTIONS):
            number = len(functions)
            method = chance.random() < 0.3
            name = f"{'act' if method else 'work'}_{number}"
            functions[number] = Function(name, n, required=chance.randint(1, 2), method=method)
    wanted = sorted(chance.sample(sorted(functions), len(functions) // 2))
    uses = tuple(Use(f"use_{n}", f"m{chance.randrange(_MODULES)}", n, chance.choice(_STYLES)) for n in wanted)
    return Program(functions, uses)


def edited(start: Program, chance: random.Random, number: int) -> Program:
    """Returns the program after one edit that keeps it running; edits meet at one function of a module."""
    at = chance.choice(sorted(start.functions)[::_FUNCTIONS])
    one = start.functions[at]
    used = {use.target for use in start.uses}
    match chance.randrange(8):
        case 0:
            after = _with(start, at, replace(one, name=f"new_{number}_{at}"))
        case 1:
            after = _with(start, at, replace(one, required=one.required + 1))
        case 2:
            after = _with(start, at, replace(one, optional=1))
        case 3 if not one.method:
            after = _with(start, at, replace(one, module=(one.module + 1) % _MODULES))
        case 4 if at not in used:
            left = {key: found for key, found in start.functions.items() if key != at}
            after = replace(start, functions=left)
        case 5:
            after = replace(start, loose={**start.loose, f"loose_{number}": _namesake(one)})
        case _:
            module = chance.choice((f"m{chance.randrange(_MODULES)}", f"more_{number}"))
            use = Use(f"use_{number}_{at}", module, at, chance.choice(_STYLES))
            after = replace(start, uses=(*start.uses, use))
    return after


def _namesake(one: Function) -> str:
    """Somebody else's function or method of the same name, and a use of that."""
    if one.method:
        text = (
            "class Other:\n    def NAME(self):\n        return 0\n\n    def go(self):\n        self.NAME()\n"
        )
        text += "\n\ndef run():\n    other = Other()\n    other.NAME()\n    other.go()\n"
        return text.replace("NAME", one.name)
    return f"def {one.name}():\n    return 0\n\n\ndef run():\n    return {one.name}()\n"


def _with(start: Program, at: int, function: Function) -> Program:
    return replace(start, functions={**start.functions, at: function})


_RUN = """
import importlib, os, sys
sys.dont_write_bytecode = True
for folder in sys.stdin.read().splitlines():
    sys.path.insert(0, folder)
    try:
        for name in sorted(os.listdir(folder + "/app")):
            module = importlib.import_module("app." + name.removesuffix(".py"))
            for key, found in sorted(vars(module).items()):
                if key.startswith(("use_", "run")):
                    found()
    except (ImportError, AttributeError, TypeError, NameError) as error:
        print(f"{type(error).__name__}: {error}")
    else:
        print("runs")
    sys.path.remove(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
"""


def run_all(repository: Path, trees: Sequence[str], folder: Path) -> list[str]:
    """Says of each tree of the repository `runs`, or the error that it ends with."""
    places = []
    for number, tree in enumerate(trees):
        place = folder / str(number)
        place.mkdir(parents=True)
        git(repository, f"--work-tree={place}", "read-tree", "--reset", "-u", tree)
        places.append(str(place))
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUN],
        input="\n".join(places),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
