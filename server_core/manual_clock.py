"""A clock that stands still until it is moved: for tests."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading

from .clock import Clock


class ManualClock(Clock):
    """A `Clock` whose time passes by `advance` alone. Callable from any thread."""

    def __init__(self, now: float = 1_800_000_000.0, monotonic: float = 1000.0) -> None:
        self._epoch = now - monotonic
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds since the epoch, as far as this clock has been moved."""
        return self._epoch + self._monotonic

    def monotonic(self) -> float:
        """Seconds, as far as this clock has been moved."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Return once the clock has been moved by `seconds`; not before the loop's next turn."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many wait for this clock to move."""
        with self._lock:
            return sum(not future.done() for _due, _order, future in self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move the time on, then wake who is due: the earliest due first, of equals who slept first."""
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
