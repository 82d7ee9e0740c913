"""What the nodes of each tree-sitter grammar mean to gitpar. Tables only.

Source: the `node-types.json` of each grammar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gitpar.core.symbols import SymbolKind
from gitpar.values import dataclass

_FUNCTION, _CLASS, _VALUE = SymbolKind.FUNCTION, SymbolKind.CLASS, SymbolKind.VALUE


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language. Every table is keyed by node type.

    `definitions` name themselves in their field `name`; `owners` say in which field the
    name stands that their members belong to; `binders` in which field the names stand
    that are known inside a function only, empty for the whole node; `calls` give the
    fields of callee and arguments, `members` the field of the name after a dot.
    """

    name: str
    package: str
    endings: tuple[str, ...]
    definitions: Mapping[str, SymbolKind]
    owners: Mapping[str, str]
    functions: frozenset[str]
    binders: Mapping[str, str]
    calls: Mapping[str, tuple[str, str]]
    members: Mapping[str, str]
    bare: frozenset[str]
    function: str = "language"
    importable: bool = False
    counts_arguments: bool = True
    optional: frozenset[str] = frozenset()
    rest: frozenset[str] = frozenset()
    spread: frozenset[str] = frozenset()
    constructors: frozenset[str] = field(default_factory=frozenset)


_SCRIPT = {
    "definitions": {
        "function_declaration": _FUNCTION,
        "generator_function_declaration": _FUNCTION,
        "function_signature": _FUNCTION,
        "class_declaration": _CLASS,
        "abstract_class_declaration": _CLASS,
        "method_definition": _FUNCTION,
        "method_signature": _FUNCTION,
        "abstract_method_signature": _FUNCTION,
        "field_definition": _VALUE,
        "public_field_definition": _VALUE,
        "property_signature": _VALUE,
        "variable_declarator": _VALUE,
        "interface_declaration": _CLASS,
        "type_alias_declaration": _CLASS,
        "enum_declaration": _CLASS,
    },
    "owners": {
        "class_declaration": "name",
        "abstract_class_declaration": "name",
        "interface_declaration": "name",
        "enum_declaration": "name",
    },
    "functions": frozenset(
        {"function_declaration", "generator_function_declaration", "function_expression", "arrow_function"}
        | {"method_definition", "generator_function"}
    ),
    "binders": {
        "formal_parameters": "",
        "variable_declarator": "name",
        "arrow_function": "parameter",
        "catch_clause": "parameter",
        "for_in_statement": "left",
        "function_declaration": "name",
        "class_declaration": "name",
    },
    "calls": {"call_expression": ("function", "arguments"), "new_expression": ("constructor", "arguments")},
    "members": {"member_expression": "property"},
    "bare": frozenset({"identifier", "type_identifier", "shorthand_property_identifier"}),
    "importable": True,
    "optional": frozenset({"optional_parameter", "assignment_pattern"}),
    "rest": frozenset({"rest_pattern"}),
    "spread": frozenset({"spread_element"}),
    "constructors": frozenset({"method_definition"}),
}

GRAMMARS: tuple[Grammar, ...] = (
    Grammar(
        "javascript",
        "tree_sitter_javascript",
        (".js", ".jsx", ".mjs", ".cjs"),
        counts_arguments=False,  # a call with more or fewer arguments is a call
        **_SCRIPT,  # type: ignore[arg-type]
    ),
    Grammar(
        "javascript",
        "tree_sitter_typescript",
        (".ts", ".mts", ".cts"),
        function="language_typescript",
        **_SCRIPT,  # type: ignore[arg-type]
    ),
    Grammar(
        "javascript",
        "tree_sitter_typescript",
        (".tsx",),
        function="language_tsx",
        **_SCRIPT,  # type: ignore[arg-type]
    ),
    Grammar(
        "go",
        "tree_sitter_go",
        (".go",),
        definitions={
            "function_declaration": _FUNCTION,
            "method_declaration": _FUNCTION,
            "method_elem": _FUNCTION,
            "type_spec": _CLASS,
            "type_alias": _CLASS,
            "const_spec": _VALUE,
            "var_spec": _VALUE,
            "field_declaration": _VALUE,
        },
        owners={"type_spec": "name"},
        functions=frozenset({"function_declaration", "method_declaration", "func_literal"}),
        binders={
            "parameter_declaration": "name",
            "variadic_parameter_declaration": "name",
            "short_var_declaration": "left",
            "var_spec": "name",
            "const_spec": "name",
            "range_clause": "left",
        },
        calls={"call_expression": ("function", "arguments")},
        members={"selector_expression": "field", "qualified_type": "name"},
        bare=frozenset({"identifier", "type_identifier"}),
        rest=frozenset({"variadic_parameter_declaration"}),
        spread=frozenset({"variadic_argument"}),
    ),
    Grammar(
        "rust",
        "tree_sitter_rust",
        (".rs",),
        definitions={
            "function_item": _FUNCTION,
            "function_signature_item": _FUNCTION,
            "struct_item": _CLASS,
            "enum_item": _CLASS,
            "union_item": _CLASS,
            "trait_item": _CLASS,
            "type_item": _CLASS,
            "const_item": _VALUE,
            "static_item": _VALUE,
            "field_declaration": _VALUE,
            "enum_variant": _VALUE,
            "macro_definition": _FUNCTION,
        },
        owners={
            "struct_item": "name",
            "enum_item": "name",
            "trait_item": "name",
            "impl_item": "type",
        },
        functions=frozenset({"function_item", "closure_expression"}),
        binders={
            "parameter": "pattern",
            "closure_parameters": "",
            "let_declaration": "pattern",
            "for_expression": "pattern",
            "match_pattern": "",
            "let_condition": "pattern",
        },
        calls={"call_expression": ("function", "arguments")},
        members={"field_expression": "field", "scoped_identifier": "name", "scoped_type_identifier": "name"},
        bare=frozenset({"identifier", "type_identifier"}),
    ),
    Grammar(
        "java",
        "tree_sitter_java",
        (".java",),
        definitions={
            "class_declaration": _CLASS,
            "interface_declaration": _CLASS,
            "enum_declaration": _CLASS,
            "record_declaration": _CLASS,
            "annotation_type_declaration": _CLASS,
            "method_declaration": _FUNCTION,
            "variable_declarator": _VALUE,
            "enum_constant": _VALUE,
        },
        owners={
            "class_declaration": "name",
            "interface_declaration": "name",
            "enum_declaration": "name",
            "record_declaration": "name",
        },
        functions=frozenset({"method_declaration", "constructor_declaration", "lambda_expression"}),
        binders={
            "formal_parameter": "name",
            "spread_parameter": "",
            "variable_declarator": "name",
            "enhanced_for_statement": "name",
            "catch_formal_parameter": "name",
            "resource": "name",
            "lambda_expression": "parameters",
            "instanceof_expression": "name",
        },
        calls={
            "method_invocation": ("name", "arguments"),
            "object_creation_expression": ("type", "arguments"),
        },
        members={"method_invocation": "name", "field_access": "field"},
        bare=frozenset({"identifier", "type_identifier"}),
        rest=frozenset({"spread_parameter"}),
        constructors=frozenset({"constructor_declaration"}),
    ),
)
