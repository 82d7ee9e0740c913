"""What a file of another language than Python imports, and from where."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from gitpar.core.symbols import Use
from gitpar.values import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_SCRIPT_ENDING = re.compile(r"(?:/index)?\.(?:[cm]?[jt]sx?)$|/index$")


@dataclass(slots=True)
class Imports:
    """The names that imports bind, with lines; where they come from, as far as that is a file here.

    `targets` are names taken out of a module, `modules` names that stand for one.
    """

    bound: dict[str, int] = field(default_factory=dict)
    targets: dict[str, tuple[str, str]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    open: bool = False


def imports_of(language: str, path: str, root: Node) -> Imports:
    """Reads the imports at the top level of a file."""
    found = Imports()
    for node in root.named_children:
        read = _READERS.get((language, node.type))
        if read is not None:
            read(node, path, found)
    return found


def _bind(found: Imports, name: str, node: Node) -> None:
    found.bound[name] = node.start_point.row + 1


def _script_import(node: Node, path: str, found: Imports) -> None:
    module = _script_module(node.child_by_field_name("source"), path)
    for part in _of_type(node, "import_specifier"):
        name = part.child_by_field_name("name")
        alias = part.child_by_field_name("alias") or name
        if name is not None and alias is not None:
            _take(found, module, name, _text(alias))
    for clause in _of_type(node, "import_clause"):
        for child in clause.named_children:
            if child.type == "identifier":
                _bind(found, _text(child), child)
            elif child.type == "namespace_import":
                name = child.named_children[-1]
                _bind(found, _text(name), name)
                if module:
                    found.modules[_text(name)] = module


def _take(found: Imports, module: str, name: Node, alias: str) -> None:
    """`name` out of a module, known here as `alias`."""
    _bind(found, alias, name)
    if module:
        found.targets[alias] = (module, _text(name))
        found.uses.append(Use(_text(name), name.start_point.row + 1, module))


def _script_export(node: Node, path: str, found: Imports) -> None:
    """`export {a as b} from "./x"` hands a name on; `export * from` hands on nobody knows which."""
    source = node.child_by_field_name("source")
    if source is None:
        for part in _of_type(node, "export_specifier"):
            name = part.child_by_field_name("name")
            if name is not None:
                found.uses.append(Use(_text(name), name.start_point.row + 1, ""))
        return
    module = _script_module(source, path)
    clauses = list(_of_type(node, "export_specifier"))
    found.open = found.open or not clauses
    for part in clauses:
        name = part.child_by_field_name("name")
        alias = part.child_by_field_name("alias") or name
        if name is not None and alias is not None:
            _bind(found, _text(alias), alias)
            if module:
                found.uses.append(Use(_text(name), name.start_point.row + 1, module))


def _script_require(node: Node, path: str, found: Imports) -> None:
    for part in _of_type(node, "variable_declarator"):
        name, value = part.child_by_field_name("name"), part.child_by_field_name("value")
        if name is None or value is None or value.type != "call_expression":
            continue
        if not _text(value).startswith("require("):
            continue
        arguments = value.child_by_field_name("arguments")
        module = _script_module(
            arguments.named_children[0] if arguments and arguments.named_children else None, path
        )
        if name.type == "identifier" and module:
            found.modules[_text(name)] = module
        for each in _of_type(name, "shorthand_property_identifier_pattern"):
            _take(found, module, each, _text(each))


def _script_module(source: Node | None, path: str) -> str:
    """The file that an import names, from the root; empty for a package."""
    name = _text(source).strip("'\"`") if source is not None else ""
    if not name.startswith("."):
        return ""
    at = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), name))
    return _SCRIPT_ENDING.sub("", at)


def _go_import(node: Node, _path: str, found: Imports) -> None:
    for part in _of_type(node, "import_spec"):
        _go_spec(part, found)


def _go_spec(node: Node, found: Imports) -> None:
    name = node.child_by_field_name("name")
    module = _text(node.child_by_field_name("path") or node).strip('"`')
    last = module.rpartition("/")[2]
    text = _text(name) if name is not None else last
    if text not in (".", "_"):
        _bind(found, text, node)


def _rust_use(node: Node, _path: str, found: Imports) -> None:
    for leaf in _leaves(node):
        _bind(found, _text(leaf), leaf)


def _java_import(node: Node, _path: str, found: Imports) -> None:
    if "*" not in _text(node):
        _bind(found, re.split(r"[.\s;]+", _text(node).rstrip("; \n"))[-1], node)


def _leaves(node: Node) -> Iterator[Node]:
    """The names that a Rust `use` binds."""
    match node.type:
        case "use_as_clause":
            alias = node.child_by_field_name("alias")
            yield from [alias] if alias is not None else []
        case "scoped_identifier":
            name = node.child_by_field_name("name")
            yield from [name] if name is not None else []
        case "identifier":
            yield node
        case "scoped_use_list":
            inner = node.child_by_field_name("list")
            yield from _leaves(inner) if inner is not None else []
        case "use_declaration" | "use_list":
            for child in node.named_children:
                yield from _leaves(child)
        case _:
            return


def _of_type(node: Node, wanted: str) -> Iterator[Node]:
    if node.type == wanted:
        yield node
        return
    for child in node.named_children:
        yield from _of_type(child, wanted)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


_READERS: dict[tuple[str, str], Callable[[Node, str, Imports], None]] = {
    ("javascript", "import_statement"): _script_import,
    ("javascript", "export_statement"): _script_export,
    ("javascript", "lexical_declaration"): _script_require,
    ("javascript", "variable_declaration"): _script_require,
    ("go", "import_declaration"): _go_import,
    ("rust", "use_declaration"): _rust_use,
    ("java", "import_declaration"): _java_import,
}
