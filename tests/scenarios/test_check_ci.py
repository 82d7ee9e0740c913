"""`gitpar check` where CI starts it: GitHub Actions, GitLab, a hook before a push, shallow clones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.checking import Checks, shop
from tests.support.cli import program_environment
from tests.support.repo import Repo
from tests.support.sealed import ROOT, git

DELETED = "conflict (modify/delete)"
REFUSED = "`origin/deletes` changed this as well, and git refuses to merge the two"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    return shop(monkeypatch, tmp_path / "shop")


@pytest.fixture
def bare(repo: Repo, tmp_path: Path) -> Path:
    """The forge's repository: all branches, and a pull request of `same` into `mine`, merged by nobody."""
    folder = tmp_path / "forge.git"
    git(tmp_path, "init", "-q", "--bare", str(folder))
    repo.git("push", "-q", str(folder), "--all")
    repo.git("push", "-q", str(folder), "far:refs/pull/7/head")
    repo.git("checkout", "-q", "--detach", "mine")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge far into mine", "far")
    repo.git("push", "-q", str(folder), "HEAD:refs/pull/7/merge")
    repo.git("checkout", "-q", "mine")
    return folder


def actions(bare: Path, folder: Path, *, depth: int | None) -> dict[str, str]:
    """Checks out what actions/checkout does for a pull request of `far` into `mine`, number 7."""
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "remote", "add", "origin", f"file://{bare}")
    refs = ["+refs/heads/*:refs/remotes/origin/*"] if depth is None else []
    options = [] if depth is None else [f"--depth={depth}"]
    merge = "+refs/pull/7/merge:refs/remotes/pull/7/merge"
    git(folder, "fetch", "-q", "--no-tags", *options, "origin", merge, *refs)
    git(folder, "checkout", "-q", "--force", "refs/remotes/pull/7/merge")
    event = folder.parent / "event.json"
    head = git(bare, "rev-parse", "refs/pull/7/head")
    request = {"number": 7, "head": {"sha": head, "ref": "far"}, "base": {"ref": "mine"}}
    event.write_text(json.dumps({"pull_request": request}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_BASE_REF": "mine",
        "GITHUB_HEAD_REF": "far",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_REPOSITORY": "ada/shop",
        "GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"),
    }


def put(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


def test_a_pull_request_of_github(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, actions(bare, tmp_path / "job", depth=None))
    check = Checks(capfd, tmp_path / "job")
    status, out, err = check("--github", "--others", "near", "--others", "deletes", "--others", "far")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"::warning file=f,line=1,endLine=1,title=gitpar%3A {DELETED}::{REFUSED}",
        "`far` merges into `origin/mine` and conflicts with `origin/deletes`",
        "  conflict  `origin/deletes`: `f` (modify/delete)",
        "  file      `origin/mine`: `f` line 15",
        "  file      `origin/near`: `f` line 15",
        "note: `origin/near` does not merge into `origin/mine` itself",
        "note: `origin/deletes` does not merge into `origin/mine` itself",
        "note: no other branch matches `far`",
        "passed (--fail-on target)",
    ]
    assert (tmp_path / "summary.md").read_text().splitlines()[:6] == [
        "### gitpar: `far` merges into `origin/mine` and conflicts with `origin/deletes`",
        "",
        "| | where | with | what |",
        "|---|---|---|---|",
        f"| warning | `f` | `origin/deletes` | {DELETED}: {REFUSED} |",
        "",
    ]
    # the event is not needed where the checkout is the merge
    monkeypatch.delenv("GITHUB_EVENT_PATH")
    assert check()[1].startswith("`far` merges into `origin/mine`\n")


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_checkout_is_told_what_to_fetch(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], depth: int
) -> None:
    job = tmp_path / "job"
    put(monkeypatch, actions(bare, job, depth=depth))
    check = Checks(capfd, job)
    hints = []
    for _ in range(4):
        status, out, err = check()
        if status != 3:
            break
        assert out == ""
        fetch = re.search(r"git (fetch .*)", err)
        assert fetch is not None, err
        assert "fetch-depth: 0" in err
        hints.append(fetch[1])
        git(job, *fetch[1].split())
    # typing what it says, line by line, leads to the answer of a whole clone
    assert (status, out.splitlines()[0]) == (0, "`far` merges into `origin/mine`")
    assert "+refs/heads/mine:refs/remotes/origin/mine" in hints[0]
    assert ("fetch --unshallow" in hints) == (depth == 2)


