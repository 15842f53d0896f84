"""A pool of connections: bounded, first come first served, and open to view."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from .bus import EventBus
from .clock import Clock
from .errors import UnavailableError
from .events import PoolChanged, PoolStep
from .inspection import PoolState
from .pool_ages import is_stale, next_stale
from .pool_connector import PoolConnector
from .pool_queue import PoolSlot, PoolWaiter, WaiterQueue, acquire_timeout
from .settings import PoolSettings

ConnectionT = TypeVar("ConnectionT")

PRUNE_SECONDS = 1.0
"""A pool looks for connections that are too old, or were idle too long, at most this often."""


class ConnectionPool(Generic[ConnectionT]):
    """Keeps `min_size` to `max_size` connections and lends each to one holder at a time. On one loop only.

    Waiters are served in the order in which they came, and a newcomer never overtakes one. Opening,
    checking and closing run in tasks of the pool's own, so that a cancelled caller never leaves a connection
    half open: what was opened for it goes to the next. A connection counts until it has been closed. What is too
    old, or was idle too long, is closed by the pool itself.
    """

    def __init__(
        self,
        name: str,
        *,
        create: Callable[[], Awaitable[ConnectionT]],
        close: Callable[[ConnectionT], Awaitable[None]],
        settings: PoolSettings,
        clock: Clock,
        bus: EventBus,
        check: Callable[[ConnectionT], Awaitable[bool]] | None = None,
    ) -> None:
        """Args:
        create: opens a connection; it must end by itself (give the driver a connect time-out).
        close: closes one; an error of it is logged.
        check: whether an idle connection is still good, asked before each use; an error means no, and so
            does silence for `acquire_timeout`. Without it every one is good until it is discarded.
        """
        self.name = name
        self.settings = settings
        self._clock = clock
        self._bus = bus
        self._running = False
        self._idle: deque[PoolSlot[ConnectionT]] = deque()
        self._in_use: dict[PoolSlot[ConnectionT], None] = {}
        self._waiters: WaiterQueue[ConnectionT] = WaiterQueue()
        self._connector = PoolConnector(
            name,
            create=create,
            close=close,
            check=check,
            clock=clock,
            opened=self._take_opened,
            checked=self._hand,
            failed=self._open_failed,
            closed=self._closed_one,
            freed=self._serve,
        )
        self._keeper: asyncio.Task[None] | None = None
        self._timed_out = 0

    async def open(self) -> None:
        """Open the first `min_size` connections, all at once.

        Raises:
            BaseException: what `create` raised; the others are closed by then, and so is the pool.
        """
        self._running = True
        try:
            errors = await self._open_missing()
        except BaseException:
            self._shut()
            raise
        if errors:
            await self.aclose()
            raise errors[0]
        self._keeper = asyncio.create_task(self._keep(), name=f"pool {self.name}: keeper")

    async def aclose(self) -> None:
        """Refuse whoever waits and close what is idle; what is in use is closed at its release.

        May be called again. Takes a few seconds at most, whatever a connection does.
        """
        self._shut()
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))
        await self._connector.settle()

    @asynccontextmanager
    async def connection(self, holder: str) -> AsyncIterator[ConnectionT]:
        """Lend a connection to `holder`, a name for people. A body that leaves it unusable calls `discard`.

        Raises:
            AcquireTimeoutError: none came free within `acquire_timeout`.
            UnavailableError: the pool is closed.
            BaseException: what `create` raised for this caller.
        """
        slot = await self._acquire(holder)
        try:
            yield slot.connection
        finally:
            self._release(slot)

    def discard(self, connection: ConnectionT) -> None:
        """Close `connection`, which is in use, at its release, instead of lending it again."""
        for slot in self._in_use:
            if slot.connection is connection:
                slot.broken = True
                return

    async def prune(self) -> None:
        """Close what is too old or was idle too long, then open what `min_size` lacks. The pool does it by itself.

        An error of opening is told by a fact alone: the next caller tries again.
        """
        stale = [slot for slot in self._idle if self._is_stale(slot)]
        for slot in stale:
            self._idle.remove(slot)
        closing = [self._connector.close(slot) for slot in stale]
        if closing:
            await asyncio.wait(closing)
        await self._open_missing()

    def state(self) -> PoolState:
        """What it looks like now. A connection that is being checked counts as idle."""
        offset = self._clock.now() - self._clock.monotonic()
        return PoolState(
            name=self.name,
            idle=len(self._idle) + self._connector.checking,
            in_use=len(self._in_use),
            waiting=len(self._waiters),
            min_size=self.settings.min_size,
            max_size=self.settings.max_size,
            acquire_timeout=self.settings.acquire_timeout,
            opened=self._connector.opened,
            closed=self._connector.closed,
            timed_out=self._timed_out,
            holders=tuple(slot.shown(offset) for slot in self._in_use),
            waiters=tuple(waiter.shown(offset) for waiter in self._waiters),
        )

    # -- lending

    async def _acquire(self, holder: str) -> PoolSlot[ConnectionT]:
        if not self._running:
            raise self._closed_error()
        loop = asyncio.get_running_loop()
        waiter = self._waiters.enter(holder, self._clock.monotonic())
        self._serve()
        if waiter.future.done():
            return waiter.future.result()
        self._tell("waiting", waiter)
        timer = loop.call_later(self.settings.acquire_timeout, self._give_up, waiter)
        try:
            return await waiter.future
        except BaseException:
            if waiter.future.cancel() or waiter.future.cancelled():
                self._waiters.remove(waiter)
                self._tell("cancelled", waiter)
            elif waiter.future.exception() is None:
                # It was handed a connection in the very turn in which it was cancelled.
                self._release(waiter.future.result())
            raise
        finally:
            timer.cancel()

    def _release(self, slot: PoolSlot[ConnectionT]) -> None:
        del self._in_use[slot]
        slot.idle_since = self._clock.monotonic()
        if slot.broken or not self._running or self._is_stale(slot):
            self._tell("released", slot)
            self._connector.close(slot)
            return
        self._idle.append(slot)
        self._tell("released", slot)
        self._serve()

    def _serve(self) -> None:
        """Get a connection on its way to every waiter, as far as there are any. Called after every change."""
        connector = self._connector
        while (
            self._running
            and self._waiters.first()
            and len(self._waiters) > connector.opening + connector.checking
        ):
            if self._idle:
                # The one used last: the others grow old and are closed when load falls.
                slot = self._idle.pop()
                if self._is_stale(slot):
                    connector.close(slot)
                else:
                    connector.check(slot, self.settings.acquire_timeout)
            elif self._size() < self.settings.max_size:
                connector.open()
            else:
                return

    def _take_opened(self, slot: PoolSlot[ConnectionT]) -> None:
        # Told when it is where it goes, or on its way there: after the last fact the figures are right.
        if self._waiters.first() is not None:
            self._tell("opened")
            self._hand(slot)
        else:
            self._hand(slot)
            self._tell("opened")
        if self._running and self._keeper is not None and self._size() < self.settings.min_size:
            # What was lost can be had again, as this one shows; one after the other, so that a failure ends it.
            self._connector.open()

    def _closed_one(self) -> None:
        self._tell("closed")
        self._serve()

    def _hand(self, slot: PoolSlot[ConnectionT]) -> None:
        """Give `slot` to the first waiter, else keep it."""
        waiter = self._waiters.first()
        if not self._running:
            self._connector.close(slot)
        elif waiter is None:
            slot.idle_since = self._clock.monotonic()
            self._idle.append(slot)
        else:
            self._waiters.remove(waiter)
            slot.holder, slot.ticket = waiter.holder, waiter.ticket
            slot.since = self._clock.monotonic()
            self._in_use[slot] = None
            waiter.future.set_result(slot)
            self._tell("acquired", slot)

    def _give_up(self, waiter: PoolWaiter[ConnectionT]) -> None:
        if waiter.future.done():
            return
        self._waiters.remove(waiter)
        self._timed_out += 1
        waiter.future.set_exception(
            acquire_timeout(
                self.name,
                self.settings,
                self._in_use,
                opening=self._connector.opening,
                closing=self._connector.closing,
                now=self._clock.monotonic(),
            )
        )
        self._tell("timed_out", waiter)

    def _closed_error(self) -> UnavailableError:
        return UnavailableError(f"Connection pool {self.name!r} is closed.")

    # -- how many there are

    def _open_failed(self, error: BaseException) -> None:
        """Tell the waiter whose turn it is; the next one gets a try of its own."""
        waiter = self._waiters.first()
        if waiter is not None:
            self._waiters.remove(waiter)
            if isinstance(error, asyncio.CancelledError):
                # Raised at a caller who was not cancelled, it would look as if he had been.
                error = UnavailableError(f"Opening a connection of pool {self.name!r} was cancelled.")
            waiter.future.set_exception(error)
        self._tell("failed", waiter)
        self._serve()

    async def _open_missing(self) -> list[BaseException]:
        count = self.settings.min_size - self._size() if self._running else 0
        tasks = [self._connector.open() for _ in range(count)]
        if tasks:
            await asyncio.wait(tasks)
        return [error for task in tasks if (error := task.result()) is not None]

    async def _keep(self) -> None:
        """Prune whenever a connection becomes too old, or was idle too long."""
        while True:
            now = self._clock.monotonic()
            due = next_stale(self._idle, self._in_use, self.settings, now)
            await self._clock.sleep(max(PRUNE_SECONDS, due - now))
            await self.prune()

    def _is_stale(self, slot: PoolSlot[ConnectionT]) -> bool:
        return is_stale(slot, self.settings, self._clock.monotonic())

    def _size(self) -> int:
        return len(self._idle) + len(self._in_use) + self._connector.busy

    def _shut(self) -> None:
        self._running = False
        if self._keeper is not None:
            self._keeper.cancel()
        while (waiter := self._waiters.first()) is not None:
            self._waiters.remove(waiter)
            waiter.future.set_exception(self._closed_error())
        while self._idle:
            self._connector.close(self._idle.popleft())

    def _tell(
        self, what: PoolStep, whose: PoolSlot[ConnectionT] | PoolWaiter[ConnectionT] | None = None
    ) -> None:
        if self._bus.active:
            self._bus.emit(
                PoolChanged(
                    self.name,
                    what,
                    len(self._idle) + self._connector.checking,
                    len(self._in_use),
                    len(self._waiters),
                    self.settings.max_size,
                    whose.holder if whose is not None else "",
                    whose.ticket if whose is not None else 0,
                )
            )
