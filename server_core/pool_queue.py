"""What a pool keeps account of: its connections and who waits for one, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, TypeVar

PooledT = TypeVar("PooledT")

HOLDERS_NAMED = 5
HOLDER_LENGTH = 80


class PoolSlot(Generic[PooledT]):
    """A connection and its life; times are of the clock's `monotonic`."""

    __slots__ = ("broken", "connection", "holder", "idle_since", "opened", "since")

    def __init__(self, connection: PooledT, now: float) -> None:
        self.connection = connection
        self.opened = now
        self.idle_since = now
        self.since = now
        self.holder = ""
        self.broken = False


class PoolWaiter(Generic[PooledT]):
    """A caller who waits; its future gets a slot that is in use already, or an error."""

    __slots__ = ("future", "holder")

    def __init__(self, holder: str, future: asyncio.Future[PoolSlot[PooledT]]) -> None:
        self.holder = holder
        self.future = future


class WaiterQueue(Generic[PooledT]):
    """First come, first served. Who was cancelled is passed over, but may count for another turn."""

    def __init__(self) -> None:
        self._waiters: deque[PoolWaiter[PooledT]] = deque()

    def __len__(self) -> int:
        return len(self._waiters)

    def add(self, waiter: PoolWaiter[PooledT]) -> None:
        """Put `waiter` at the end."""
        self._waiters.append(waiter)

    def first(self) -> PoolWaiter[PooledT] | None:
        """Who is next; it stays in the queue."""
        while self._waiters:
            if not self._waiters[0].future.done():
                return self._waiters[0]
            self._waiters.popleft()
        return None

    def remove(self, waiter: PoolWaiter[PooledT]) -> None:
        """Take `waiter` out, wherever it is, if it is there."""
        with suppress(ValueError):
            self._waiters.remove(waiter)


def who_holds(in_use: Iterable[PoolSlot[PooledT]], now: float) -> str:
    """As `by query (12.3 s), export (4.0 s) and 3 more`, longest first; empty if nobody holds one."""
    longest = sorted(in_use, key=lambda slot: slot.since)
    if not longest:
        return ""
    named = [f"{slot.holder[:HOLDER_LENGTH]} ({now - slot.since:.1f} s)" for slot in longest[:HOLDERS_NAMED]]
    more = len(longest) - len(named)
    return f"by {', '.join(named)}{f' and {more} more' if more else ''}"
