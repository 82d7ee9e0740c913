"""The JSON Schema of gitpar's own plans, as it is shipped."""

from __future__ import annotations

from importlib.resources import files


def plan_schema() -> str:
    """Returns the schema as JSON text that ends in a newline."""
    return (files(__package__) / "plan.schema.json").read_text(encoding="utf-8")
