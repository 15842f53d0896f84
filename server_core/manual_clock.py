"""A clock for tests that only moves when told to."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading

from .clock import Clock


class ManualClock(Clock):
    """A `Clock` that moves only by `advance`. Callable from any thread."""

    def __init__(self, now: float = 1_800_000_000.0, monotonic: float = 1000.0) -> None:
        self._epoch = now - monotonic
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds since the epoch, on this clock."""
        return self._epoch + self._monotonic

    def monotonic(self) -> float:
        """Seconds, on this clock."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has advanced by `seconds`, but not before the loop's next turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many sleepers are waiting for this clock."""
        with self._lock:
            return sum(not future.done() for _due, _order, future in self._sleepers)

    def advance(self, seconds: float) -> None:
        """Advance the clock and wake the sleepers that are due: earliest first, ties in the order of their calls."""
        if seconds < 0:
            raise ValueError("A clock never goes back; seconds must be at least 0")
        with self._lock:
            self._monotonic += seconds
            due: list[asyncio.Future[None]] = []
            while self._sleepers and self._sleepers[0][0] <= self._monotonic:
                due.append(heapq.heappop(self._sleepers)[2])
        for future in due:
            loop = future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake_sleeper, future)


def _wake_sleeper(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
