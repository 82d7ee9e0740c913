"""`gitpar check` as it is typed, in real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checking import Checks, shop
from tests.support.cli import gitpar, program_environment
from tests.support.repo import Repo, lines
from tests.support.sealed import ROOT, git


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return shop(monkeypatch, tmp_path / "shop")


@pytest.fixture
def check(repo: Repo, capfd: pytest.CaptureFixture[str]) -> Checks:
    return Checks(capfd, repo.root)


def test_the_main_branch_is_the_target(repo: Repo) -> None:
    before = repo.loose(), repo.git("for-each-ref"), repo.git("status", "--porcelain=v2", "--branch")
    done = gitpar("check", cwd=repo.root)
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == (
        "`HEAD` merges into `main`\n  file      `main`: `f` line 5\npassed (--fail-on target)\n"
    )
    assert before == (
        repo.loose(),
        repo.git("for-each-ref"),
        repo.git("status", "--porcelain=v2", "--branch"),
    )


def test_a_conflict_with_the_target_fails_it(check: Checks) -> None:
    status, out, err = check("--target", "same")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        "`HEAD` does not merge into `same`",
        "  conflict  `same`: `f` line 5 (content)",
        "failed: 1 finding of --fail-on target",
    ]


@pytest.mark.parametrize(("fail_on", "status"), [("target", 0), ("none", 0), ("any", 1), ("likely", 1)])
def test_other_branches_are_told_and_fail_it_only_where_asked(
    check: Checks, fail_on: str, status: int
) -> None:
    found = check("--others", "same", "--others", "n*", "--others", "clean", "--fail-on", fail_on)
    assert found[0] == status
    assert found[1].splitlines()[:3] == [
        "`HEAD` merges into `main` and conflicts with `same` and `near`",
        "  conflict  `same`: `f` line 5 (content)",
        "  conflict  `near`: `f` line 5 (content)",
    ]


def test_every_branch_at_once(check: Checks) -> None:
    status, out, err = check("--others", "*")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "`HEAD` merges into `main` and conflicts with `deletes`, `near` and `same`",
        "  conflict  `deletes`: `f` (modify/delete)",
        "  conflict  `near`: `f` line 5 (content)",
        "  conflict  `same`: `f` line 5 (content)",
        "  file      `main`: `f` line 5",
        "  file      `far`: `f` line 5",
        "note: `deletes` does not merge into `main` itself",
        "passed (--fail-on target)",
    ]


def test_a_branch_that_goes_on_from_this_one_is_in_nobodys_way(check: Checks) -> None:
    assert "stacked" not in check("--others", "stacked", "--others", "far")[1]


def test_what_git_does_not_see_is_told_with_both_places(repo: Repo, check: Checks) -> None:
    repo.git("checkout", "-q", "uses")
    used = check("--others", "renames", "--fail-on", "likely")
    assert used[0] == 1
    assert used[1].splitlines()[1] == (
        "  build     `uses.py` line 1: `renames` renamed `total` to `whole` (`prices.py` line 1), "
        "which is used here"
    )
    repo.git("checkout", "-q", "renames")
    assert check("--target", "uses")[1].splitlines()[1] == (
        "  build     `prices.py` line 1: `total` is renamed to `whole` here, and `uses` begins to use it "
        "(`uses.py` line 1)"
    )
    assert check("--target", "uses", "--fail-on", "likely", "--no-symbols")[0] == 0


def test_what_is_removed_is_told_where_it_stood(repo: Repo, check: Checks) -> None:
    removed = repo.branch("main", "removes", {"prices.py": "import os\n\n\nRATE = 2\n"})
    assert check("--head", removed, "--target", "uses")[1].splitlines()[1] == (
        "  build     `prices.py` before line 1: `total` is removed here, and `uses` begins to use it "
        "(`uses.py` line 1)"
    )


def test_conflicts_shows_them_as_well(repo: Repo) -> None:
    done = gitpar("conflicts", "renames", "uses", cwd=repo.root, env={"COLUMNS": "200"})
    assert done.stdout.splitlines()[1] == (
        "  build     `renames` renamed `total` to `whole` (`prices.py` line 1), which `uses` uses "
        "(`uses.py` line 1)"
    )


def test_lines_are_those_of_the_head(repo: Repo, check: Checks) -> None:
    """main has grown a line, the head three: nobody else counts as the head does."""
    text = lines((5, "mine")).replace("line 3\n", "line 3\n1\n2\n3\n")
    head = repo.branch("mine", "grown", {"f": text})
    repo.git("checkout", "-q", "main")
    theirs = repo.branch("main", "theirs", {"f": "a new line\n" + lines((5, "theirs"))})
    repo.git("branch", "theirs", theirs)
    found = check("--head", head, "--target", "same", "--others", "theirs", "--json")
    facts = json.loads(found[1])
    assert [
        (each["against"], each["path"], each["lines"])
        for each in facts["found"]
        if each["tier"] == "conflict"
    ] == [
        ("same", "f", [8, 1]),
        ("theirs", "f", [8, 1]),
    ]


def test_the_facts_are_those_of_the_reference(check: Checks) -> None:
    facts = json.loads(check("--target", "same", "--others", "far", "--json")[1])
    assert list(facts) == [
        *("base", "changes", "pairs", "order", "fold", "rework", "together", "builds"),
        *("head", "target", "fail_on", "failed", "found", "notes"),
    ]
    assert [change["id"] for change in facts["changes"]] == ["same", "HEAD", "far"]
    assert [(pair["a"], pair["b"], pair["tier"]) for pair in facts["pairs"]] == [
        ("HEAD", "same", "conflict"),
        ("HEAD", "far", "file"),
    ]
    assert facts["found"][0] == {
        "severity": "error",
        "against": "same",
        "tier": "conflict",
        "kind": "content",
        "path": "f",
        "lines": [5, 1],
        "build": None,
        "message": "`same` changed this as well, and git refuses to merge the two",
    }
    assert facts["failed"] is True


def test_others_come_from_a_file(repo: Repo, check: Checks, tmp_path: Path) -> None:
    names = tmp_path / "open.txt"
    names.write_text(f"# the open ones\n\nfar\n{repo.git('rev-parse', 'same')}\n")
    out = check("--others-file", str(names))[1]
    assert f"conflict  `{repo.git('rev-parse', 'same')}`" in out
    names.write_text("far\nnowhere\n")
    status, _, err = check("--others-file", str(names))
    assert (status, err.splitlines()[0]) == (
        2,
        f"Error: `{names}` line 2: `nowhere` names no commit in this repository",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "nowhere"), "`nowhere` names no commit in this repository"),
        (("--head", "nowhere"), "`nowhere` names no commit in this repository"),
        (("--patch", "nowhere"), "the patch `nowhere` cannot be read: No such file or directory"),
        (("--patch", "x", "--head", "mine"), "--patch and --head both say what is to be merged"),
        (("--base", "mine"), "`--base` is where a patch was made"),
        (("--sarif", "--json"), "--sarif and --json would both be printed"),
        (
            ("--forge",),
            "it is not clear which kind of forge this repository, whose remote names no host, belongs to",
        ),
    ],
)
def test_what_is_wrong_is_said(check: Checks, words: tuple[str, ...], said: str) -> None:
    status, _, err = check(*words)
    assert (status, err.splitlines()[0]) == (
        2,
        f"Error: {said}",
    )
    assert "Hint: " in err


def test_histories_that_never_meet(repo: Repo, check: Checks) -> None:
    repo.git("checkout", "-q", "--orphan", "lone")
    repo.commit("lone")
    repo.git("checkout", "-q", "mine")
    status, _, err = check("--target", "lone")
    assert (status, err.splitlines()[0]) == (2, "Error: the revisions have no common ancestor")
    assert (
        "note: `lone` has no history in common with `HEAD` and was left out" in check("--others", "lone")[1]
    )


def test_a_change_that_brings_nothing(check: Checks) -> None:
    assert check("--head", "old")[1].splitlines()[1] == "note: `old` brings nothing that `main` does not have"
    assert check("--others", "nobody*")[1].splitlines()[2] == "note: no other branch matches `nobody*`"


ODD = os.fsdecode(b'a\nb"q/caf\xe9 %,:|<b>.txt')


def test_any_path_can_be_shown(repo: Repo, check: Checks, tmp_path: Path) -> None:
    base = repo.branch("main", "odd", {ODD: lines()})
    one, other = (repo.branch(base, name, {ODD: lines((3, name))}) for name in ("one", "other"))
    words = ("--head", one, "--target", other)
    assert r"conflict  `" in check(*words)[1]
    assert r'`a b"q/caf\xe9 %,:|<b>.txt` line 3 (content)' in check(*words)[1]
    assert json.loads(check(*words, "--json")[1])["found"][0]["path"] == ODD
    sarif, junit = tmp_path / "s.json", tmp_path / "j.xml"
    out = check(*words, "--github", "--sarif", str(sarif), "--junit", str(junit))[1]
    assert out.startswith('::error file=a%0Ab"q/caf\ufffd %25%2C%3A|<b>.txt,line=3,endLine=3,')
    assert '"a%0Ab%22q/caf%E9%20%25%2C%3A%7C%3Cb%3E.txt"' in sarif.read_text()
    assert r"caf\xe9 %,:|&lt;b&gt;.txt" in junit.read_text()


def test_the_readme_shows_what_is_printed(bookshop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def branch(name: str, path: str, *replaced: tuple[str, str]) -> None:
        git(bookshop, "checkout", "-q", "-b", name, "main")
        file = bookshop / path
        text = file.read_text() if file.exists() else ""
        for old, new in replaced:
            text = text.replace(old, new) if old else new
        file.write_text(text)
        git(bookshop, "add", "-A")
        git(bookshop, "commit", "-q", "-m", name)

    pricing = "bookshop/pricing.py"
    branch("summer-sale", pricing, ("PERCENT = 10", "PERCENT = 20"))
    branch("rename-discount", pricing, ("def discount", "def rebate"), ("- discount", "- rebate"))
    branch("students", pricing, ("PERCENT = 10", "PERCENT = 15"))
    (bookshop / "bookshop" / "students.py").write_text(
        '"""What students pay."""\n\nfrom bookshop.pricing import discount\n'
    )
    git(bookshop, "add", "-A")
    git(bookshop, "commit", "-q", "-m", "Students")
    status, out, err = Checks(capfd, bookshop)("--others", "*")
    assert (status, err) == (0, "")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"<!-- check-output -->\n```\n{out}```\n" in readme, out


# --- patches -------------------------------------------------------------------------------


def test_a_patch_is_checked_in_place_of_a_branch(repo: Repo, check: Checks, tmp_path: Path) -> None:
    patch = tmp_path / "change.patch"
    patch.write_text(repo.git("diff", "main...mine") + "\n")
    base = repo.git("merge-base", "main", "mine")
    status, out, err = check("--patch", str(patch), "--base", base, "--target", "same", "--others", "far")
    assert (status, err) == (1, "")
    assert out.splitlines()[1:3] == [
        "  conflict  `same`: `f` line 5 (content)",
        "  file      `far`: `f` line 5",
    ]
    # git moves the hunk along: main has one line more
    assert check("--patch", str(patch))[0] == 0
    assert repo.git("status", "--porcelain") == ""


def test_a_patch_comes_from_standard_input(repo: Repo) -> None:
    patch = repo.git("diff", "--binary", "main", "same")
    done = repo_check(repo, patch.encode() + b"\n", "--patch", "-", "--target", "main", "--others", "mine")
    assert "conflict  `mine`" in done
    assert "`standard input` merges into `main`" in done


def repo_check(repo: Repo, stdin: bytes, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gitpar", "check", *words],
        cwd=repo.root,
        env=program_environment(),
        input=stdin,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


GOOD = "diff --git a/g b/g\n--- a/g\n+++ b/g\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n"


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("hello\nworld\n", "is not a patch: it has no `diff --git`, `---` or `@@` line"),
        (GOOD.replace("-1,2 +1,2", "-1,9 +1,9"), "is broken: Hunk is shorter than expected"),
        (GOOD.replace("-1,2", "-x,2"), "is broken: "),
        (GOOD.replace("-1\n", "-7\n"), "does not apply to <commit>: patch failed: g:1 and 1 more"),
        (GOOD.replace("/g", "/nowhere"), "does not apply to <commit>: nowhere: does not exist in index"),
        (GOOD.replace("/g", "/../g"), "does not apply to <commit>: ../g: does not exist in index"),
        ("diff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n", "is the combined diff of a merge"),
        (
            "diff --git a/b b/b\nnew file mode 100644\nBinary files /dev/null and b/b differ\n",
            "does not apply to <commit>: cannot apply binary patch to 'b' without full index line",
        ),
    ],
)
def test_a_patch_that_is_none_or_does_not_apply(
    check: Checks, repo: Repo, tmp_path: Path, patch: str, said: str
) -> None:
    file = tmp_path / "p"
    file.write_text(patch)
    status, out, err = check("--patch", str(file))
    assert (status, out) == (2, "")
    assert said in err.replace(repo.git("rev-parse", "--short=12", "main"), "<commit>")


@pytest.mark.parametrize("options", [("--no-prefix",), ("--src-prefix=old/", "--dst-prefix=new/")])
def test_a_patch_whose_paths_have_other_prefixes(
    check: Checks, repo: Repo, tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = tmp_path / "p"
    file.write_text(repo.git("diff", *options, "main", "same") + "\n")
    assert check("--patch", str(file), "--others", "mine")[1].splitlines()[1] == (
        "  conflict  `mine`: `f` line 5 (content)"
    )


def test_a_patch_of_a_path_of_any_kind(check: Checks, repo: Repo, tmp_path: Path) -> None:
    base = repo.branch("main", "odd", {ODD: lines()})
    one, other = (repo.branch(base, name, {ODD: lines((3, name))}) for name in ("one", "other"))
    file = tmp_path / "p"
    file.write_bytes(os.fsencode(repo.git("diff", base, one)) + b"\n")
    found = json.loads(check("--patch", str(file), "--base", base, "--target", other, "--json")[1])["found"]
    assert [(each["path"], each["lines"], each["kind"]) for each in found] == [(ODD, [3, 1], "content")]
    repo.git("config", "core.quotePath", "false")
    file.write_bytes(os.fsencode(repo.git("diff", base, one)) + b"\n")
    assert check("--patch", str(file), "--base", base, "--target", other)[0] == 1


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_patch_changes_nothing(check: Checks, tmp_path: Path, text: str) -> None:
    file = tmp_path / "p"
    file.write_text(text)
    status, out, _ = check("--patch", str(file))
    assert (status, out.splitlines()[1]) == (0, f"note: `{file}` brings nothing that `main` does not have")


def test_a_patch_of_a_hundred_megabytes(check: Checks, tmp_path: Path) -> None:
    file = tmp_path / "large.patch"
    with file.open("w") as text:
        for number in range(20):
            name = f"large{number}.txt"
            text.write(f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n")
            text.write("@@ -0,0 +1,100000 @@\n" + f"+{'x' * 50}\n" * 100_000)
    assert file.stat().st_size > 100_000_000
    assert check("--patch", str(file))[0] == 0
