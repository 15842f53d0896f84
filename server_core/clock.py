"""Time as a parameter: everything in the core asks a `Clock`, so that tests and the workbench can move it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Where the core gets its time from. Safe to read from any thread."""

    def now(self) -> float:
        """Seconds since the epoch: for people and for files, never for measuring."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back: for ages, time-outs and durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of `monotonic` time; cancellable."""
        ...


def shared_now(clock: Clock) -> float:
    """Seconds since the epoch as other processes have it: without what this one's clock has jumped on purpose."""
    ahead: float = getattr(clock, "ahead", 0.0)
    return clock.now() - ahead


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
