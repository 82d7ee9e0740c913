"""Reads what agents print while they work: one thread for all of them, a look each half second.

What it reads goes to the agent's reader; what the agent is doing is written beside the
log for whoever looks on. Decides nothing.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gitpar.agent_port import OutputReader
from gitpar.core.agents import AgentReport, Allowance, Said, Trouble
from gitpar.engine.trespass import Neighbours
from gitpar.patterns import pattern
from gitpar.ports import Backend, Job, WorkerResult
from gitpar.values import dataclass

_PAUSE_S = 0.5
_BLOCK_BYTES = 1 << 20
_REACH_BYTES = 16384
_LONGEST_LINE = 8_000_000
"""What a reader is given of a line at least; no agent prints longer ones that mean anything."""
_QUESTION_S = 15.0
"""How long a question may stand as the last thing printed before it counts as waiting for a person."""
_ESCAPES = pattern(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x1f]")
_LEFT_OUT = pattern(rb"\n\[\xe2\x80\xa6 (\d+) bytes left out \xe2\x80\xa6\]\n")


@dataclass(frozen=True, slots=True)
class Alarms:
    """Whom to tell of trouble, and of silence; `idle_s` is how long silence may last, None for ever."""

    troubled: Callable[[Trouble, str], None]
    silent: Callable[[float, str], None]
    idle_s: float | None = None
    allowance: Allowance | None = None
    """What it may take, as far as its output tells while it works."""
    whose: str = "its task's budget"
    """Whose allowance that is, for what is said when it is used up."""


class Spending:
    """What an agent takes while it works, answer by answer."""

    def __init__(self) -> None:
        self._turns = self._tokens = self._each = 0
        self._usd = self._each_usd = 0.0
        self._told = False

    def passes(self, report: AgentReport, limit: Allowance, whose: str) -> str:
        """Says once that another answer like the last ones would pass the limit; empty else."""
        turns = max(1, report.turns - self._turns)
        tokens, usd = report.tokens.all, report.cost_usd or 0.0
        if tokens > self._tokens:
            self._each = (tokens - self._tokens) // turns
        if usd > self._usd:
            self._each_usd = (usd - self._usd) / turns
        self._turns, self._tokens, self._usd = report.turns, tokens, usd
        said = ""
        if limit.tokens is not None and tokens and tokens + self._each > limit.tokens:
            said = f"{tokens} of {limit.tokens} tokens, an answer takes about {self._each}"
        elif limit.usd is not None and usd and usd + self._each_usd > limit.usd:
            said = f"${usd:.2f} of ${limit.usd:.2f}, an answer takes about ${self._each_usd:.2f}"
        if not said or self._told:
            return ""
        self._told = True
        return f"{whose} is used up: {said}"


class Watch:
    """The output of one worker: fed to its reader up to where it was looked at last."""

    def __init__(
        self,
        log: Path,
        limit_bytes: int,
        reader: OutputReader,
        alarms: Alarms | None = None,
        *,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.failed: Exception | None = None
        """What went wrong while the worker was at work; its end is the place to say so."""
        self._alarms = alarms
        self._told = Trouble.NONE
        self._slowed = 0
        self._spending = Spending()
        self._neighbours = neighbours
        self._heard_at = time.monotonic()
        self._silent = False
        self._last_line = b""
        self._log = log
        self._limit = limit_bytes
        self._reader = reader
        self._taken = 0
        self._rest = b""
        self._shown = ""
        self._shown_in = str(log.with_suffix(".activity"))
        self._lock = threading.Lock()

    def look(self) -> None:
        """Takes what is new and shows what the agent is doing."""
        with self._lock:
            before = self._taken
            self._take()
            doing = self._reader.activity()
            if doing != self._shown:
                self._shown = doing
                _show(self._shown_in, doing)
            if self._alarms is not None:
                self._listen(self._alarms, heard=self._taken != before)

    def _listen(self, alarms: Alarms, *, heard: bool) -> None:
        if heard:
            self._judge(alarms, self._reader.report())
        now = time.monotonic()
        if heard:
            self._heard_at, self._silent = now, False
        if self._silent:
            return
        for_s = now - self._heard_at
        patience_s = min(_QUESTION_S, alarms.idle_s or _QUESTION_S)
        asks = question(self._rest or self._last_line) if for_s >= patience_s else ""
        if asks or (alarms.idle_s is not None and for_s >= alarms.idle_s):
            self._silent = True
            alarms.silent(for_s, asks)

    def _judge(self, alarms: Alarms, report: AgentReport) -> None:
        """Tells of trouble, and of a budget that another answer would pass, while the agent is at work."""
        if report.said is not Said.NOTHING:
            return
        if report.trouble is not self._told or report.slowed > self._slowed:
            self._told, self._slowed = report.trouble, report.slowed
            if report.trouble is not Trouble.NONE:
                alarms.troubled(report.trouble, report.message)
        limit = alarms.allowance
        if limit is not None and (passed := self._spending.passes(report, limit, alarms.whose)):
            alarms.troubled(Trouble.BUDGET, passed)

    def end(self) -> AgentReport:
        """Takes the rest and returns what the agent told; the worker must have ended."""
        with self._lock:
            if self.failed is not None:
                raise self.failed
            self._take()
            if self._rest:
                self._reader.feed(self._rest)
                self._rest = b""
            report = self._reader.report()
        reached = tuple(self._neighbours.named) if self._neighbours is not None else ()
        return replace(report, reached=reached) if reached else report

    def _take(self) -> None:
        try:
            file = os.open(self._log, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return  # nothing was printed yet
        try:
            shift = self._shift(file)
            while data := os.pread(file, _BLOCK_BYTES, self._taken - shift):
                self._taken += len(data)
                for line in (lines := self._lines(data)):
                    self._reader.feed(line.rstrip(b"\r"))
                    if self._neighbours is not None:
                        self._neighbours.look(line)
                self._last_line = next((line for line in reversed(lines) if line.strip()), self._last_line)
        finally:
            os.close(file)

    def _lines(self, data: bytes) -> list[bytes]:
        """Takes a block and returns the lines that are whole now; of an endless one only so much is kept."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = rest
        elif len(self._rest) <= _LONGEST_LINE:
            self._rest += rest
        return lines

    def _shift(self, file: int) -> int:
        """By how much the log's own positions lag behind the output: its middle may have been cut out."""
        middle = max(0, self._limit // 2 - _REACH_BYTES)
        if os.fstat(file).st_size <= middle:
            return 0
        found = _LEFT_OUT.search(os.pread(file, _REACH_BYTES * 2, middle))
        if found is None or self._taken <= middle + found.start():
            return 0
        shift = int(found[1]) - len(found[0])
        tail_at = middle + found.end()
        if self._taken - shift < tail_at:
            # what lies between was cut before it was seen
            self._taken = tail_at + shift
            self._rest = b""
        return shift


def read_log(log: Path, limit_bytes: int, reader: OutputReader) -> AgentReport:
    """Returns what the agent told in a log that nobody writes any more."""
    return Watch(log, limit_bytes, reader).end()


_QUESTION = pattern(
    r"\(y(es)?/n(o)?\)|\[y/n\]|\[yes/no\]|do you want to (proceed|continue|allow|make|create|run)"
    r"|(allow|approve|grant|permit)\b.{0,80}\?|press (enter|any key)|"
    r"waiting for (your )?(approval|permission|input)"
    r"|password( for [^:]*)?:\s*$|passphrase.*:\s*$|are you sure",
    re.IGNORECASE,
)
_LONGEST_QUESTION = 200


def question(line: bytes) -> str:
    """Returns the question that a program seems to wait with; empty where the line is none.

    Events of agents (JSON) are not: a model may write any sentence.
    """
    text = _ESCAPES.sub("", line.decode(errors="replace")).strip()
    return text[:_LONGEST_QUESTION] if not text.startswith("{") and _QUESTION.search(text) else ""


class Watching:
    """Looks at every watch in turn, on a thread that is started when the first is added."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._over = False

    def add(self, watch: Watch) -> None:
        """Begins to look."""
        with self._changed:
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._go, name="watching", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, watch: Watch) -> None:
        """Looks no more."""
        with self._changed:
            self._watches.discard(watch)

    def run(
        self, backend: Backend, job: Job, started: Callable[[int], None], watch: Watch | None
    ) -> WorkerResult:
        """Runs a worker to its end and looks at it meanwhile, where it has a watch."""
        if watch is None:
            return backend.run(job, started)
        self.add(watch)
        try:
            return backend.run(job, started)
        finally:
            self.remove(watch)

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _go(self) -> None:
        while True:
            with self._changed:
                if not self._watches:
                    self._changed.wait_for(lambda: self._watches or self._over)
                else:
                    self._changed.wait_for(lambda: self._over, _PAUSE_S)
                if self._over:
                    return
                watches = list(self._watches)
            for watch in watches:
                try:
                    watch.look()
                except Exception as error:  # noqa: BLE001 - a reader of another package; `end` raises it
                    watch.failed = error
                    self.remove(watch)


def _show(path: str, doing: str) -> None:
    """Writes the line that the live display reads, in one step. Several times a second, so by plain calls."""
    part = f"{path}.part"
    try:
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            os.write(file, f"{doing}\n".encode(errors="replace"))
        finally:
            os.close(file)
        os.rename(part, path)  # noqa: PTH104 - see above
    except OSError:
        Path(part).unlink(missing_ok=True)  # a full disk: the work is worth more than the line
