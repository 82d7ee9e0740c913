"""What a source file defines and uses: values that gitpar.symbols fills.

Pure. Lines count from 1. A `module` is a path without its ending, parts joined by `/`,
the way the file's own language spells it; it starts with `/` where it is known from
the root of the repository, else it is the end of one.
"""

from __future__ import annotations

from enum import StrEnum

from gitpar.values import dataclass


class SymbolKind(StrEnum):
    """What a name stands for."""

    FUNCTION = "function"
    CLASS = "class"
    VALUE = "value"
    IMPORT = "import"
    MODULE = "module"


class ParameterKind(StrEnum):
    """How an argument reaches a parameter."""

    POSITIONAL = "positional"
    EITHER = "either"
    KEYWORD = "keyword"
    REST = "rest"
    REST_KEYWORDS = "rest keywords"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a function. The name is empty in languages that give arguments by position only."""

    name: str
    kind: ParameterKind
    required: bool


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call. `open` where some are spread from a list or a mapping."""

    positional: int
    keywords: tuple[str, ...] = ()
    open: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function can be called with, without `self` and its like."""

    parameters: tuple[Parameter, ...]

    def refuses(self, call: Call) -> str:
        """Says why the call does not fit, empty where it does; an open call always fits."""
        if call.open:
            return ""
        by_position = [
            p for p in self.parameters if p.kind in (ParameterKind.POSITIONAL, ParameterKind.EITHER)
        ]
        kinds = {p.kind for p in self.parameters}
        if call.positional > len(by_position) and ParameterKind.REST not in kinds:
            return f"takes {_count(len(by_position))} by position, {call.positional} given"
        named = {p.name for p in self.parameters if p.kind in (ParameterKind.EITHER, ParameterKind.KEYWORD)}
        unknown = [name for name in call.keywords if name not in named]
        if unknown and ParameterKind.REST_KEYWORDS not in kinds:
            return f"has no parameter `{unknown[0]}`"
        twice = [
            p.name for p in by_position[: call.positional] if p.name in call.keywords and p.name in named
        ]
        if twice:
            return f"gets `{twice[0]}` twice"
        keyword_only = [p for p in self.parameters if p.kind is ParameterKind.KEYWORD]
        left = [*by_position[call.positional :], *keyword_only]
        missing = [p.name for p in left if p.required and (not p.name or p.name not in call.keywords)]
        if missing and not missing[0]:
            wanted = sum(p.required for p in by_position)
            return f"wants {_count(wanted)}, {call.positional} given"
        return f"wants `{missing[0]}`" if missing else ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A name that a file gives a meaning to, at its top level or as a member of `owner`.

    `signature` is None where calls cannot be judged. `body` is the text, or its
    beginning: two definitions with much the same body are one that was renamed.
    """

    name: str
    kind: SymbolKind
    line: int
    owner: str = ""
    signature: Signature | None = None
    body: str = ""

    @property
    def full_name(self) -> str:
        """The name with its owner's before it."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a name is used.

    `module` says where the name is taken from: empty for the file itself, None where only
    the name is known, as in `anything.name`. `owner` is the class that it is a member
    of, where that is known.
    """

    name: str
    line: int
    module: str | None = None
    owner: str = ""
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class FileSymbols:
    """What one file defines and uses.

    `open` where it may define more than can be seen (a star import). `importable` where
    others name the module when they use it, so that moving a definition breaks them.
    """

    language: str
    definitions: tuple[Definition, ...] = ()
    uses: tuple[Use, ...] = ()
    open: bool = False
    importable: bool = False

    def named(self, full_name: str) -> Definition | None:
        """Finds a definition by its full name."""
        return next((found for found in self.definitions if found.full_name == full_name), None)


NOTHING = FileSymbols("")
"""What a file that is not there defines."""


def module_of(path: str) -> str:
    """Returns the module that a path is, from the root; a package is its folder."""
    stem = path.rpartition(".")[0] or path
    for inner in ("/__init__", "/index", "/mod"):
        stem = stem.removesuffix(inner)
    return "/" + stem


def is_module(wanted: str, path: str) -> bool:
    """Says whether a module as it was named can be the file at `path`."""
    own = module_of(path)
    return own == wanted if wanted.startswith("/") else bool(wanted) and own.endswith("/" + wanted)


def holds_module(wanted: str, path: str) -> bool:
    """Says whether the module can be a package around the file at `path`, and so may hand its names on."""
    own = module_of(path)
    if wanted.startswith("/"):
        return own.startswith(wanted.rstrip("/") + "/")
    return bool(wanted) and f"/{wanted}/" in own


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"
