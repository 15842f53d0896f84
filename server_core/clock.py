"""Time as a parameter: the core always asks a `Clock`, so that tests and the workbench can control it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """The core's source of time. Safe to read from any thread."""

    def now(self) -> float:
        """Seconds since the epoch, for display and files, never for measuring."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back, for ages, timeouts and durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of `monotonic` time; cancellable."""
        ...


def shared_now(clock: Clock) -> float:
    """Seconds since the epoch as other processes see them: without this clock's injected jumps."""
    ahead: float = getattr(clock, "ahead", 0.0)
    return clock.now() - ahead


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
