"""What a check looks like to programs: SARIF, JUnit, GitHub's commands; hand-made findings of every kind."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic_sarif.model import (  # type: ignore[import-untyped]
    StaticAnalysisResultsFormatSarifVersion210JsonSchema as Standard,
)

from gitpar.core.builds import Breakage, BuildConflict, Place
from gitpar.core.check import Checked, Found
from gitpar.core.comparison import Change, Compared, Together
from gitpar.core.conflicts import ConflictKind, ConflictReport, LineRange, Tier
from gitpar.core.names import CommitId, TaskId
from gitpar.core.settings import FailOn
from gitpar.ui import annotations as github
from gitpar.ui import check_view
from gitpar.ui.junit import junit
from gitpar.ui.sarif import sarif
from tests.support.sealed import ROOT

BASE = CommitId("1" * 40)
HEAD, MAIN, OTHER = TaskId("HEAD"), TaskId("main"), TaskId("o|<x>")
BUILD = BuildConflict(
    OTHER, HEAD, "total", Breakage.SIGNATURE, Place("p q.py", 7), Place("b.py", 3), reason="wants `rate`"
)
MINE = BuildConflict(HEAD, OTHER, "spare", Breakage.REMOVED, Place("p.py", 9), Place("c.py", 4))
FOUND = (
    Found(MAIN, "a.py", LineRange(3, 2), Tier.CONFLICT, ConflictKind.CONTENT),
    Found(OTHER, "a\udce9\n,:%.py", None, Tier.CONFLICT, ConflictKind.BINARY),
    Found(OTHER, "t.py", LineRange(1, 0), Tier.TOUCHING),
    Found(OTHER, "f.py", LineRange(9, 1), Tier.FILE),
    Found(OTHER, "b.py", LineRange(3, 1), build=BUILD, elsewhere=Place("p q.py", 7)),
    Found(OTHER, "p.py", LineRange(9, 0), build=MINE, elsewhere=Place("c.py", 4)),
)


def checked(*found: Found, fail_on: FailOn = FailOn.TARGET) -> Checked:
    changes = tuple(Change(name, BASE, ()) for name in (MAIN, HEAD, OTHER, TaskId("quiet")))
    together = (Together(HEAD, (OTHER, TaskId("quiet"))),)
    compared = Compared(BASE, changes, ConflictReport(), (), together, ("a \x1b[1mnote",))
    return Checked(HEAD, MAIN, compared, found, fail_on)


WHOLE = checked(*FOUND)


@pytest.mark.parametrize(("fail_on", "failing"), [("none", 0), ("target", 1), ("any", 2), ("likely", 5)])
def test_the_rule_says_what_is_an_error(fail_on: str, failing: int) -> None:
    whole = checked(*FOUND, fail_on=FailOn(fail_on))
    assert sum(whole.severity(found) == "error" for found in whole.found) == failing
    assert whole.failed == bool(failing)
    assert not checked(*FOUND[3:4], fail_on=FailOn(fail_on)).failed


CHANGED = "changed this as well, and git refuses to merge the two"
USED = "`o|<x>` gave `total` another signature (`p q.py` line 7), which is used here: it wants `rate`"
GONE = "`spare` is removed here, and `o|<x>` begins to use it (`c.py` line 4)"


def test_a_person_reads_this() -> None:
    assert [line.plain for line in check_view.lines(WHOLE)] == [
        "`HEAD` does not merge into `main`",
        "  conflict  `main`: `a.py` lines 3-4 (content)",
        r"  conflict  `o|<x>`: `a\xe9 ,:%.py` (binary)",
        "  touching  `o|<x>`: `t.py` before line 1",
        f"  build     `b.py` line 3: {USED}",
        f"  build     `p.py` before line 9: {GONE}",
        "  file      `o|<x>`: `f.py` line 9",
        "  several   `HEAD` merges with each of `o|<x>` and `quiet`, and not with all of them",
        r"note: a \x1b[1mnote",
        "failed: 1 finding of --fail-on target",
    ]


def test_github_gets_a_command_a_finding() -> None:
    assert [line.removeprefix("::").split("::") for line in github.commands(WHOLE)] == [
        ["error file=a.py,line=3,endLine=4,title=gitpar%3A conflict (content)", f"`main` {CHANGED}"],
        [
            "warning file=a\ufffd%0A%2C%3A%25.py,line=1,endLine=1,title=gitpar%3A conflict (binary)",
            f"`o|<x>` {CHANGED}",
        ],
        [
            "warning file=t.py,line=1,endLine=1,title=gitpar%3A touching changes",
            "`o|<x>` changed what touches this; git merges the two",
        ],
        ["warning file=b.py,line=3,endLine=3,title=gitpar%3A build conflict", USED],
        ["warning file=p.py,line=9,endLine=9,title=gitpar%3A build conflict", GONE],
    ]
    summary = github.summary(WHOLE)
    assert "| error | `a.py` lines 3-4 | `main` | conflict (content): " in summary
    assert "`o\\|&lt;x&gt;`" in summary
    assert "<x>" not in summary


def schema(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_sarif_is_what_the_house_promises() -> None:
    log = sarif(WHOLE)
    jsonschema.validate(log, schema(ROOT / "fixtures" / "sarif-as-written.schema.json"))
    json.dumps(log).encode()
    # made from the schema of OASIS; what only the schema itself can say is asked below
    Standard.model_validate(log)
    results = log["runs"][0]["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("target-conflict", "error"),
        ("branch-conflict", "warning"),
        ("touching", "warning"),
        ("build-conflict", "warning"),
        ("build-conflict", "warning"),
    ]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in results)
    place = results[1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%E9%0A%2C%3A%25.py"
    assert results[3]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "p%20q.py"
    assert len({each["partialFingerprints"]["gitpar/v1"] for each in results}) == len(results)


@pytest.mark.parametrize("found", [FOUND, ()])
def test_sarif_keeps_the_schema_of_the_standard(found: tuple[Found, ...]) -> None:
    place = os.environ.get("GITPAR_SARIF_SCHEMA")
    if not place:
        pytest.skip("GITPAR_SARIF_SCHEMA names no file with the schema of SARIF 2.1.0, which OASIS publishes")
    whole = schema(Path(place))
    jsonschema.validators.validator_for(whole).check_schema(whole)
    jsonschema.validate(sarif(checked(*found)), whole)


def test_junit_has_a_case_for_each_other_change() -> None:
    suites = ET.fromstring(junit(WHOLE))
    assert (suites.get("tests"), suites.get("failures")) == ("3", "1")
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert list(cases) == ["merges into main", "merges with o|<x>", "merges with quiet"]
    failure = cases["merges into main"].find("failure")
    assert failure is not None
    assert failure.get("message") == "conflict (content) in `a.py` lines 3-4"
    output = cases["merges with o|<x>"].find("system-out")
    assert output is not None
    assert len((output.text or "").splitlines()) == 4
    assert len(cases["merges with quiet"]) == 0
    assert ET.fromstring(junit(checked(*FOUND, fail_on=FailOn.ANY))).get("failures") == "2"
