"""Plans worked on by agents, as a user types it; the agents' programs are scripts of the test."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_programs import (
    claude_init,
    claude_result,
    claude_retry,
    claude_tool,
    prints,
    program,
    settings,
)
from tests.support.cli import gitpar
from tests.support.plans import facts, run_json, show, states, tip, write_plan
from tests.support.sealed import git

BLOCK = 'All done.\n\n```json\n{"status": "pass", "files_modified": ["made.txt", "other.txt"]}\n```'


@pytest.fixture
def claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on PATH; tests put programs there."""
    folder = tmp_path / "bin"
    program(folder, "claude", prints(claude_init()) + "cat > made.txt\n" + prints(claude_result()))
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def test_an_agent_gets_the_prompt_and_its_report_is_told(repo: Path, tmp_path: Path, claude: Path) -> None:
    plan = write_plan(tmp_path / "plan.json", {"one": {"title": "Make it", "prompt": "Make it so."}})
    run = run_json(repo, plan, "--agent", "claude")
    assert states(run) == {"one": "landed"}
    prompt = show(repo, tip(run), "made.txt")
    assert "Make it so." in prompt
    assert "# Make it\n" in prompt
    [attempt] = run["tasks"][0]["attempts"]
    assert attempt["agent"] == {
        "name": "claude",
        "session": "11111111-2222-4333-8444-555555555555",
        "said": "ended",
        "trouble": None,
        "message": "Done.",
        "turns": 2,
        "tokens": {"in": 1000, "out": 50, "cached": 300, "stored": 0},
        "cost_usd": 0.01,
        "claimed": None,
    }
    again = json.loads(gitpar("status", "--json", cwd=repo).stdout)
    assert again == run
    assert claude.is_dir()


def test_who_works_is_chosen_by_task_wave_plan_and_run(repo: Path, tmp_path: Path, claude: Path) -> None:
    program(claude, "codex", "cat > /dev/null; echo codex > $GITPAR_TASK")
    program(claude, "claude", prints(claude_init()) + "cat > /dev/null; echo claude > $GITPAR_TASK")
    settings(
        repo,
        'agent = "claude"\n[agents.third]\nkind = "codex"\nflags = ["--odd flag"]\n'
        '[agents.own]\ncommand = "echo own $OF > $GITPAR_TASK"\nenv = { OF = "profile" }\n',
    )
    plan = write_plan(
        tmp_path / "plan.json",
        {
            "a": {"prompt": "x"},
            "b": {"prompt": "x", "agent": "codex"},
            "c": {"prompt": "x", "depends_on": ["a"]},
            "d": {"prompt": "x", "depends_on": ["a"]},
            "e": "echo command > e",
        },
    )
    run = run_json(repo, plan, "--agent", "wave:2=third", "--agent", "task:d=own")
    assert {t: show(repo, tip(run), t) for t in "abcde"} == {
        "a": "claude",
        "b": "codex",
        "c": "codex",
        "d": "own profile",
        "e": "command",
    }
    who = {t["id"]: (t["attempts"][0]["agent"] or {}).get("name") for t in run["tasks"]}
    assert who == {"a": "claude", "b": "codex", "c": "third", "d": "own", "e": None}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--agent", "claud"), ("there is no agent `claud`", "Did you mean `claude`?")),
        (("--agent", "gemini"), ("needs the program `gemini`, which is not on PATH", "npm install -g")),
        (("--agent", "task:x=claude"), ("the plan has no task `x`",)),
        (("--agent", "wave:3=claude"), ("the plan has 1 waves",)),
        (("--agent", "task:own=claude"), ("has a command of its own",)),
        (("--agent", "wave:=claude"), ("names no agent",)),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(
    repo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    told: tuple[str, ...],
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}, "own": "true"})
    done = gitpar("run", plan, "--agent", "claude", *options, cwd=repo)
    assert done.status in (2, 3)
    assert [part for part in told if part not in done.stderr] == []
    assert not (repo / ".git" / "gitpar").exists()


