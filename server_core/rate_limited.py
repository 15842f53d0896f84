"""Log lines for people, kept from becoming a flood."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimitedLines:
    """Writes the first few lines, then one every few seconds with a count of those omitted. Not thread-safe."""

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        first: int = 5,
        seconds: float = 10.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args:
        first: how many lines are written immediately.
        seconds: the minimum pause before each later one.
        """
        self._write = write
        self._left = first
        self._seconds = seconds
        self._now = now
        self._next = 0.0
        self._omitted = 0

    def add(self, line: str) -> bool:
        """Write `line`, or only count it; returns whether it was written."""
        now = self._now()
        if self._left <= 0 and now < self._next:
            self._omitted += 1
            return False
        self._left -= 1
        self._next = now + self._seconds
        omitted, self._omitted = self._omitted, 0
        self._write(f"{line} (and {omitted} more since the last line)" if omitted else line)
        return True

    def close(self) -> None:
        """Report the number of omitted lines, if any."""
        if self._omitted:
            self._write(f"{self._omitted} more like the last line")
        self._omitted = 0
