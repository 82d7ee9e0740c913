"""What a Python module uses: names by the scope they come from, attributes by what they hang on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from gitpar.core.symbols import Call, Definition, SymbolKind, Use
from gitpar.symbols.python_definitions import Function, bound_names, statements

_LOCAL = ()
"""What a name that only its function knows stands for."""

Target = tuple[str, ...]
"""An import: its module, and the name taken from there where it is `from module import name`."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def uses_of(path: str, tree: ast.Module, definitions: Sequence[Definition]) -> tuple[Use, ...]:
    """Returns every use whose origin can be told or guessed by its name, in no particular order."""
    walker = _Walker(path, definitions)
    walker.module(tree)
    return tuple(walker.found)


class _Walker:
    """Walks once through a module with the scopes that are in force."""

    def __init__(self, path: str, definitions: Sequence[Definition]) -> None:
        self.found: list[Use] = []
        self._path = path
        self._own = {found.name: found.kind for found in definitions if not found.owner}
        self._scopes: list[dict[str, Target]] = []
        self._owners: list[str] = []
        self._selves: list[tuple[str, str]] = []

    def module(self, tree: ast.Module) -> None:
        """Collects the uses of the whole file."""
        self._scopes.append(dict(self._imports(tree.body)))
        for node in statements(tree.body):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="__all__")], value=ast.List(elts=parts) | ast.Tuple(elts=parts)
                ):
                    self.found += [
                        Use(part.value, part.lineno, "")
                        for part in parts
                        if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    ]
        self._all(tree.body)

    def _all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self._node(node)

    def _node(self, node: ast.AST, call: Call | None = None) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Call(func=func, args=args, keywords=keywords):
                self._node(func, _shape(node))
                self._all((*args, *keywords))
            case ast.Name(id=name, ctx=ast.Load()):
                self._name(name, node.lineno, call)
            case ast.Attribute():
                self._attribute(node, call)
            case ast.ClassDef():
                self._class(node)
            case ast.NamedExpr(target=target, value=value):
                self._node(value)
                self._bind(target.id)
            case _ if isinstance(node, _FUNCTIONS):
                self._function(node)
            case _ if isinstance(node, _COMPREHENSIONS):
                self._comprehension(node)
            case _:
                self._all(ast.iter_child_nodes(node))

    # --- scopes ------------------------------------------------------------------------

    def _class(self, node: ast.ClassDef) -> None:
        self._all((*node.decorator_list, *node.bases, *node.keywords))
        self._owners.append(f"{self._owners[-1]}.{node.name}" if self._owners else node.name)
        self._all(node.body)
        self._owners.pop()

    def _function(self, node: ast.AST) -> None:
        assert isinstance(node, _FUNCTIONS)  # noqa: S101 - for the type checker
        given = node.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        arguments += [arg for arg in (given.vararg, given.kwarg) if arg]
        self._all((*given.defaults, *given.kw_defaults, *(arg.annotation for arg in arguments)))
        scope: dict[str, Target] = {arg.arg: _LOCAL for arg in arguments}
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        if isinstance(node, Function):
            self._all((*node.decorator_list, node.returns))
            scope |= _locals(node) | dict(self._imports(node.body))
        inside = bool(self._owners) and bool(arguments) and _has_self(node)
        if inside:
            self._selves.append((arguments[0].arg, self._owners[-1]))
        owners, self._owners = self._owners, []
        self._scopes.append(scope)
        self._all(body)
        self._scopes.pop()
        self._owners = owners
        if inside:
            self._selves.pop()

    def _comprehension(self, node: ast.AST) -> None:
        scope: dict[str, Target] = {
            part.id: _LOCAL
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        self._scopes.append(scope)
        self._all(ast.iter_child_nodes(node))
        self._scopes.pop()

    def _bind(self, name: str) -> None:
        """`:=` binds in the function around it, from here on; at the top level it defines."""
        # out of comprehensions too; that a function further out knows the name then says less, not more
        for scope in self._scopes[1:]:
            scope[name] = _LOCAL

    def _imports(self, body: Iterable[ast.stmt]) -> Iterable[tuple[str, Target]]:
        for node in statements(body):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    module = alias.name if alias.asname else alias.name.partition(".")[0]
                    yield alias.asname or module, (module.replace(".", "/"),)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.asname or alias.name, (self._module(node), alias.name)

    def _module(self, node: ast.ImportFrom) -> str:
        """The module of `from … import`, from the root where it is relative."""
        named = (node.module or "").replace(".", "/")
        if not node.level:
            return named
        folders = self._path.split("/")[: -node.level]
        return "/" + "/".join([*folders, *filter(None, [named])])

    def _lookup(self, name: str) -> Target | None:
        """What a name stands for in the scopes; None where it is no import and not local."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    # --- uses --------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                if alias.name != "*":
                    self.found.append(Use(alias.name, alias.lineno, self._module(node)))
            else:
                above, _, last = alias.name.replace(".", "/").rpartition("/")
                self.found.append(Use(last, alias.lineno, above or "/"))

    def _name(self, name: str, line: int, call: Call | None) -> None:
        target = self._lookup(name)
        if target == _LOCAL:
            return
        if name in self._own and not any(name in scope for scope in self._scopes[1:]):
            self.found.append(Use(name, line, "", call=call if target is None else None))
        if target is not None and len(target) == 2:
            self.found.append(Use(target[1], line, target[0], call=call))

    def _attribute(self, node: ast.Attribute, call: Call | None) -> None:
        names: list[tuple[str, int]] = []
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            names.insert(0, (root.attr, root.end_lineno or root.lineno))
            root = root.value
        origin = self._origin(root)
        if isinstance(root, ast.Name):
            self._name(root.id, root.lineno, None)
        else:
            self._node(root)
        for at, (name, line) in enumerate(names):
            shape = call if at == len(names) - 1 else None
            above = [before for before, _ in names[:at]]
            if origin is None or (at and not isinstance(origin, tuple)):
                self.found.append(Use(name, line, call=shape))
            elif isinstance(origin, str):
                self.found.append(Use(name, line, "", origin, shape))
            else:
                self.found += _imported(origin, above, Use(name, line, call=shape))

    def _origin(self, root: ast.expr) -> Target | str | None:
        """What attributes hang on: an import, a class of this file, or nobody knows."""
        if not isinstance(root, ast.Name):
            return None
        if self._selves and root.id == self._selves[-1][0]:
            return self._selves[-1][1]
        target = self._lookup(root.id)
        if target:
            return target
        if target is None and self._own.get(root.id) is SymbolKind.CLASS:
            return root.id
        return None


def _imported(origin: Target, above: Sequence[str], use: Use) -> list[Use]:
    """What `origin.above….name` may mean: a module's own name, a class's member, or an object's."""
    found = [Use(use.name, use.line, "/".join((*origin, *above)), call=use.call)]
    parts = [*origin[1:], *above]
    if parts:
        module = "/".join((origin[0], *parts[:-1]))
        found.append(Use(use.name, use.line, module, parts[-1], use.call))
        found.append(Use(use.name, use.line, call=use.call))
    return found


def _has_self(node: ast.AST) -> bool:
    """Whether the first parameter of a function in a class is the object or the class."""
    return isinstance(node, Function) and not any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list
    )


def _locals(node: Function) -> dict[str, Target]:
    """The names that a function binds for itself."""
    found: dict[str, Target] = {}
    outer: set[str] = set()
    for inner in statements(node.body):
        match inner:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = _LOCAL
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outer.update(names)
            case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
                found.update((each.name, _LOCAL) for each in handlers if each.name)
            case ast.Match():
                found.update((name, _LOCAL) for name in _captured(inner))
        found.update((name, _LOCAL) for name in bound_names(inner))
    return {name: target for name, target in found.items() if name not in outer}


def _captured(node: ast.Match) -> Iterable[str]:
    for part in ast.walk(node):
        match part:
            case (
                ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name))
            ):
                yield name


def _shape(node: ast.Call) -> Call:
    spread = any(isinstance(arg, ast.Starred) for arg in node.args)
    return Call(
        len(node.args),
        tuple(word.arg for word in node.keywords if word.arg),
        open=spread or any(word.arg is None for word in node.keywords),
    )