def test_a_merge_request_of_gitlab(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The snippet of the documentation, run as GitLab runs it, but for what installs gitpar."""
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    [snippet] = [part for part in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "GIT_DEPTH" in part]
    job: dict[str, Any] = YAML(typ="safe").load(snippet)["gitpar"]
    assert job["variables"] == {"GIT_DEPTH": "0"}
    folder = tmp_path / "builds"
    git(tmp_path, "clone", "-q", "--branch", "same", "--single-branch", f"file://{bare}", str(folder))
    commit = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "-q", "--detach", commit)
    git(folder, "branch", "-q", "-D", "same")
    environ = {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": commit,
        "CI_MERGE_REQUEST_IID": "3",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "same",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "mine",
    }
    put(monkeypatch, environ)
    status, _, err = Checks(capfd, folder)()
    assert (status, err.splitlines()[0]) == (3, "Error: the target `mine` is not here")
    script = [line for line in (*job["before_script"], *job["script"]) if not line.startswith("pip install")]
    assert len(script) == 2
    done = run("sh", "\n".join(script), folder, tmp_path)
    assert (done.returncode, done.stdout) == (
        1,
        (
            "`same` does not merge into `origin/mine`\n"
            "  conflict  `origin/mine`: `f` line 5 (content)\n"
            "failed: 1 finding of --fail-on target\n"
        ),
    )
    assert job["artifacts"]["reports"]["junit"] == "gitpar.xml"
    assert 'failures="1"' in (folder / "gitpar.xml").read_text()


def run(shell: str, script: str, cwd: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script with a `gitpar` on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    program = programs / "gitpar"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitpar "$@"\n')
    program.chmod(0o755)
    environ = program_environment({"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})
    return subprocess.run(
        [shell, "-e", "-c", script], cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )


def test_the_action(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last step, with its inputs put in as GitHub does; the others install Python and gitpar."""
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert [step.get("uses", step.get("name")) for step in steps] == [
        "actions/setup-python@v5",
        "Install gitpar",
        "Check",
    ]
    given = {"forge": "", "others": "deletes\nnear\n", "sarif": "out.sarif", "fail-on": "any", "token": "t"}
    assert set(given) == set(action["inputs"])
    put(monkeypatch, actions(bare, tmp_path / "job", depth=None))
    for name, value in steps[2]["env"].items():
        wanted = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)
        assert wanted is not None
        monkeypatch.setenv(name, given[wanted[1]])
    done = run("bash", steps[2]["run"], tmp_path / "job", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0].startswith("::error file=f,line=1,endLine=1,")
    log = json.loads((tmp_path / "job" / "out.sarif").read_text())
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["branch-conflict"]
    assert "${{ inputs" not in steps[2]["run"], "a branch's name must not become part of a script"


def test_in_a_clone_the_head_is_not_that_of_the_remote(
    repo: Repo, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--branch", "same", str(repo.root), str(clone))
    assert git(clone, "rev-parse", "--abbrev-ref", "origin/HEAD") == "origin/mine"
    assert Checks(capfd, clone)()[1].splitlines()[0] == "`HEAD` does not merge into `origin/mine`"
    # what the remote has of the branch itself may be older, and is in nobody's way
    git(clone, "-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "--amend", "-m", "Again")
    for words in ((), ("--head", "same")):
        assert "origin/same" not in Checks(capfd, clone)("--target", "clean", "--others", "*", *words)[1]
    # a branch that only the remote has is found by its short name
    assert Checks(capfd, clone)("--target", "near")[1].splitlines()[0] == "`HEAD` does not merge into `near`"


def test_the_hook_before_a_push(repo: Repo, bare: Path, tmp_path: Path) -> None:
    [hook] = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["stages"], hook["pass_filenames"]) == ("gitpar-check", ["pre-push"], False)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--branch", "mine", str(bare), str(clone))
    script = clone / ".git" / "hooks" / "pre-push"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"#!/bin/sh\nexec {hook['entry']}\n")
    script.chmod(0o755)
    assert run("sh", "git push -q origin HEAD:refs/heads/fine", clone, tmp_path).returncode == 0
    repo.git("checkout", "-q", "main")
    repo.commit("collides", {"f": (repo.root / "f").read_text().replace("line 5\n", "main\n")})
    repo.git("push", "-q", str(bare), "main")
    git(clone, "fetch", "-q", "origin")
    done = run("sh", "git push -q origin HEAD:refs/heads/refused", clone, tmp_path)
    assert done.returncode == 1
    assert "`HEAD` does not merge into `origin/main`" in done.stdout + done.stderr
    assert git(bare, "for-each-ref", "refs/heads/refused") == ""


def test_pre_commit_says_what_is_pushed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRE_COMMIT_TO_REF", repo.git("rev-parse", "same"))
    assert Checks(capfd, repo.root)("--target", "mine")[0] == 1


def test_a_commit_that_ci_names_and_nobody_fetched(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, {"GITLAB_CI": "true", "CI_COMMIT_SHA": "1" * 40, "CI_MERGE_REQUEST_IID": "3"})
    status, _, err = Checks(capfd, repo.root)("--target", "mine")
    assert (status, err.splitlines()) == (
        3,
        [
            f"Error: the commit {'1' * 12}, which GitLab CI says is to be merged, is not here",
            f"Hint: Fetch it: git fetch origin {'1' * 40}",
        ],
    )