def test_an_agents_word_is_held_against_what_git_shows(repo: Path, tmp_path: Path, claude: Path) -> None:
    program(
        claude,
        "claude",
        prints(claude_init()) + "echo x > made.txt; echo y > quiet.txt\n" + prints(claude_result(BLOCK)),
    )
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}})
    done = gitpar("run", plan, "--agent", "claude", cwd=repo)
    assert done.status == 0
    for text in (
        "one#1 says it changed `other.txt`, and git shows no such change",
        "one#1 changed `quiet.txt` without saying so",
    ):
        assert text in done.stderr
        assert text in done.stdout
    assert "1.3k tokens in (300 cached), 50 out by 1 attempt, $0.01 as far as the agents say" in done.stdout


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("I have committed it.", ("failed", "nothing was changed; it said: I have committed it.")),
        (BLOCK, ("failed", "nothing was changed although the agent says it did")),
        ('```json\n{"status": "pass", "files_modified": []}\n```', ("landed", "changed nothing")),
        (
            '```json\n{"status": "blocked", "blocker": "no key"}\n```',
            ("failed", "the agent is blocked: no key"),
        ),
    ],
)
def test_an_agent_that_changes_nothing(
    repo: Path, tmp_path: Path, claude: Path, said: str, outcome: tuple[str, str]
) -> None:
    program(claude, "claude", "cat > /dev/null\n" + prints(claude_init(), claude_result(said)))
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}})
    run = run_json(
        repo, plan, "--agent", "claude", "--retries", "0", status=0 if outcome[0] == "landed" else 1
    )
    assert (run["tasks"][0]["state"], run["tasks"][0]["reason"]) == outcome


def test_a_retry_goes_on_in_the_session_and_is_told_what_was(
    repo: Path, tmp_path: Path, claude: Path
) -> None:
    body = (
        'echo "$@" >> "$GITPAR_RESULT_FILE"\ncat > prompt.txt; cp "$GITPAR_RESULT_FILE" args.txt\n'
        + prints(claude_init())
        + '[ "$GITPAR_ATTEMPT" = 2 ] && '
        + prints(claude_result())
        + 'if [ "$GITPAR_ATTEMPT" = 1 ]; then '
        + prints(claude_result("API Error: it broke", is_error=True))
        + "exit 1\nfi\n"
    )
    program(claude, "claude", body)
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "Make it."}})
    run = run_json(repo, plan, "--agent", "claude")
    assert [a["state"] for a in run["tasks"][0]["attempts"]] == ["failed", "succeeded"]
    assert "--resume 11111111-2222-4333-8444-555555555555" in show(repo, tip(run), "args.txt")
    prompt = show(repo, tip(run), "prompt.txt")
    assert "You worked on this task before" in prompt
    assert "Attempt 1 did not succeed: exit status 1: API Error: it broke" in prompt
    keep = run["tasks"][0]["attempts"][0]["keep_ref"]
    assert f"git checkout {keep} -- ." in prompt
    settings(repo, '[agents.claude]\nretry = "fresh"\n')
    run = run_json(repo, plan, "--agent", "claude")
    assert "--resume" not in show(repo, tip(run), "args.txt")
    assert "Make it." in show(repo, tip(run), "prompt.txt")


def test_what_an_agent_is_doing_can_be_seen_while_it_works(repo: Path, tmp_path: Path, claude: Path) -> None:
    wait = 'until grep -q editing "${GITPAR_PROGRESS%.progress}.activity"; do sleep 0.05; done\n'
    body = "cat > made.txt\n" + prints(claude_init(), claude_tool("Edit", file_path="src/x.py")) + wait
    program(claude, "claude", body + prints(claude_result()))
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x", "timeout_s": 30}})
    assert states(run_json(repo, plan, "--agent", "claude")) == {"one": "landed"}


def test_the_log_of_a_chatty_agent_is_read_to_the_end(repo: Path, tmp_path: Path, claude: Path) -> None:
    noise = json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "x" * 400}]}})
    body = f"cat > made.txt\nyes '{noise}' | head -2000\n"
    program(claude, "claude", prints(claude_init()) + body + prints(claude_result()))
    settings(repo, 'log_limit = "100 kB"\n')
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}})
    [attempt] = run_json(repo, plan, "--agent", "claude")["tasks"][0]["attempts"]
    assert attempt["agent"]["session"].startswith("11111111")
    assert attempt["agent"]["tokens"]["in"] == 1000


def test_an_old_program_is_a_notice(repo: Path, tmp_path: Path, claude: Path) -> None:
    program(claude, "claude", "cat > made.txt\n" + prints(claude_result()), version="1.0.3")
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}})
    done = gitpar("run", plan, "--agent", "claude", cwd=repo)
    newer = "to get a newer one: npm install -g @anthropic-ai/claude-code"
    assert f"note: agent `claude`: `claude` is 1.0.3; 2.0 or newer was tried; {newer}" in done.stderr


