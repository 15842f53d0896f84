"""A connection pool: bounded, first come first served, and observable."""

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
"""The minimum time between checks for connections that are too old or have been idle too long."""


class ConnectionPool(Generic[ConnectionT]):
    """Keeps `min_size` to `max_size` connections and lends each to one holder at a time. Use on one loop only.

    Waiters are served in order, and a newcomer never overtakes one. Connections are opened, checked and closed in the
    pool's own tasks, so a cancelled caller never leaves one half-open: it goes to the next waiter. A connection counts
    towards the limit until it is closed. The pool closes connections that are too old or have been idle too long.
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
        create: opens a connection; it must time out by itself (give the driver a connect timeout).
        close: closes a connection; its errors are logged.
        check: whether an idle connection still works, called before each use; an error or no answer within
            `acquire_timeout` means no. Without it, connections are reused until they are discarded.
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
            BaseException: what `create` raised; the other connections and the pool are closed by then.
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
        """Refuse waiters and close idle connections; those in use are closed when they are released.

        May be called again. Takes a few seconds at most, whatever a connection does.
        """
        self._shut()
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))
        await self._connector.settle()

    @asynccontextmanager
    async def connection(self, holder: str) -> AsyncIterator[ConnectionT]:
        """Lend a connection to `holder`, a display name. If the body breaks the connection, it calls `discard`.

        Raises:
            AcquireTimeoutError: none became available within `acquire_timeout`.
            UnavailableError: the pool is closed.
            BaseException: what `create` raised for this caller.
        """
        slot = await self._acquire(holder)
        try:
            yield slot.connection
        finally:
            self._release(slot)

    def discard(self, connection: ConnectionT) -> None:
        """Close `connection`, which is in use, when it is released, instead of lending it again."""
        for slot in self._in_use:
            if slot.connection is connection:
                slot.broken = True
                return

    async def prune(self) -> None:
        """Close connections that are too old or idle too long, then restore `min_size`. The pool does so by itself.

        A failure to open one is only emitted as a fact: the next caller tries again.
        """
        stale = [slot for slot in self._idle if self._is_stale(slot)]
        for slot in stale:
            self._idle.remove(slot)
        closing = [self._connector.close(slot) for slot in stale]
        if closing:
            await asyncio.wait(closing)
        await self._open_missing()

    def state(self) -> PoolState:
        """The current state. A connection being checked counts as idle."""
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
                # It got a connection in the same turn in which it was cancelled.
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
        """Start providing a connection to every waiter, as far as possible. Called after every change."""
        connector = self._connector
        while (
            self._running
            and self._waiters.first()
            and len(self._waiters) > connector.opening + connector.checking
        ):
            if self._idle:
                # The most recently used one: the others grow old and are closed when load falls.
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
        # Emitted once the connection is in place: after the last fact the figures are right.
        if self._waiters.first() is not None:
            self._tell("opened")
            self._hand(slot)
        else:
            self._hand(slot)
            self._tell("opened")
        if self._running and self._keeper is not None and self._size() < self.settings.min_size:
            # Opening works again, so replace what was lost: one at a time, until one fails.
            self._connector.open()

    def _closed_one(self) -> None:
        self._tell("closed")
        self._serve()

    def _hand(self, slot: PoolSlot[ConnectionT]) -> None:
        """Give `slot` to the first waiter, or keep it idle."""
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

    # -- size

    def _open_failed(self, error: BaseException) -> None:
        """Raise `error` for the first waiter; the next one gets its own attempt."""
        waiter = self._waiters.first()
        if waiter is not None:
            self._waiters.remove(waiter)
            if isinstance(error, asyncio.CancelledError):
                # Raised as it is, it would look as if the caller had been cancelled.
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
        """Prune whenever a connection becomes too old or has been idle too long."""
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
