"""JSON, YAML and TOML as trees that know where their values stand."""

from __future__ import annotations

import io
import json
import math
import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitpar.plans.document import Node, SyntaxFault, Tree
from gitpar.plans.json_text import parse_json
from gitpar.plans.toml_text import parse_toml
from gitpar.plans.yaml_text import parse_yaml

KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {name: plain(member) for name, member in node.value.items()}
    if isinstance(node.value, list):
        return [plain(element) for element in node.value]
    return node.value


def leaves(node: Node) -> list[Node]:
    if isinstance(node.value, dict):
        return [leaf for member in node.value.values() for leaf in leaves(member)]
    if isinstance(node.value, list):
        return [leaf for element in node.value for leaf in leaves(element)]
    return [node]


@given(value=VALUES, indent=st.sampled_from([None, 0, 3]), escaped=st.booleans())
def test_json_means_what_the_json_module_says_and_every_value_stands_where_it_says(
    value: Any, indent: int | None, *, escaped: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    tree = parse_json(text)
    assert plain(tree.root) == value
    for leaf in leaves(tree.root):
        if not isinstance(leaf.value, dict | list):
            assert json.loads(text[leaf.start : leaf.end]) == leaf.value


@given(st.text(alphabet='{}[]:,"\\ u0d8e1.-+aftruenl\n\x01', max_size=12))
@example('{"a":1,}')
@example("[1,]")
@example("01")
@example("-")
@example('"\\x"')
@example("[1 2]")
def test_json_is_refused_exactly_where_the_json_module_refuses_it(text: str) -> None:
    try:
        wanted = [json.loads(text, parse_constant=pytest.fail)] * ("\\ud" not in text.lower())
    except ValueError:
        wanted = []
    try:
        found = [plain(parse_json(text).root)]
    except SyntaxFault:
        found = []
    assert found == wanted


def fault(text: str) -> str:
    with pytest.raises(SyntaxFault) as caught:
        parse_json(text)
    return f"{caught.value.offset}: {caught.value.message}"


def test_json_faults_say_what_was_expected() -> None:
    assert fault('{"a": 1,}') == "7: a comma before `}` is one too many"
    assert fault('{"a": 1 "b": 2}') == '8: expected `,` or `}`, found `"`'
    assert fault("{'a': 1}") == "1: expected a key in double quotes or `}`, found `'`"
    assert fault('{"a" 1}') == "5: expected `:` after the key, found `1`"
    assert fault('{"a": NaN}') == "6: expected a value, found `NaN`"
    assert fault('{"a": ') == "6: expected a value, found the end of the file"
    assert fault('{"a": "b\n"}') == '6: expected `"` to close this string, found the end of the line'
    assert fault('["a') == '1: expected `"` to close this string, found the end of the file'
    assert fault('["a\tb"]') == "3: character 0x9 must be written as an escape in a string"
    assert fault("[1] x") == "4: expected the end of the file, found `x`"
    assert fault('["\\ud800"]') == "1: the escape `\\ud800` in this string is half of a character"
    assert fault("[" * 5000) == "101: nested deeper than 100 levels"
    assert fault("[" + "9" * 5000 + "]") == "1: a number of more than 4000 digits"


@given(st.dictionaries(KEYS, st.booleans() | NUMBERS | TEXTS | st.lists(TEXTS, max_size=3), max_size=5))
def test_toml_values_stand_where_they_say(value: dict[str, Any]) -> None:
    text = tomlkit.dumps({"first": 1, "tasks": [value, {"id": "z", **value}], "table": value})
    tree = parse_toml(text)
    assert plain(tree.root) == tomllib.loads(text)
    for leaf in leaves(tree.root):
        if not isinstance(leaf.value, dict | list):
            read = tomllib.loads(f"v = {text[leaf.start : leaf.end]}")["v"]
            assert read == leaf.value or (isinstance(read, float) and math.isnan(read))


TOML = """\
# [[tasks]] not this
a.b = 1
text = \"\"\"
[[tasks]]
id = "no" \"\"\"
[[tasks]]
id = 'one' # [[tasks]]
"quoted key" = [ { x = "]" , y = [1, # ,
 2] }, {} ]
[[tasks.steps]]
n = 1
[[tasks.steps]]
n = 2
[tasks.env]
A = "1"
[[tasks]]
id = "two"
[tasks.env]
A = "2"
"""


def test_toml_tables_of_tables_are_found_where_they_stand() -> None:
    tree = parse_toml(TOML)
    assert plain(tree.root) == tomllib.loads(TOML)
    tasks = tree.root.value["tasks"] if isinstance(tree.root.value, dict) else None
    assert tasks is not None
    found = [TOML[leaf.start : leaf.end] for leaf in leaves(tasks)]
    assert found == ["'one'", '"]"', "1", "2", "1", "2", '"1"', '"two"', '"2"']


@given(VALUES.filter(lambda value: isinstance(value, dict | list) and value))
def test_yaml_in_json_style_means_the_same(value: Any) -> None:
    text = json.dumps(value)
    assert plain(parse_yaml(text).root) == plain(parse_json(text).root)


def test_yaml_scalars_follow_the_core_schema() -> None:
    text = "[1.10, 0o17, 0x1F, 007, ~, null, yes, true, 2024-01-01, !!str 5, 'x', .5, 1e3, 1:30]"
    assert plain(parse_yaml(text).root) == [
        1.1, 15, 31, 7, None, None, "yes", True, "2024-01-01", "5", "x", 0.5, 1000.0, "1:30",
    ]  # fmt: skip


def yaml_fault(text: str) -> str:
    with pytest.raises(SyntaxFault) as caught:
        parse_yaml(text)
    return caught.value.message


def test_yaml_aliases_and_merge_keys_are_followed_and_marked() -> None:
    tree = parse_yaml("base: &b {status: todo, env: {A: 1}}\ntasks:\n- <<: *b\n  id: a\n- *b\n")
    assert plain(tree.root)["tasks"] == [
        {"id": "a", "status": "todo", "env": {"A": 1}},
        {"status": "todo", "env": {"A": 1}},
    ]
    assert shared(tree) == [True, False, True, True]


def shared(tree: Tree) -> list[bool]:
    assert isinstance(tree.root.value, dict)
    first, second = plain_list(tree.root.value["tasks"])
    assert isinstance(first.value, dict)
    return [first.value["status"].shared, first.value["id"].shared, first.value["env"].shared, second.shared]


def plain_list(node: Node) -> list[Node]:
    assert isinstance(node.value, list)
    return node.value


def test_yaml_bombs_are_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    assert yaml_fault(bomb) == "its aliases stand for more than 500,000 values"
    assert yaml_fault("a: &a [*a]") == "an anchor stands for something that holds itself"
    assert yaml_fault("- " * 5000) == "nested deeper than 100 levels"
    assert yaml_fault("[" * 5000) == "nested deeper than 100 levels"
    assert yaml_fault("a: !!python/object:os.system {}") == (
        "the tag `tag:yaml.org,2002:python/object:os.system` means nothing in a plan"
    )
    assert yaml_fault("a: 1\n---\nb: 2\n").startswith("expected a single document in the stream")


@given(VALUES.filter(lambda value: isinstance(value, dict) and bool(value)))
def test_yaml_marks_are_true_in_block_style(value: Any) -> None:
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.dump(value, stream)
    text = stream.getvalue()
    for leaf in leaves(parse_yaml(text).root):
        raw = text[leaf.start : leaf.end]
        if isinstance(leaf.value, str) and raw[:1] == '"':
            assert raw.endswith('"')
        elif isinstance(leaf.value, str) and leaf.value and raw[:1] not in "'|>":
            assert raw.replace("\n", " ").split() == leaf.value.split()
