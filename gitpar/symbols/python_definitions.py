"""What a Python module defines: top-level names, members of classes, and their signatures."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from gitpar.core.symbols import Definition, Parameter, ParameterKind, Signature, SymbolKind

Function = ast.FunctionDef | ast.AsyncFunctionDef

_KEEPS_SIGNATURE = frozenset(
    {"staticmethod", "classmethod", "cache", "lru_cache", "abstractmethod", "override", "final", "wraps"}
    | {"deprecated", "no_type_check", "coroutine"}
)
_PLAIN_BASES = frozenset({"object", "Protocol", "Generic", "ABC"})
_LONGEST_BODY = 4_000


def definitions_of(tree: ast.Module, lines: Sequence[str]) -> tuple[Definition, ...]:
    """Returns every name the module defines, each once; one with several meanings has no signature."""
    found: dict[str, Definition] = {}
    for definition in _Reader(lines).of_body(tree.body, ""):
        known = found.get(definition.full_name)
        if known is None:
            found[definition.full_name] = definition
        elif known.signature != definition.signature:
            found[definition.full_name] = Definition(known.name, known.kind, known.line, known.owner)
    return tuple(found.values())


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields the statements of a scope, those below `if`, `try`, `with` and loops included."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, name, ()))
        for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from statements(inner.body)


def bound_names(node: ast.stmt) -> Iterator[str]:
    """Yields the plain names that a statement binds by assignment, not those of its inner statements."""
    match node:
        case ast.Assign(targets=targets):
            wanted: list[ast.expr | None] = list(targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            wanted = [target]
        case ast.For(target=target) | ast.AsyncFor(target=target):
            wanted = [target]
        case ast.With(items=items) | ast.AsyncWith(items=items):
            wanted = [item.optional_vars for item in items]
        case _:
            wanted = []
    for one in filter(None, wanted):
        for part in ast.walk(one):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def imported_names(node: ast.stmt) -> Iterator[tuple[str, int]]:
    """Yields the names that an import binds, with their lines."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name.partition(".")[0], alias.lineno


class _Reader:
    """Goes through the scopes of one file."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def of_body(self, body: Iterable[ast.stmt], owner: str) -> Iterator[Definition]:
        """Yields what a module or class body defines."""
        for node in statements(body):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from self._function(node, owner)
                case ast.ClassDef():
                    yield from self._class(node, owner)
                case _:
                    for name, line in imported_names(node):
                        yield Definition(name, SymbolKind.IMPORT, line, owner)
                    for name in bound_names(node):
                        yield Definition(name, SymbolKind.VALUE, node.lineno, owner, body=self._body(node))

    def _function(self, node: Function, owner: str) -> Iterator[Definition]:
        decorators = [_last_name(decorator) for decorator in node.decorator_list]
        if "overload" in decorators:
            return
        known = all(name in _KEEPS_SIGNATURE for name in decorators)
        is_value = any(name in ("property", "cached_property", "setter", "getter") for name in decorators)
        bound = bool(owner) and "staticmethod" not in decorators
        yield Definition(
            node.name,
            SymbolKind.VALUE if is_value else SymbolKind.FUNCTION,
            node.lineno,
            owner,
            _signature(node.args, bound=bound) if known else None,
            self._body(node),
        )
        if owner and node.args.args:
            yield from _own_attributes(node, owner, node.args.args[0].arg)

    def _class(self, node: ast.ClassDef, owner: str) -> Iterator[Definition]:
        full_name = f"{owner}.{node.name}" if owner else node.name
        yield Definition(
            node.name, SymbolKind.CLASS, node.lineno, owner, _construction(node), self._body(node)
        )
        yield from self.of_body(node.body, full_name)

    def _body(self, node: ast.stmt) -> str:
        return "".join(self._lines[node.lineno - 1 : node.end_lineno])[:_LONGEST_BODY]


def _own_attributes(node: Function, owner: str, first: str) -> Iterator[Definition]:
    """Yields what a method makes of `self.name = …`."""
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store()) if name == first:
                yield Definition(attribute, SymbolKind.VALUE, part.lineno, owner)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _signature(given: ast.arguments, *, bound: bool) -> Signature:
    plain = [(arg.arg, ParameterKind.POSITIONAL) for arg in given.posonlyargs]
    plain += [(arg.arg, ParameterKind.EITHER) for arg in given.args]
    first_default = len(plain) - len(given.defaults)
    found = [Parameter(name, kind, at < first_default) for at, (name, kind) in enumerate(plain)]
    if bound:
        found = found[1:]
    if given.vararg:
        found.append(Parameter(given.vararg.arg, ParameterKind.REST, required=False))
    found += [
        Parameter(arg.arg, ParameterKind.KEYWORD, default is None)
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        found.append(Parameter(given.kwarg.arg, ParameterKind.REST_KEYWORDS, required=False))
    return Signature(tuple(found))


def _construction(node: ast.ClassDef) -> Signature | None:
    """What making an object takes, None where a base or a decorator may decide that."""
    decorators = {_last_name(decorator): decorator for decorator in node.decorator_list}
    members = {inner.name: inner for inner in statements(node.body) if isinstance(inner, Function)}
    if node.keywords or set(decorators) - {"dataclass", "final", "total_ordering", "runtime_checkable"}:
        return None
    if "__new__" in members:
        return None
    if (init := members.get("__init__")) is not None:
        return None if init.decorator_list else _signature(init.args, bound=True)
    if any(_last_name(base) not in _PLAIN_BASES for base in node.bases):
        return None
    if "dataclass" in decorators:
        return _fields(node, decorators["dataclass"])
    return Signature(())


def _fields(node: ast.ClassDef, decorator: ast.expr) -> Signature | None:
    given = {word.arg: word.value for word in decorator.keywords} if isinstance(decorator, ast.Call) else {}
    if "init" in given:
        return None
    keyword_only = "kw_only" in given
    found: list[Parameter] = []
    for inner in node.body:
        if not isinstance(inner, ast.AnnAssign) or not isinstance(inner.target, ast.Name):
            continue
        annotation = _last_name(inner.annotation)
        if annotation == "KW_ONLY":
            keyword_only = True
        elif annotation != "ClassVar":
            kind = ParameterKind.KEYWORD if keyword_only else ParameterKind.EITHER
            found.append(Parameter(inner.target.id, kind, inner.value is None))
            if isinstance(inner.value, ast.Call):
                return None  # `field(…)` may say anything
    return Signature(tuple(found))
