"""Reads what a Python file defines and uses, by `ast`. Runs nothing."""

from __future__ import annotations

import ast
import warnings

from gitpar.core.symbols import FileSymbols
from gitpar.symbols.python_definitions import definitions_of, statements
from gitpar.symbols.python_uses import uses_of


def read_python(path: str, data: bytes) -> FileSymbols | None:
    """Returns a file's symbols, None where it is not Python of this interpreter's version or older."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the escapes and comparisons of somebody else's code
            tree = ast.parse(data)
        text = data.decode(errors="replace")
        definitions = definitions_of(tree, text.splitlines(keepends=True))
        uses = uses_of(path, tree, definitions)
        return FileSymbols("python", definitions, uses, open=_is_open(tree), importable=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_open(tree: ast.Module) -> bool:
    """Whether names may come from where nobody can see: a star import, or a module's own `__getattr__`."""
    for node in statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return True
    return any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body)
