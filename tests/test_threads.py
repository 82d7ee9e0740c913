"""Threads that carry out what is submitted, in its order."""

from __future__ import annotations

import sys
import threading
import time
from queue import SimpleQueue

from gitpar.engine.threads import Threads

LONGEST_S = 30.0


def waits(thread: threading.Thread) -> bool:
    """Says whether a thread waits for another one."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_name != "join":
        frame = frame.f_back
    return frame is not None


def test_one_thread_does_everything_in_order() -> None:
    done: list[tuple[int, str]] = []
    threads = Threads(1, "lane", done.append)  # type: ignore[arg-type] # nothing fails
    for number in range(100):
        threads.submit(lambda number=number: done.append((number, threading.current_thread().name)))  # type: ignore[misc]
    threads.drain()

    assert done == [(number, "lane_0") for number in range(100)]


def test_a_thread_is_started_for_each_until_there_are_enough_and_those_that_are_free_are_used() -> None:
    names: SimpleQueue[str] = SimpleQueue()
    go = threading.Semaphore(0)

    def work() -> None:
        names.put(threading.current_thread().name)
        go.acquire(timeout=LONGEST_S)

    threads = Threads(3, "a", AssertionError)  # type: ignore[arg-type]
    for _ in range(5):
        threads.submit(work)
    begun = {names.get(timeout=LONGEST_S) for _ in range(3)}
    assert begun == {"a_0", "a_1", "a_2"}
    assert names.empty()
    go.release(5)
    threads.drain()

    assert names.qsize() == 2


def test_what_fails_is_told_and_does_not_end_its_thread() -> None:
    failures: list[BaseException] = []
    done: list[str] = []

    def fail() -> None:
        raise ValueError("no")

    threads = Threads(1, "a", failures.append)
    threads.submit(fail)
    threads.submit(lambda: done.append("after"))
    threads.drain()

    assert [str(each) for each in failures] == ["no"]
    assert done == ["after"]


def test_what_is_queued_is_not_begun_at_the_end_and_what_was_begun_is_waited_for() -> None:
    began, go = threading.Event(), threading.Event()
    done: list[int] = []

    def work() -> None:
        began.set()
        go.wait(LONGEST_S)
        done.append(1)

    threads = Threads(1, "a", AssertionError)  # type: ignore[arg-type]
    threads.submit(work)
    threads.submit(lambda: done.append(2))
    began.wait(LONGEST_S)
    ending = threading.Thread(target=threads.shut_down)
    ending.start()
    while not waits(ending):
        time.sleep(0.001)
    go.set()
    ending.join(LONGEST_S)

    assert done == [1]
