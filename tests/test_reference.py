"""docs/reference.md is what the code says."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.support.sealed import ROOT


def generator() -> ModuleType:
    """Loads docs/make_reference.py, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == generator().render(), "the code has changed; type: make reference"
