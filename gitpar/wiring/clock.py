"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """Time as the machine tells it."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()
