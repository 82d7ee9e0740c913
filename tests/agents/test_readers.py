"""What is made of agents' output: the published samples, and output that is not what it should be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitpar.agent_port import OutputReader
from gitpar.agents.aider import AiderReader
from gitpar.agents.claude import ClaudeReader
from gitpar.agents.codex import CodexReader
from gitpar.agents.gemini import GeminiReader
from gitpar.agents.opencode import OpencodeReader
from gitpar.agents.qwen import QwenReader
from gitpar.agents.saying import last_words, trouble_of
from gitpar.core.agents import AgentReport, Said, Tokens, Trouble
from tests.support.agent_programs import claude_init, claude_result, claude_retry, claude_tool
from tests.support.amounts import examples

READERS: dict[str, type[OutputReader]] = {
    "aider": AiderReader,
    "claude": ClaudeReader,
    "codex": CodexReader,
    "gemini": GeminiReader,
    "opencode": OpencodeReader,
    "qwen": QwenReader,
}
EDITED = "Added greet.py and committed."
FULL = Tokens(fresh=2100, cached=900, out=150)
CLAUDE = Tokens(fresh=1000, cached=300, stored=200, out=50)
SAMPLES = {
    "claude_stream.jsonl": AgentReport(
        said=Said.ENDED,
        message=EDITED,
        session="c6f50c1e-7db3-4864-94c5-57134c8aab7a",
        turns=3,
        tokens=Tokens(fresh=3000, cached=900, stored=600, out=150),
        cost_usd=0.02295,
    ),
    "claude_429.jsonl": AgentReport(
        said=Said.ENDED,
        message="ok after 429",
        session="1a3e0a5f-7d09-4b23-abf8-4e750beda58a",
        turns=1,
        tokens=CLAUDE,
        cost_usd=0.00765,
        slowed=2,
    ),
    "claude_budget.json": AgentReport(
        said=Said.FAILED,
        trouble=Trouble.BUDGET,
        message="it stopped at its budget",
        session="2d71a275-d5bd-4fb6-b310-94a814d4094f",
        turns=1,
        tokens=CLAUDE,
        cost_usd=0.00765,
    ),
    "claude_maxturns.json": AgentReport(
        said=Said.FAILED,
        trouble=Trouble.TURNS,
        message="it stopped after as many turns as it was allowed",
        session="1d946a0c-c018-4534-a14c-401a8776202c",
        turns=2,
        tokens=CLAUDE,
        cost_usd=0.00765,
    ),
    "claude_int.jsonl": AgentReport(session="e3396a0b-abd7-4472-aff7-d5b66d334b2a"),
    "codex.jsonl": AgentReport(
        said=Said.ENDED,
        message=EDITED,
        session="01a1fd14-212c-79d0-b8dc-1be40e79c8c9",
        turns=3,
        tokens=FULL,
    ),
    "codex_401.jsonl": AgentReport(
        said=Said.FAILED,
        trouble=Trouble.KEY,
        message="unexpected status 401 Unauthorized: bad key, url: http://127.0.0.1:18080/v1/responses",
        session="01a1fd16-344c-7c32-8575-468921917428",
    ),
    "gemini.jsonl": AgentReport(
        said=Said.ENDED,
        message=EDITED,
        session="e75f9d45-2abc-4416-a3e1-f1b28f8feace",
        turns=3,
        tokens=FULL,
    ),
    "opencode.jsonl": AgentReport(
        said=Said.ENDED,
        message=EDITED,
        session="ses_e02ebcddbffe4LQMc7y0WChPWb",
        turns=3,
        tokens=FULL,
        cost_usd=0.00285,
    ),
    "qwen.jsonl": AgentReport(
        said=Said.ENDED,
        message=EDITED,
        session="8fc59dfd-06aa-493c-a8db-3ee71a85888c",
        turns=3,
        tokens=FULL,
    ),
    "aider.txt": AgentReport(
        said=Said.ENDED,
        message="done",
        turns=1,
        tokens=Tokens(fresh=1000, out=50),
        claimed=("greet.py",),
    ),
    "aider_noedit.txt": AgentReport(
        said=Said.ENDED,
        message="I cannot do that.",
        turns=1,
        tokens=Tokens(fresh=1000, out=50),
        claimed=(),
    ),
    "aider_401.txt": AgentReport(
        said=Said.FAILED,
        trouble=Trouble.KEY,
        message="AuthenticationError: OpenAIException - bad key",
        claimed=(),
    ),
}


def read(reader: OutputReader, output: bytes) -> AgentReport:
    for line in output.splitlines():
        reader.feed(line)
    return reader.report()


@pytest.mark.parametrize("name", [*SAMPLES, "claude_400.jsonl"])
def test_a_published_sample(samples: Path, name: str) -> None:
    path = samples / "agents" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    reader = READERS[name.split("_", maxsplit=1)[0].split(".", maxsplit=1)[0]]()
    report = read(reader, path.read_bytes())
    if name == "claude_400.jsonl":
        assert (report.said, report.trouble) == (Said.FAILED, Trouble.TOO_LONG)
        assert report.message.startswith("Prompt is too long")
        return
    expected = SAMPLES[name]
    assert report.cost_usd == pytest.approx(expected.cost_usd)
    assert report == AgentReport(
        **{f: getattr(expected, f) for f in AgentReport.__slots__ if f != "cost_usd"},
        cost_usd=report.cost_usd,
    )


def test_every_sample_there_is_has_its_expectation(samples: Path) -> None:
    folder = samples / "agents"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    assert {path.name for path in folder.iterdir()} == {*SAMPLES, "claude_400.jsonl"}


def lines(*objects: object) -> bytes:
    return "\n".join(map(json.dumps, objects)).encode()


def test_what_an_agent_is_doing_is_told_while_it_works() -> None:
    reader = ClaudeReader()
    seen = []
    for each in (
        claude_init(),
        claude_tool("Read", file_path="src/x.py"),
        claude_tool("Edit", file_path="src/x.py"),
        claude_tool("Bash", command="cd app && python -m pytest -q"),
        claude_tool("Bash", command="ls -la"),
        claude_tool("Grep", pattern="x"),
    ):
        reader.feed(lines(each))
        seen.append(reader.activity())
    assert seen == [
        "",
        "reading src/x.py",
        "editing src/x.py",
        "running tests",
        "running ls -la",
        "searching",
    ]


def test_a_trouble_that_passes_is_forgotten_and_one_that_lasts_is_not() -> None:
    reader = ClaudeReader()
    read(reader, lines(claude_init(), claude_retry(429, "rate_limit")))
    assert reader.activity() == "waiting, its provider says to: rate_limit 429"
    assert reader.report().trouble is Trouble.RATE_LIMIT
    read(reader, lines(claude_tool("Read", file_path="a")))
    assert reader.report().trouble is Trouble.NONE
    failed = claude_result("API Error: 401", is_error=True, api_error_status=401)
    assert read(reader, lines(failed)).trouble is Trouble.KEY


def test_the_json_block_at_the_end_says_what_was_done() -> None:
    block = json.dumps(
        {"status": "pass", "files_modified": ["./a.py"], "files_created": ["b.py"], "notes": "Mind the cache"}
    )
    report = read(ClaudeReader(), lines(claude_result(f"All done.\n\n```json\n{block}\n```\n")))
    assert (report.said, report.claimed, report.notes) == (Said.DONE, ("a.py", "b.py"), "Mind the cache")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TASK COMPLETE", Said.DONE),
        ("**TASK_COMPLETE**\nbye", Said.DONE),
        ("BATCH_COMPLETE", Said.DONE),
        ("I cannot say TASK COMPLETE yet", Said.ENDED),
        ('```json\n{"status": "blocked", "blocker": "no network"}\n```', Said.BLOCKED),
        ('```json\n{"status": "fail"}\n```\nTASK COMPLETE', Said.FAILED),
        ('```json\n{"status": "fail"}\n```\nagain\n```json\n{"status": "pass"}\n```', Said.DONE),
        ('```json\n{"no": "status"}\n```', Said.ENDED),
        ("```json\n{broken\n```", Said.ENDED),
        ("", Said.ENDED),
    ],
)
def test_last_words(text: str, said: Said) -> None:
    assert last_words(text).said is said


@pytest.mark.parametrize(
    ("text", "status", "trouble"),
    [
        ("", 401, Trouble.KEY),
        ("", 403, Trouble.KEY),
        ("", 429, Trouble.RATE_LIMIT),
        ("", 529, Trouble.OVERLOADED),
        ("unexpected status 503", None, Trouble.OVERLOADED),
        ("Invalid API key · Please run /login", None, Trouble.KEY),
        ("You have hit your usage limit", None, Trouble.RATE_LIMIT),
        ("connect ECONNREFUSED 127.0.0.1:1", None, Trouble.OVERLOADED),
        ("No conversation found with session ID: 1", None, Trouble.SESSION),
        ("the tests do not pass", None, Trouble.NONE),
        ("wrote 401 lines", None, Trouble.NONE),
    ],
)
def test_what_an_error_means(text: str, status: int | None, trouble: Trouble) -> None:
    assert trouble_of(text, status) is trouble


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "subtype",
                    "message",
                    "content",
                    "usage",
                    "part",
                    "tokens",
                    "item",
                    "stats",
                    "role",
                    "error",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    (
        *("system", "assistant", "result", "item.completed", "item.started", "turn.completed", "turn.failed"),
        *("error", "thread.started", "init", "message", "tool_use", "step_finish", "text"),
    )
)


@examples(30)
@given(
    st.lists(
        st.tuples(KINDS, st.dictionaries(st.text(max_size=9), JSON, max_size=4)) | st.binary(max_size=80)
    )
)
def test_no_output_makes_a_reader_fail(found: list[tuple[str, dict[str, object]] | bytes]) -> None:
    for made in READERS.values():
        reader = made()
        for each in found:
            reader.feed(
                each if isinstance(each, bytes) else json.dumps({**each[1], "type": each[0]}).encode()
            )
            reader.activity()
        report = reader.report()
        assert report.tokens.all >= 0
        assert "\n" not in report.message
