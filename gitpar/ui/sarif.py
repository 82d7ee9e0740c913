"""A check as SARIF 2.1.0, which code hosts and editors read.

Source: the OASIS standard "Static Analysis Results Interchange Format", version 2.1.0.
"""

from __future__ import annotations

import hashlib
import os
import urllib.parse
from typing import Any

from gitpar import __version__
from gitpar.core.builds import Place
from gitpar.core.check import Checked, Found, Severity
from gitpar.core.conflicts import Tier
from gitpar.ui import check_text
from gitpar.ui.plain import named

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_RULES = (
    ("target-conflict", "error", "The change does not merge into its target"),
    ("branch-conflict", "warning", "The change does not merge with another open branch"),
    ("touching", "warning", "The change touches lines that another change wrote"),
    ("build-conflict", "warning", "One change uses what the other removes or changes"),
)
_ROOT = "ROOT"


def sarif(checked: Checked) -> dict[str, Any]:
    """Returns the log of one run."""
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "gitpar", "semanticVersion": __version__, "rules": _rules()}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository"}}},
                "results": [_result(checked, found) for found in checked.telling],
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            {"level": "note", "message": {"text": note}} for note in check_text.notes(checked)
                        ],
                    }
                ],
            }
        ],
    }


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "shortDescription": {"text": text},
            "defaultConfiguration": {"level": level},
        }
        for name, level, text in _RULES
    ]


def _result(checked: Checked, found: Found) -> dict[str, Any]:
    rule = _rule(checked, found)
    text = check_text.sentence(found)
    # the same finding has the same print in the next run, wherever its lines have gone
    told = f"{rule}\0{found.against}\0{found.path}\0{text}"
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": [name for name, _, _ in _RULES].index(rule),
        "level": _LEVELS[checked.severity(found)],
        "message": {"text": text},
        "locations": [{"physicalLocation": _location(found.path, found.line, found.last_line)}],
        "partialFingerprints": {
            "gitpar/v1": hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()
        },
    }
    if found.elsewhere is not None:
        result["relatedLocations"] = [_related(found.elsewhere, found.against)]
    return result


def _rule(checked: Checked, found: Found) -> str:
    if found.build is not None:
        return "build-conflict"
    if found.tier is not Tier.CONFLICT:
        return "touching"
    return "target-conflict" if found.against == checked.target else "branch-conflict"


def _related(place: Place, against: str) -> dict[str, Any]:
    location = _location(place.path, place.line, place.line)
    return {"id": 1, "message": {"text": f"in {named(against)}"}, "physicalLocation": location}


def _location(path: str, first: int, last: int) -> dict[str, Any]:
    # a URI holds bytes as they are, so every path git allows can be named
    uri = urllib.parse.quote(os.fsencode(path))
    return {
        "artifactLocation": {"uri": uri, "uriBaseId": _ROOT},
        "region": {"startLine": first, "endLine": last},
    }