def test_doctor_looks_for_the_agents_that_are_named(repo: Path, claude: Path) -> None:
    program(claude, "codex", "true", version="0.2.0")
    settings(
        repo, 'agent = "claude"\n[agents.codex]\n[agents.far]\nkind = "qwen"\nprogram = "no-such-qwen"\n'
    )
    done = gitpar("doctor", "--json", cwd=repo)
    assert done.status == 3
    found = {one["title"]: (one["ok"], one["detail"]) for one in json.loads(done.stdout)}
    assert found["agent claude"] == (True, "claude 9.9.9")
    assert found["agent codex"] == (None, "`codex` is 0.2.0; 0.100 or newer was tried")
    assert found["agent far"] == (False, "`no-such-qwen` is not on PATH")


@pytest.mark.parametrize(
    "case",
    [
        (
            "printf 'Allow this command? (y/n) '",
            "it waits for an answer that nobody gives: Allow this command? (y/n)",
            "3",
        ),
        ("echo working", "it printed nothing for ", "0"),
    ],
)
def test_an_agent_that_waits_for_ever_is_ended_and_its_words_are_quoted(
    repo: Path, tmp_path: Path, claude: Path, case: tuple[str, str, str]
) -> None:
    last, told, retries = case
    program(claude, "claude", f"cat > made.txt\n{prints(claude_init())}{last}\nsleep 2929")
    settings(repo, '[agents.claude]\nidle_timeout = "1s"\n')
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}})
    run = run_json(repo, plan, "--agent", "claude", "--retries", retries, "--grace", "0.2", status=1)
    assert run["tasks"][0]["reason"].startswith(told)
    [attempt] = run["tasks"][0]["attempts"]
    assert show(repo, attempt["keep_ref"], "made.txt")


def test_a_worker_is_ended_before_the_answer_that_would_pass_its_tasks_budget(
    repo: Path, tmp_path: Path, claude: Path
) -> None:
    def answer(n: int) -> dict[str, Any]:
        usage = {"input_tokens": 900, "output_tokens": 100}
        said = claude_tool("Bash", command="ls")
        return {**said, "message": {**said["message"], "id": f"m{n}", "usage": usage}}

    # the same answer comes in pieces, each with what it took so far
    steps = [prints(claude_init(), answer(1), answer(1)), prints(answer(2)), "sleep 60"]
    program(claude, "claude", "\n".join(steps))
    settings(repo, 'agent = "claude"\ngrace = "1s"\ntask_max_tokens = "2500"\n')
    began = time.monotonic()
    done = gitpar(
        "run", write_plan(tmp_path / "plan.json", {"one": {"prompt": "Do it."}}), "--json", cwd=repo
    )
    run = facts(done, 1)
    assert time.monotonic() - began < 40
    assert run["tasks"][0]["reason"] == (
        "its task's budget is used up: 2000 of 2500 tokens, an answer takes about 1000; "
        "its own budget is used up: 2000 of 2500 tokens"
    )
    [attempt] = run["tasks"][0]["attempts"]
    assert attempt["agent"]["tokens"] == {"in": 1800, "out": 200, "cached": 0, "stored": 0}
    assert run["metrics"]["tokens"] == attempt["agent"]["tokens"]


def test_what_is_left_of_a_budget_is_told_to_claude_and_shown(
    repo: Path, tmp_path: Path, claude: Path
) -> None:
    program(claude, "claude", f'echo "$@" >> "$GITPAR_TASK.txt"\n{prints(claude_init(), claude_result())}')
    settings(repo, 'agent = "claude"\ntask_max_cost = 0.5\n[agents.claude]\nmax_cost_usd = 0.3\n')
    tasks: dict[str, str | dict[str, Any]] = {
        "one": {"prompt": "Do it."},
        "two": {"prompt": "Do it.", "max_cost_usd": 0.25},
    }
    done = gitpar("run", write_plan(tmp_path / "plan.json", tasks), "--json", cwd=repo)
    run = facts(done)
    assert "--max-budget-usd 0.3 " in show(repo, tip(run), "one.txt") + " "
    assert "--max-budget-usd 0.25 " in show(repo, tip(run), "two.txt") + " "
    assert run["metrics"]["cost_usd"] == pytest.approx(0.02)
    report = gitpar("report", run["run"], cwd=repo).stdout
    assert "What took most" in report
    assert "one: 2 answers, 1.3k tokens in (300 cached), 50 out, $0.01" in report


