"""A forge's own OpenAPI description, and whether what was asked and answered fits it.

The double in `hosting` answers with the fields that gitpar reads and no others; here
each answer is filled up with what the description says must be there too, so that types,
names and values are judged and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator

from tests.support.requests import Exchange

_FORMATS = {"uri": "https://forge.example/x", "date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02"}
_PLAIN = {"string": "", "integer": 0, "number": 0, "boolean": False}


def _of_version_3(told: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a description of OpenAPI 2 (Swagger) as one of OpenAPI 3, as far as it is looked at here."""
    paths = {
        path: {method: _operation_3(told, operation) for method, operation in methods.items()}
        for path, methods in told["paths"].items()
    }
    return {"paths": paths, "definitions": told["definitions"]}


def _operation_3(told: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, Any]:
    parameters = operation.get("parameters", ())
    body = [each["schema"] for each in parameters if each["in"] == "body"]
    answers = {}
    for status, answer in operation["responses"].items():
        known = told["responses"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        answers[status] = _content(known["schema"]) if "schema" in known else {}
    return {
        "parameters": [{**each, "schema": each} for each in parameters if each["in"] != "body"],
        "responses": answers,
        **({"requestBody": _content(body[0])} if body else {}),
    }


def _content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML  # noqa: PLC0415 - one forge of three

    return YAML(typ="safe").load(text)


_ROOT = "/api/v4"
"""What GitLab's own description begins its paths with."""
_MISTYPED = frozenset({"source_project_id", "target_project_id"})
"""Numbers that GitLab describes as strings, as it does every field of an answer whose kind its source
leaves out, in `openapi_v2.yaml` and `openapi_v3.yaml` alike. Where one is sent, the same files say integer.
"""


class Description:
    """One description, read from a file."""

    def __init__(self, path: Path) -> None:
        self._text = path.read_text(encoding="utf-8")

    @cached_property
    def _all(self) -> Mapping[str, Any]:
        found = dict(json.loads(self._text) if self._text.lstrip().startswith("{") else _yaml(self._text))
        return found if "openapi" in found else _of_version_3(found)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self._all
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def _operation(self, exchange: Exchange) -> Mapping[str, Any] | None:
        for template, methods in self._all["paths"].items():
            named = template.removeprefix(_ROOT)
            pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(named))
            if exchange.method.lower() in methods and re.fullmatch(pattern, exchange.path):
                return dict(methods[exchange.method.lower()])
        return None

    def breaches(self, exchange: Exchange) -> Iterator[str]:
        """Yields everything about a request and its answer that the description does not have."""
        what = f"{exchange.method} {exchange.path}"
        operation = self._operation(exchange)
        if operation is None:
            yield f"{what}: there is no such operation"
            return
        for complaint in (*self._asked(operation, exchange), *self._answered(operation, exchange)):
            yield f"{what}: {complaint}"

    def _asked(self, operation: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
        parameters = [self._resolved(each) for each in operation.get("parameters", ())]
        schemas = {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}
        for name, value in exchange.query.items():
            if name not in schemas:
                yield f"`{name}` is not in its query"
                continue
            schema = self._resolved(schemas[name])
            yield from self._wrong(int(value) if schema.get("type") == "integer" else value, schema)
        if exchange.sent is None:
            return
        body = operation.get("requestBody")
        if body is None:
            yield "it takes no body"
            return
        schema = self._resolved(body)["content"]["application/json"]["schema"]
        yield from self._wrong(exchange.sent, schema)
        yield from self._unknown(exchange.sent, schema, "sent")

    def _answered(self, operation: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
        answers = operation["responses"]
        if str(exchange.status) not in answers:
            yield f"{exchange.status} is no answer to it"
            return
        content = self._resolved(answers[str(exchange.status)]).get("content", {})
        if exchange.answered is None or "application/json" not in content:
            return
        schema = content["application/json"]["schema"]
        if isinstance(exchange.answered, list) and self._resolved(schema).get("type") == "object":
            # GitLab describes some lists by what they are lists of
            schema = {"type": "array", "items": schema}
        yield from self._unknown(exchange.answered, schema, "answered")
        yield from self._wrong(self._whole(exchange.answered, schema), schema)

    def _wrong(self, value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
        # references are looked up from the top of what is handed in
        shared = {name: self._all[name] for name in ("components", "definitions") if name in self._all}
        judge = OAS30Validator({**self._resolved(schema), **shared})
        for error in judge.iter_errors(value):
            if (
                isinstance(error.instance, int)
                and error.absolute_path
                and error.absolute_path[-1] in _MISTYPED
            ):
                continue
            yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"

    def _unknown(self, value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
        """Yields the fields that the description does not know.

        Gitea calls one `do` that it called `Do`, and is sent both: a field in other letters is known.
        """
        schema = self._resolved(schema)
        if isinstance(value, list):
            for item in value:
                yield from self._unknown(item, schema.get("items", {}), where)
        if not isinstance(value, dict) or "properties" not in schema:
            return
        letters = {name.casefold() for name in schema["properties"]}
        for name, below in value.items():
            if name not in schema["properties"] and name.casefold() in letters:
                continue
            if name not in schema["properties"]:
                yield f"{where}: there is no field `{name}`"
            else:
                yield from self._unknown(below, schema["properties"][name], f"{where}/{name}")

    def _whole(self, value: Any, schema: Mapping[str, Any]) -> Any:
        """Returns a value with the required fields that it lacks."""
        schema = self._resolved(schema)
        if isinstance(value, list):
            return [self._whole(item, schema.get("items", {})) for item in value]
        if not isinstance(value, dict) or "properties" not in schema:
            return value
        known = schema["properties"]
        lacking = [name for name in schema.get("required", ()) if name not in value]
        return {
            **{name: self._least(known[name]) for name in lacking},
            **{name: self._whole(below, known.get(name, {})) for name, below in value.items()},
        }

    def _least(self, schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - a return a kind of schema
        """Returns the smallest value that fits."""
        schema = self._resolved(schema)
        if schema.get("nullable"):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        for several in ("allOf", "oneOf", "anyOf"):
            if several in schema:
                return self._least(schema[several][0])
        match schema.get("type"):
            case "array":
                return []
            case "string" if "format" in schema:
                return _FORMATS.get(schema["format"], "")
            case None | "object":
                known = schema.get("properties", {})
                return {name: self._least(known[name]) for name in schema.get("required", ())}
            case kind:
                return _PLAIN[kind]
