"""Reads what files of other languages than Python define and use, by tree-sitter.

Which name means what is guessed by the scopes of one file; gitpar.core.builds knows
that a guess wants a second look.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitpar.core.symbols import (
    Call,
    Definition,
    FileSymbols,
    Parameter,
    ParameterKind,
    Signature,
    SymbolKind,
    Use,
)
from gitpar.symbols.grammars import GRAMMARS, Grammar
from gitpar.symbols.tree_imports import Imports, imports_of

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_LONGEST_BODY = 4_000
_NO_USES = frozenset({"import_statement", "import_declaration", "use_declaration", "package_clause"})
_NO_USES_EITHER = frozenset({"package_declaration", "export_clause", "comment"})
_RECEIVERS = frozenset({"self_parameter", "receiver_parameter", "comment", "this"})
_DEEPEST = 200
"""Deeper nests are made by machines; what is in them is not looked at."""


def language_of(path: str) -> Grammar | None:
    """Returns the grammar for a file name, None where there is none or it is not installed."""
    ending = path[path.rfind(".") :]
    found = next((grammar for grammar in GRAMMARS if ending in grammar.endings), None)
    return found if found is not None and _parser(found.package, found.function) is not None else None


def read_source(path: str, data: bytes) -> FileSymbols | None:
    """Returns a file's symbols, None where its language is not read or its syntax is broken."""
    grammar = language_of(path)
    parser = _parser(grammar.package, grammar.function) if grammar is not None else None
    if grammar is None or parser is None:
        return None
    root = parser.parse(data).root_node
    if root.has_error and sum(1 for _ in _errors(root, 0)) > 3:
        return None
    imports = imports_of(grammar.name, path, root)
    reader = _Reader(grammar, imports)
    reader.visit(root, "", 0)
    return FileSymbols(
        grammar.name,
        tuple(reader.definitions.values()),
        tuple(reader.uses),
        open=imports.open,
        importable=grammar.importable,
    )


@functools.cache
def _parser(package: str, function: str) -> Parser | None:
    """The parser of one grammar, None where the `symbols` extra is not installed."""
    try:
        from tree_sitter import Language, Parser  # noqa: PLC0415 - comes with the extra

        grammar = importlib.import_module(package)
    except ImportError:
        return None
    return Parser(Language(getattr(grammar, function)()))


def _errors(node: Node, depth: int) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error and depth < _DEEPEST:
        for child in node.children:
            yield from _errors(child, depth + 1)


