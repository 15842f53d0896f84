"""A pool's connections and its queue of waiters."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from .errors import UnavailableError
from .inspection import PoolHolder
from .settings import PoolSettings

PooledT = TypeVar("PooledT")

HOLDERS_NAMED = 5
HOLDER_LENGTH = 80


class AcquireTimeoutError(UnavailableError):
    """No connection became available in time; the text says who holds them, and for how long."""


class PoolSlot(Generic[PooledT]):
    """A connection with its lifetime data; times are on the clock's `monotonic`."""

    __slots__ = ("broken", "connection", "holder", "idle_since", "opened", "since", "ticket")

    def __init__(self, connection: PooledT, now: float) -> None:
        self.connection = connection
        self.opened = now
        self.idle_since = now
        self.since = now
        self.holder = ""
        self.ticket = 0
        self.broken = False

    def shown(self, offset: float) -> PoolHolder:
        """Who holds it; `offset` converts the clock's `monotonic` to epoch seconds."""
        return PoolHolder(self.holder, self.since + offset, self.ticket)


class PoolWaiter(Generic[PooledT]):
    """A waiting caller; its future gets a slot, already marked as in use, or an error.

    `ticket` identifies it in the pool, also once it holds a slot. `since` is on the clock's `monotonic`.
    """

    __slots__ = ("future", "holder", "since", "ticket")

    def __init__(
        self, holder: str, ticket: int, since: float, future: asyncio.Future[PoolSlot[PooledT]]
    ) -> None:
        self.holder = holder
        self.ticket = ticket
        self.since = since
        self.future = future

    def shown(self, offset: float) -> PoolHolder:
        """Who is waiting; `offset` converts the clock's `monotonic` to epoch seconds."""
        return PoolHolder(self.holder, self.since + offset, self.ticket)


class WaiterQueue(Generic[PooledT]):
    """A first-come, first-served queue. Cancelled waiters are skipped, but may count for another turn."""

    def __init__(self) -> None:
        self._waiters: deque[PoolWaiter[PooledT]] = deque()
        self._tickets = 0

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[PoolWaiter[PooledT]]:
        """The waiters, in order."""
        return (waiter for waiter in self._waiters if not waiter.future.done())

    def enter(self, holder: str, now: float) -> PoolWaiter[PooledT]:
        """Add a waiter at the end. Call it on the loop that serves it."""
        self._tickets += 1
        waiter: PoolWaiter[PooledT] = PoolWaiter(
            holder, self._tickets, now, asyncio.get_running_loop().create_future()
        )
        self._waiters.append(waiter)
        return waiter

    def first(self) -> PoolWaiter[PooledT] | None:
        """The next waiter; it stays in the queue."""
        while self._waiters:
            if not self._waiters[0].future.done():
                return self._waiters[0]
            self._waiters.popleft()
        return None

    def remove(self, waiter: PoolWaiter[PooledT]) -> None:
        """Remove `waiter` from wherever it is, if it is there."""
        with suppress(ValueError):
            self._waiters.remove(waiter)


def acquire_timeout(
    pool: str,
    settings: PoolSettings,
    in_use: Collection[PoolSlot[PooledT]],
    *,
    opening: int,
    closing: int,
    now: float,
) -> AcquireTimeoutError:
    """The error for a waiter that timed out, such as `3 of 3 in use by query (12.3 s), export (4.0 s) and 1 more`."""
    where = [f"{len(in_use)} of {settings.max_size} in use {_who_holds(in_use, now)}".strip()]
    if opening:
        where.append(f"{opening} being opened")
    if closing:
        where.append(f"{closing} being closed")
    return AcquireTimeoutError(
        f"No connection in pool {pool!r} became available within {settings.acquire_timeout:g} s: {'; '.join(where)}. "
        "Try again later; if it happens often, release connections sooner, or raise max_size or acquire_timeout."
    )


def _who_holds(in_use: Iterable[PoolSlot[PooledT]], now: float) -> str:
    """Format holders as `by query (12.3 s), export (4.0 s) and 3 more`, longest first; empty if there are none."""
    longest = sorted(in_use, key=lambda slot: slot.since)
    if not longest:
        return ""
    named = [f"{slot.holder[:HOLDER_LENGTH]} ({now - slot.since:.1f} s)" for slot in longest[:HOLDERS_NAMED]]
    more = len(longest) - len(named)
    return f"by {', '.join(named)}{f' and {more} more' if more else ''}"
