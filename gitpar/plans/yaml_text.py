"""YAML as Nodes, through ruamel.yaml's composer, whose marks say where everything stands.

Values follow the YAML 1.2 core schema; tags that would build objects are refused.
"""

from __future__ import annotations

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode

from gitpar.plans.document import DEEPEST, Node, Scalar, SyntaxFault, Tree

_LARGEST = 150_000
"""Characters; the composer takes a second or more for these."""
_MOST_ALIASES = 5_000
_MOST_MERGED = 100_000
"""Members that merge keys bring in, all of them together."""
_MOST_VALUES = 500_000
"""After aliases are spread out: what a bomb of aliases exceeds."""
_BRACKETS = re.compile(rf"(?:[\[{{]\s*){{{DEEPEST}}}")
_ALIAS = re.compile(r"(?<![\w*])\*\w")
_PREFIX = "tag:yaml.org,2002:"
_KNOWN_TAGS = {
    _PREFIX + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge")
}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_HALVES = re.compile("[\ud800-\udfff]")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def parse_yaml(text: str) -> Tree:
    """Returns the tree of a YAML text of one document; raises SyntaxFault."""
    if len(text) > _LARGEST:
        raise SyntaxFault(0, f"longer than {_LARGEST:,} characters; write a plan of this size as JSON")
    if sum(1 for _ in _ALIAS.finditer(text)) > _MOST_ALIASES:
        raise SyntaxFault(0, f"more than {_MOST_ALIASES:,} aliases; write a plan of this size as JSON")
    if deep := _BRACKETS.search(text):
        raise SyntaxFault(deep.start(), f"nested deeper than {DEEPEST} levels")
    try:
        composed = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(filter(None, (error.context, error.problem)))
        raise SyntaxFault(mark.index if mark else 0, words or "not understood") from None
    except YAMLError as error:
        position = getattr(error, "position", 0)
        raise SyntaxFault(position, str(error).splitlines()[0]) from None
    except RecursionError:
        raise SyntaxFault(0, f"nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        raise SyntaxFault(0, str(error)) from None
    if composed is None:
        raise SyntaxFault(0, "there is nothing in it but comments")
    return _Walk(text).tree(composed)


class _Walk:
    """Turns ruamel's nodes into ours. An alias leads to the same node again: it is converted once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubles: list[tuple[int, str]] = []
        self.done: dict[int, tuple[Node, int]] = {}
        self.open: set[int] = set()
        self.merged_members = 0

    def tree(self, root: YamlNode) -> Tree:
        """Returns the whole tree with the keys that stand twice; raises SyntaxFault."""
        return Tree(self.node(root, 0)[0], self.doubles)

    def node(self, node: YamlNode, depth: int) -> tuple[Node, int]:
        """Returns the converted node and how many values it stands for."""
        start = node.start_mark.index
        if id(node) in self.done:
            known, weight = self.done[id(node)]
            return Node(known.value, known.start, known.end, shared=True, flow=known.flow), weight
        if id(node) in self.open:
            raise SyntaxFault(start, "an anchor stands for something that holds itself")
        if depth > DEEPEST:
            raise SyntaxFault(start, f"nested deeper than {DEEPEST} levels")
        if str(node.tag) not in _KNOWN_TAGS:
            raise SyntaxFault(start, f"the tag `{node.tag}` means nothing in a plan")
        self.open.add(id(node))
        made, weight = self.converted(node, depth)
        self.open.discard(id(node))
        if weight > _MOST_VALUES:
            raise SyntaxFault(start, f"its aliases stand for more than {_MOST_VALUES:,} values")
        self.done[id(node)] = (made, weight)
        return made, weight

    def converted(self, node: YamlNode, depth: int) -> tuple[Node, int]:
        """Converts a node that is met for the first time; returns it and how many values it stands for."""
        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, ScalarNode):
            return Node(_scalar(node), start, end), 1
        if isinstance(node, SequenceNode):
            below = [self.node(item, depth + 1) for item in node.value]
            made = Node([item for item, _ in below], start, end, flow=bool(node.flow_style))
            return made, 1 + sum(weight for _, weight in below)
        if isinstance(node, MappingNode):
            return self.mapping(node, depth)
        raise SyntaxFault(start, "neither a value nor a list nor a mapping")

    def mapping(self, node: MappingNode, depth: int) -> tuple[Node, int]:
        """Converts a mapping with what its merge keys bring in; its own keys win."""
        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        weight = 1
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise SyntaxFault(key.start_mark.index, "expected a word as key")
            name = _whole(key)
            made, more = self.node(value, depth + 1)
            weight += more
            if name == "<<" and not key.style:
                merged = {**self.merged(made, key.start_mark.index), **merged}
                continue
            if name in found:
                self.doubles.append((key.start_mark.index, name))
            made.key_start = key.start_mark.index
            found[name] = made
        for inherited, copy in merged.items():
            found.setdefault(inherited, copy)
        start, end = node.start_mark.index, node.end_mark.index
        return Node(found, start, end, flow=bool(node.flow_style)), weight

    def merged(self, node: Node, offset: int) -> dict[str, Node]:
        """Returns what a merge key brings in, marked as standing elsewhere."""
        sources = node.value if isinstance(node.value, list) else [node]
        found: dict[str, Node] = {}
        for source in sources:
            if not isinstance(source.value, dict):
                raise SyntaxFault(offset, "`<<` must name mappings")
            self.merged_members += len(source.value)
            if self.merged_members > _MOST_MERGED:
                raise SyntaxFault(offset, f"its merge keys bring in more than {_MOST_MERGED:,} values")
            for name, value in source.value.items():
                copy = Node(
                    value.value, value.start, value.end, value.key_start, shared=True, flow=value.flow
                )
                found.setdefault(name, copy)
        return found


def _whole(node: ScalarNode) -> str:
    """Returns a scalar's text; the composer leaves characters written as two escapes in halves."""
    text: str = node.value
    if not _HALVES.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise SyntaxFault(node.start_mark.index, "an escape in this text is half of a character") from None


def _scalar(node: ScalarNode) -> Scalar:
    text = _whole(node)
    if node.style or str(node.tag) == _PREFIX + "str":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 4000:
        return text
    if _INT.fullmatch(text):
        # int() reads 0o and 0x by itself; a leading zero is plain decimal in YAML 1.2
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