def test_a_refused_key_stops_the_run_and_a_resume_goes_on(repo: Path, tmp_path: Path, claude: Path) -> None:
    refused = prints(claude_init(), claude_retry(401, "authentication_failed")) + "sleep 2929"
    works = f"cat > $GITPAR_TASK.txt\n{prints(claude_init(), claude_result())}"
    program(claude, "claude", f"if [ ! -e {tmp_path}/mended ]; then\n{refused}\nfi\n{works}")
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}, "two": {"prompt": "x"}})
    done = gitpar("run", plan, "--agent", "claude", "--jobs", "1", "--grace", "0.2", cwd=repo)
    assert done.status == 3
    assert "`claude` cannot work: its key was refused (authentication_failed 401)" in done.stderr
    assert "give `claude` a key that works:" in done.stdout
    (tmp_path / "mended").touch()
    resumed = gitpar("resume", "--json", cwd=repo)
    assert states(json.loads(resumed.stdout)) == {"one": "landed", "two": "landed"}


def test_another_agent_takes_over(repo: Path, tmp_path: Path, claude: Path) -> None:
    program(
        claude, "claude", "cat > /dev/null\n" + prints(claude_init(), claude_retry(401, "no")) + "sleep 2929"
    )
    program(claude, "codex", "cat > by-codex.txt")
    settings(repo, '[agents.claude]\nfallback = "codex"\n')
    plan = write_plan(tmp_path / "plan.json", {"one": {"prompt": "Make it."}})
    run = run_json(repo, plan, "--agent", "claude", "--grace", "0.2")
    assert [a["agent"]["name"] for a in run["tasks"][0]["attempts"]] == ["claude", "codex"]
    assert "Attempt 1 did not succeed: its key was refused (no 401)" in show(repo, tip(run), "by-codex.txt")


def test_a_stream_keeps_its_agents_session_where_its_worktree_is_free(
    repo: Path, tmp_path: Path, claude: Path
) -> None:
    told = f'pwd > "$GITPAR_TASK.cwd"; echo "$@" > "$GITPAR_TASK.txt"; touch "{tmp_path}/$GITPAR_TASK"'
    program(claude, "claude", f"{told}\n{prints(claude_init(), claude_result())}")
    settings(repo, 'agent = "claude"\n[streams.api]\nsession = "keep"\n')
    tasks: dict[str, str | dict[str, Any]] = {
        **{f"a{n}": {"prompt": "Do it.", "stream": "api"} for n in range(3)},
        # two that keep their worktrees as long as the stream is at work: the third one is free for it
        **{f"o{n}": f"until test -e {tmp_path}/a2; do sleep 0.02; done; echo {n} > o{n}" for n in range(2)},
        "last": {"prompt": "Do it.", "stream": "api", "depends_on": ["a0", "a1", "o1"]},
    }
    run = run_json(repo, write_plan(tmp_path / "plan.json", tasks), "--jobs", "3")
    assert set(states(run).values()) == {"landed"}
    names = ("a0", "a1", "a2", "last")
    assert len({show(repo, tip(run), f"{name}.cwd") for name in names}) == 1
    resumed = ["--resume 1111" in show(repo, tip(run), f"{name}.txt") for name in names]
    assert resumed == [False, True, True, True]
    assert run["streams"][0]["jobs"] == 1


DROPPINGS = (
    *(".claude/settings.local.json", ".aider.chat.history.md", ".aider.tags.cache.v4/x", ".gemini/tmp"),
    *(".opencode/node_modules/x", ".qwen/x", ".codex/log"),
)


@pytest.mark.parametrize("commits", [True, False])
def test_what_agents_leave_behind_is_no_result_unless_it_is_tracked(
    repo: Path, tmp_path: Path, claude: Path, *, commits: bool
) -> None:
    tracked = repo / ".gemini/settings.json"
    tracked.parent.mkdir()
    tracked.write_text("{}\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "Settings")
    made = "\n".join(f"mkdir -p $(dirname {name}); echo x > {name}" for name in DROPPINGS)
    commit = "git add -A; git commit -qm 'All of it'" if commits else ":"
    work = f"{made}\necho new > .gemini/settings.json; echo f > f; echo c > .aider.conf.yml; {commit}"
    program(claude, "claude", f"{work}\n{prints(claude_init(), claude_result())}")
    run = run_json(repo, write_plan(tmp_path / "plan.json", {"one": {"prompt": "x"}}), "--agent", "claude")
    assert run["tasks"][0]["files"] == [".aider.conf.yml", ".gemini/settings.json", "f"]
    assert states(run) == {"one": "landed"}
