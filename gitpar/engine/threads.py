"""Threads that carry out what is submitted, in its order.

As `ThreadPoolExecutor` of the standard library, but without futures, which nobody here
asks for anything, and without the `logging` that comes with them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

Action = Callable[[], None]


class Threads:
    """Up to `most` threads, each started when there is something to do and no other is free.

    What an action raises is handed to `failed`.
    """

    def __init__(self, most: int, name: str, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._most = most
        self._name = name
        self._due: SimpleQueue[Action | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = 0
        self._lock = threading.Lock()

    def submit(self, action: Action) -> None:
        """Has an action carried out as soon as there is a thread for it; returns at once."""
        with self._lock:
            self._due.put(action)
            if self._free:
                self._free -= 1
            elif len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name=f"{self._name}_{len(self._threads)}")
                self._threads.append(thread)
                thread.start()

    def drain(self) -> None:
        """Waits for everything that was begun or is queued; takes nothing more."""
        for _ in self._threads:
            self._due.put(None)
        for thread in self._threads:
            thread.join()

    def shut_down(self) -> None:
        """Waits for everything that was begun; what is queued is not begun."""
        try:
            while True:
                self._due.get_nowait()
        except Empty:
            self.drain()

    def _work(self) -> None:
        while (action := self._due.get()) is not None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - handed on
                self._failed(error)
            with self._lock:
                self._free += 1
