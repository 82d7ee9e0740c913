"""Results that do not merge and policies that settle them, as a user sees it."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

SEED = 7
LOG = "# Changes\n\n- first\n"


@pytest.fixture
def shop(repo: Path) -> Path:
    """A repository with a file of twelve numbered lines and a log that is declared to be added to."""
    (repo / "list.txt").write_text("".join(f"line {n}\n" for n in range(1, 13)), encoding="utf-8")
    (repo / "CHANGELOG.md").write_text(LOG, encoding="utf-8")
    configure(repo, '[merge]\nunion = ["CHANGELOG.md"]\n')
    return repo


def configure(repo: Path, text: str) -> None:
    (repo / "gitpar.toml").write_text(text, encoding="utf-8")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message", "Settings")


def edit(line: int, text: str) -> str:
    """A command that puts something behind one line of list.txt, whatever stands there."""
    return f"sed '{line}s/$/ {text}/' list.txt > new && mv new list.txt"


def note(name: str) -> str:
    """A command that adds to the log and makes a file."""
    return f"echo '- {name}' >> CHANGELOG.md && echo {name} > {name}.txt"


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_additions_to_a_log_land_without_another_run(shop: Path, tmp_path: Path, strategy: str) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b"), "c": note("c")})
    run = run_json(shop, plan, "--strategy", strategy)
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed"}
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- a\n- b\n- c\n"
    assert [len(task["attempts"]) for task in run["tasks"]] == [1, 1, 1]
    row = {"path": "CHANGELOG.md", "policy": "union", "gate": None}
    assert [task["settled"] for task in run["tasks"]] == [[], [row], [row]]
    said = git(shop, "log", "--first-parent", "--format=%(trailers:key=Gitpar-Settled)", f"main..{tip(run)}")
    assert said.splitlines().count("Gitpar-Settled: union CHANGELOG.md") == 2


def test_people_are_told_where_a_policy_settled_something(shop: Path, tmp_path: Path) -> None:
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")}), cwd=shop)
    assert done.status == 0, done.stderr
    assert "b: settled by union (`CHANGELOG.md`)" in done.stderr
    assert "`b` was settled by union (`CHANGELOG.md`)" in " ".join(done.stdout.split())
    assert "`b`: settled by union (`CHANGELOG.md`); no gate is configured" in done.stdout
    verified = gitpar("verify", cwd=shop)
    assert verified.status == 0
    assert "landing of `b`, settled by union, all else proved: `CHANGELOG.md`" in verified.stdout
    assert json.loads(gitpar("verify", "--json", cwd=shop).stdout)["counts"]["alarm"] == 0


def test_what_was_settled_lands_only_when_the_gates_have_seen_it(shop: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b"), "c": note("c")})
    # together a and c are too much: c is settled on top of both, and must not land
    gate = f"cat CHANGELOG.md >> {seen}; ! grep -q -e '- c' CHANGELOG.md"
    run = run_json(shop, plan, "--level-gate", gate, status=1)
    assert states(run) == {"a": "landed", "b": "landed", "c": "held"}
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- a\n- b\n"
    assert "- a\n- b\n- c\n" in seen.read_text(), "the gate saw what was settled"
    [name] = {found["gate"] for found in run["gates"]}
    assert [[one["gate"] for one in task["settled"]] for task in run["tasks"]] == [[], [name], []]
    assert "fails" in run["tasks"][2]["reason"]
    noted = json.loads(git(shop, "notes", "--ref=gitpar", "show", tip(run)))
    assert [one["path"] for one in noted["settled"]] == ["CHANGELOG.md"]
    assert [found["verdict"] for found in noted["gates"]] == ["passed"]
    verified = json.loads(gitpar("verify", "--json", cwd=shop).stdout)
    assert verified["counts"]["alarm"] == 0


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (["hold"], {"a": "landed", "b": "held"}),
        (["serialize"], {"a": "landed", "b": "landed"}),
        (["drivers", "hold"], {"a": "landed", "b": "landed"}),
    ],
)
def test_only_the_policies_that_are_asked_for_are_tried(
    shop: Path, tmp_path: Path, policies: list[str], expected: dict[str, str]
) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")})
    asked = [word for policy in policies for word in ("--policy", policy)]
    run = run_json(shop, plan, *asked, status=0 if "held" not in expected.values() else 1)
    assert states(run) == expected
    reruns = [len(task["attempts"]) for task in run["tasks"]]
    assert reruns == ([1, 2] if policies == ["serialize"] else [1, 1])


def test_policies_of_the_settings_that_are_none_are_refused(shop: Path, tmp_path: Path) -> None:
    configure(shop, 'policies = ["driver"]\n')
    done = gitpar("run", write_plan(tmp_path / "plan.json", {"a": "true"}), cwd=shop)
    assert done.status == 2
    assert done.stderr == (
        "Error: `gitpar.toml` line 1: `policies` must be a list of "
        '"drivers", "agent", "serialize" and "hold", not ["driver"]\nHint: Nothing was started\n'
    )


def test_a_resume_decides_by_the_policies_the_run_began_with(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"a": note("a"), "b": note("b")})
    killed = gitpar("run", plan, cwd=shop, env={"GITPAR_FAULT": "settle.settled:1:kill"})
    assert killed.status != 0
    configure(shop, 'policies = ["hold"]\n')
    run = facts(gitpar("resume", "--json", cwd=shop))
    assert states(run) == {"a": "landed", "b": "landed"}
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- a\n- b\n"


# --- files that are made anew ------------------------------------------------------------

LOCKED = '[merge.regenerate]\n"app.lock" = "sort deps.txt > app.lock && touch stray"\n'


def lock(repo: Path, settings: str = LOCKED) -> None:
    (repo / "deps.txt").write_text("".join(f"dep{n}\n" for n in range(20)), encoding="utf-8")
    (repo / "app.lock").write_text("old\n", encoding="utf-8")
    configure(repo, settings)


def needs(name: str, line: int, locked: str) -> str:
    return f"sed '{line}s/$/-{name}/' deps.txt > new && mv new deps.txt && printf '{locked}' > app.lock"


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_a_lockfile_is_made_anew_from_what_both_need(shop: Path, tmp_path: Path, strategy: str) -> None:
    lock(shop)
    plan = write_plan(
        tmp_path / "plan.json", {"a": needs("a", 2, "a\\n"), "b": needs("b", 18, "b\\n"), "c": note("c")}
    )
    run = run_json(shop, plan, "--strategy", strategy)
    assert states(run) == {"a": "landed", "b": "landed", "c": "landed"}
    deps = show(shop, tip(run), "deps.txt").splitlines()
    assert {"dep1-a", "dep17-b"} <= set(deps)
    assert show(shop, tip(run), "app.lock").splitlines() == sorted(deps)
    assert "stray" not in git(shop, "ls-tree", "--name-only", tip(run))
    assert [attempt["repair"] for attempt in run["tasks"][1]["attempts"]] == [None, "regenerate"]
    assert run["tasks"][1]["settled"] == [{"path": "app.lock", "policy": "regenerate", "gate": None}]
    assert json.loads(gitpar("verify", "--json", cwd=shop).stdout)["counts"]["alarm"] == 0


def test_a_lockfile_is_never_merged_where_git_could(shop: Path, tmp_path: Path) -> None:
    lock(shop)
    (shop / "app.lock").write_text("".join(f"{n}\n" for n in range(20)), encoding="utf-8")
    configure(shop, LOCKED)
    change = "sed '{0}s/$/x/' app.lock > new && mv new app.lock && echo {0} > {0}.txt"
    plan = write_plan(tmp_path / "plan.json", {"a": change.format(2), "b": change.format(18)})
    run = run_json(shop, plan)
    assert states(run) == {"a": "landed", "b": "landed"}
    assert show(shop, tip(run), "app.lock").startswith("dep0\n")
    assert run["tasks"][1]["settled"][0]["policy"] == "regenerate"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("exit 3", "what makes files anew did not settle it: exit status 3"),
        ("sleep 60", "what makes files anew did not settle it: no end within 0.5 s"),
    ],
)
def test_a_command_that_fails_leaves_it_to_the_next_policy(
    shop: Path, tmp_path: Path, command: str, why: str
) -> None:
    lock(shop, f'[merge]\ntimeout = "0.5s"\n[merge.regenerate]\n"app.lock" = "{command}"\n')
    plan = write_plan(tmp_path / "plan.json", {"a": needs("a", 2, "a\\n"), "b": needs("b", 18, "b\\n")})
    run = run_json(shop, plan, "--policy", "drivers", status=1)
    assert states(run) == {"a": "landed", "b": "held"}
    assert run["tasks"][1]["reason"].endswith(why)


# --- agents that repair ------------------------------------------------------------------

WORK = "case \"$(cat)\" in *'Settle a conflict'*) {repair} ;; *) {work} ;; esac"
AGENT = 'policies = ["drivers", "agent", "serialize", "hold"]\n[merge]\nunion = ["CHANGELOG.md"]\n'


BOTH = "grep -v '^<<<<<<<\\|^=======\\|^>>>>>>>\\|two' list.txt | sed '5s/$/ two/' > new && mv new list.txt"
PLAN = {
    "one": {"title": "Do one", "prompt": "Put one behind line 5."},
    "two": {"title": "Do two", "prompt": "Put two behind line 5."},
}


def settings_of(repair: str) -> str:
    work = 'sed "5s/\\$/ $GITPAR_TASK/" list.txt > new && mv new list.txt'
    work += ' && echo "- $GITPAR_TASK" >> CHANGELOG.md'
    command = json.dumps(WORK.format(repair=repair, work=work))
    return f'agent = "own"\n{AGENT}[agents.own]\ncommand = {command}\n'


@pytest.mark.parametrize("strategy", ["merge", "rebase", "squash"])
def test_an_agent_settles_its_own_conflict(shop: Path, tmp_path: Path, strategy: str) -> None:
    configure(shop, settings_of(f"cp $GITPAR_PROMPT_FILE {tmp_path}/told; {BOTH}"))
    run = run_json(shop, write_plan(tmp_path / "plan.json", PLAN), "--strategy", strategy)
    assert states(run) == {"one": "landed", "two": "landed"}
    assert show(shop, tip(run), "list.txt").splitlines()[4] == "line 5 one two"
    assert show(shop, tip(run), "CHANGELOG.md") + "\n" == LOG + "- one\n- two\n"
    second = run["tasks"][1]
    assert [attempt["repair"] for attempt in second["attempts"]] == [None, "agent"]
    assert {one["path"]: one["policy"] for one in second["settled"]} == {
        "CHANGELOG.md": "union",
        "list.txt": "agent",
    }
    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert "# Settle a conflict of `two`: Do two" in told
    assert '- "list.txt": content (CONFLICT (content): Merge conflict in list.txt)' in told
    assert 'CHANGELOG.md": content' not in told, "a driver has settled that"
    assert "## What has landed: `one`, Do one" in told
    assert "Put one behind line 5." in told
    folder = Path(json.loads(told.split("whole files in ", 1)[1].split(": `base`", 1)[0]))
    assert (folder / "ours" / "list.txt").read_text().splitlines()[4] == "line 5 one"
    assert (folder / "theirs" / "list.txt").read_text().splitlines()[4] == "line 5 two"
    assert (folder / "base" / "list.txt").read_text().splitlines()[4] == "line 5"
    verified = json.loads(gitpar("verify", "--json", cwd=shop).stdout)
    assert (verified["counts"]["alarm"], verified["counts"]["unproved"]) == (0, 1)


THEIRS = "grep -v '^<<<<<<<\\|^=======\\|^>>>>>>>\\|one$' list.txt > new && mv new list.txt"
BAD = {
    "markers left": ("echo x >> list.txt", "its agent left conflict markers in `list.txt`"),
    "another file": (
        f"{BOTH}; echo x > README.md",
        "its agent changed `README.md`, which is not in",
    ),
    "a new file": (f"{BOTH}; echo x > new.txt", "its agent changed `new.txt`, which is not in conflict"),
    "others' work taken back": (THEIRS, "its agent takes away what had landed (list.txt:5)"),
    "a failure": ("exit 4", "its agent did not settle it: exit status 4"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_repair_is_refused_and_the_task_is_run_again(shop: Path, tmp_path: Path, name: str) -> None:
    repair, why = BAD[name]
    configure(shop, settings_of(repair))
    plan = write_plan(tmp_path / "plan.json", PLAN)
    held = run_json(shop, plan, "--policy", "drivers", "--policy", "agent", status=1)
    assert states(held) == {"one": "landed", "two": "held"}
    assert why in held["tasks"][1]["reason"]
    assert show(shop, tip(held), "list.txt").splitlines()[4] == "line 5 one"
    if name == "another file":
        again = run_json(shop, plan)
        assert states(again) == {"one": "landed", "two": "landed"}
        assert show(shop, tip(again), "list.txt").splitlines()[4] == "line 5 one two"


def test_a_repair_that_was_killed_is_made_again(shop: Path, tmp_path: Path) -> None:
    configure(shop, settings_of(f"echo x >> {tmp_path}/tried; {BOTH}"))
    plan = write_plan(tmp_path / "plan.json", PLAN)
    killed = gitpar("run", plan, cwd=shop, env={"GITPAR_FAULT": "settle.settle:3:kill"})
    assert killed.status != 0
    run = facts(gitpar("resume", "--json", cwd=shop))
    assert states(run) == {"one": "landed", "two": "landed"}
    assert show(shop, tip(run), "list.txt").splitlines()[4] == "line 5 one two"
    assert (tmp_path / "tried").read_text() == "x\n", "what the agent did was kept"


STEPS = [f"settle.{when}:{n}:kill" for when in ("settle", "settled") for n in range(1, 6)]


@pytest.mark.parametrize("fault", random.Random(SEED).sample(STEPS, 3))
def test_killed_at_some_steps_of_settling_a_resume_ends_with_the_same_tree(
    shop: Path, tmp_path: Path, fault: str
) -> None:
    assert not killed_at(shop, tmp_path, fault)


@pytest.mark.long
@pytest.mark.parametrize("fault", STEPS)
def test_killed_at_each_step_of_settling_a_resume_ends_with_the_same_tree(
    shop: Path, tmp_path: Path, fault: str
) -> None:
    assert not killed_at(shop, tmp_path, fault)


def killed_at(shop: Path, tmp_path: Path, fault: str) -> list[str]:
    """Kills a run in which a union, a file made anew and an agent settle conflicts; says what is wrong."""
    lock(shop, f'{settings_of(BOTH)}[merge.regenerate]\n"app.lock" = "sort deps.txt > app.lock"\n')
    tasks: dict[str, Any] = {**PLAN, "a": needs("a", 2, "x"), "b": f"{needs('b', 18, 'y')}; {note('b')}"}
    plan = write_plan(tmp_path / "plan.json", tasks)
    killed = gitpar("run", plan, cwd=shop, env={"GITPAR_FAULT": fault})
    run = facts(gitpar("resume", "--json", cwd=shop))
    deps = show(shop, tip(run), "deps.txt").splitlines()
    log = show(shop, tip(run), "CHANGELOG.md").splitlines()
    wrong = [] if killed.status == -signal.SIGKILL else [f"{fault} was not reached"]
    wrong += [f"{name} is {state}" for name, state in states(run).items() if state != "landed"]
    wrong += [] if show(shop, tip(run), "list.txt").splitlines()[4] == "line 5 one two" else ["list.txt"]
    wrong += [] if {"dep1-a", "dep17-b"} <= set(deps) else ["deps.txt"]
    wrong += [] if show(shop, tip(run), "app.lock").splitlines() == sorted(deps) else ["app.lock"]
    wrong += [] if sorted(log[3:]) == ["- b", "- one", "- two"] else [f"CHANGELOG.md: {log}"]
    subjects = git(shop, "log", "--first-parent", "--format=%s", f"main..{tip(run)}").splitlines()
    wrong += [] if len(subjects) == len(tasks) else [f"landed: {subjects}"]
    alarms = json.loads(gitpar("verify", "--json", cwd=shop).stdout)["counts"]["alarm"]
    return [*wrong, *([f"{alarms} alarms"] if alarms else [])]


def test_what_a_person_settled_is_kept_for_the_same_conflict(shop: Path, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"one": edit(5, "one"), "two": edit(5, "two")})
    run = run_json(shop, plan, "--policy", "hold", status=1)
    gitpar("resume", "--resolve", "two", cwd=shop)
    place = shop.parent / "repo.worktrees" / f"{run['run']}.resolve" / "two"
    text = show(shop, tip(run), "list.txt").replace("line 5 one", "line 5 one two") + "\n"
    (place / "list.txt").write_text(text, encoding="utf-8")
    git(place, "commit", "--quiet", "--all", "--message", "Settled")
    assert states(facts(gitpar("resume", "--resolve", "two", "--json", cwd=shop)))["two"] == "landed"
    store = shop / ".git" / "gitpar" / "runs" / run["run"] / "settled"
    [kept] = [path.read_text(encoding="ascii").split() for path in store.iterdir()]
    assert kept == ["100644", git(place, "rev-parse", "HEAD:list.txt")]