class _Reader:
    """Walks once through a file with the scopes that are in force."""

    def __init__(self, grammar: Grammar, imports: Imports) -> None:
        self._grammar = grammar
        self._imports = imports
        self._scopes: list[frozenset[str]] = []
        self.uses: list[Use] = list(imports.uses)
        self.definitions: dict[str, Definition] = {
            name: Definition(name, SymbolKind.IMPORT, line) for name, line in imports.bound.items()
        }

    def visit(self, node: Node, owner: str, depth: int) -> None:
        """Reads a node and everything below it; `owner` is the class around it."""
        grammar = self._grammar
        if node.type in _NO_USES or node.type in _NO_USES_EITHER or depth > _DEEPEST:
            return
        named: set[int] = set()
        if node.type in grammar.definitions:
            named = self._define(node, owner)
        if node.type in grammar.constructors and owner:
            self._construct(node, owner)
        if node.type in grammar.owners and (name := node.child_by_field_name(grammar.owners[node.type])):
            owner = _plain(_text(name))
        if node.type in grammar.functions:
            self._scopes.append(frozenset(self._bound(node, 0)))
        self._use(node)
        for child in node.named_children:
            if child.id not in named:
                self.visit(child, owner, depth + 1)
        if node.type in grammar.functions:
            self._scopes.pop()

    # --- definitions -------------------------------------------------------------------

    def _define(self, node: Node, owner: str) -> set[int]:
        """Notes what a node defines and returns the nodes of the names."""
        names = [
            name
            for name in node.children_by_field_name("name")
            if name.type.endswith("identifier") or name.type == "shorthand_property_identifier_pattern"
        ]
        named = {name.id for name in names}
        is_function = node.type in self._grammar.functions
        if self._scopes:
            return named
        kind = self._grammar.definitions[node.type]
        value = node.child_by_field_name("value")
        if kind is SymbolKind.VALUE and value is not None and value.type in self._grammar.functions:
            kind = SymbolKind.FUNCTION
            signature = self._signature(value)
        else:
            signature = self._signature(node) if kind is SymbolKind.FUNCTION else None
        if is_function and (receiver := node.child_by_field_name("receiver")):
            owner = _plain(_text(receiver).strip("()").split()[-1] if _text(receiver).strip("()") else "")
        for name in names:
            body = _text(node)[:_LONGEST_BODY]
            self._add(Definition(_text(name), kind, node.start_point.row + 1, owner, signature, body))
        return named

    def _add(self, definition: Definition) -> None:
        known = self.definitions.get(definition.full_name)
        if known is None or known.kind is SymbolKind.IMPORT:
            self.definitions[definition.full_name] = definition
        elif known.signature != definition.signature:
            # overloads: nobody knows which one a call means
            self.definitions[definition.full_name] = Definition(
                known.name, known.kind, known.line, known.owner, body=known.body
            )

    def _construct(self, node: Node, owner: str) -> None:
        """A constructor's parameters are what making an object of its class takes."""
        name = node.child_by_field_name("name")
        known = self.definitions.get(owner)
        if known is None or name is None or _text(name) not in ("constructor", owner):
            return
        signature = self._signature(node)
        if known.signature is not None and known.signature != signature:
            signature = None
        self.definitions[owner] = Definition(
            known.name, known.kind, known.line, known.owner, signature, known.body
        )

    def _signature(self, node: Node) -> Signature | None:
        given = node.child_by_field_name("parameters")
        if given is None or not self._grammar.counts_arguments:
            return None
        found: list[Parameter] = []
        for child in given.named_children:
            if child.type in _RECEIVERS or _text(child).startswith("this"):
                continue
            if child.type in self._grammar.rest or any(
                inner.type in self._grammar.rest for inner in child.named_children
            ):
                found.append(Parameter("", ParameterKind.REST, required=False))
                continue
            optional = child.type in self._grammar.optional or child.child_by_field_name("value") is not None
            # `a, b int` are two
            count = len(child.children_by_field_name("name")) or 1
            found += [Parameter("", ParameterKind.POSITIONAL, not optional)] * count
        return Signature(tuple(found))

    # --- uses --------------------------------------------------------------------------

    def _use(self, node: Node) -> None:
        grammar = self._grammar
        parent = node.parent
        if parent is None:
            return
        line = node.start_point.row + 1
        field = grammar.members.get(parent.type)
        if field is not None and _is(parent.child_by_field_name(field), node):
            self._member(parent, node, line)
        elif node.type in grammar.bare and not self._is_local(_text(node)):
            name = _text(node)
            call = self._call(node)
            self.uses.append(Use(name, line, "", call=call))
            if (target := self._imports.targets.get(name)) is not None:
                self.uses.append(Use(target[1], line, target[0], call=call))

    def _member(self, parent: Node, node: Node, line: int) -> None:
        """A name after a dot: of a module that was imported whole, of nobody knows what, or a bare call."""
        name, call = _text(node), self._call(node, parent)
        before = parent.named_children[0] if parent.named_children else None
        if before is not None and not _is(before, node):
            module = self._imports.modules.get(_text(before))
            if module is not None and not self._is_local(_text(before)):
                self.uses.append(Use(name, line, module, call=call))
                return
        self.uses.append(Use(name, line, call=call))

    def _call(self, node: Node, member: Node | None = None) -> Call | None:
        """The arguments, where a name is what is called."""
        callee = node
        call = node.parent
        if member is not None and member.type not in self._grammar.calls:
            callee, call = member, member.parent
        fields = self._grammar.calls.get(call.type) if call is not None else None
        if call is None or fields is None or not _is(call.child_by_field_name(fields[0]), callee):
            return None
        arguments = call.child_by_field_name(fields[1])
        given = [each for each in arguments.named_children if each.type != "comment"] if arguments else []
        spread = any(each.type in self._grammar.spread for each in given)
        # in Go one call may bring several arguments
        spread = spread or (
            self._grammar.name == "go" and len(given) == 1 and given[0].type == "call_expression"
        )
        return Call(len(given), open=spread)

    # --- scopes ------------------------------------------------------------------------

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def _bound(self, node: Node, depth: int) -> Iterator[str]:
        """The names that a function binds, those of functions inside it included."""
        if depth > _DEEPEST:
            return
        field = self._grammar.binders.get(node.type)
        if field is not None and not (depth == 0 and field == "name"):
            parts = node.children_by_field_name(field) if field else [node]
            for part in parts:
                yield from _identifiers(part)
        for child in node.named_children:
            yield from self._bound(child, depth + 1)


def _identifiers(node: Node) -> Iterator[str]:
    if node.type in ("identifier", "shorthand_property_identifier_pattern"):
        yield _text(node)
    for child in node.named_children:
        if not child.type.startswith("type"):
            yield from _identifiers(child)


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")


def _plain(name: str) -> str:
    """A type's name without pointers and parameters."""
    return re.split(r"[<\[]", name.strip("*& "), maxsplit=1)[0]


def _is(one: Node | None, other: Node) -> bool:
    return one is not None and one.id == other.id
