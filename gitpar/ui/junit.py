"""A check as a JUnit report: a test case for the target and for each other branch."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gitpar.core.check import Checked, Found, Severity
from gitpar.core.names import TaskId
from gitpar.ui import check_text
from gitpar.ui.plain import clean

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(checked: Checked) -> str:
    """Returns the report; a case fails where the check does, and what is only a warning is its output."""
    names = [change.id for change in checked.compared.changes if change.id != checked.head]
    cases = [_case(checked, name) for name in names]
    failures = sum(1 for case in cases if case.find("failure") is not None)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    suite = ET.Element("testsuite", {"name": "gitpar check", **counts, "time": "0"})
    suite.extend(cases)
    suites = ET.Element("testsuites", {**counts, "time": "0"})
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(checked: Checked, name: TaskId) -> ET.Element:
    what = "merges into" if name == checked.target else "merges with"
    case = ET.Element(
        "testcase", {"classname": "gitpar.check", "name": _text(f"{what} {clean(name)}"), "time": "0"}
    )
    found = [one for one in checked.telling if one.against == name]
    errors = [one for one in found if checked.severity(one) is Severity.ERROR]
    rest = [one for one in found if one not in errors]
    if errors:
        message = _text(f"{check_text.title(errors[0])} in {check_text.where(errors[0])}")
        failure = ET.SubElement(case, "failure", {"message": message, "type": check_text.title(errors[0])})
        failure.text = _lines(errors)
    if rest:
        ET.SubElement(case, "system-out").text = _lines(rest)
    return case


def _lines(found: Sequence[Found]) -> str:
    return _text("\n".join(f"{check_text.where(one)}: {check_text.sentence(one)}" for one in found))


def _text(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)
