"""A pool of connections: bounded, first come first served, and open to view."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, Literal, TypeVar

from .bus import EventBus
from .clock import Clock
from .errors import UnavailableError
from .events import PoolChanged
from .inspection import PoolHolder, PoolState
from .pool_queue import PoolSlot, PoolWaiter, WaiterQueue, who_holds
from .settings import PoolSettings

ConnectionT = TypeVar("ConnectionT")
PoolTaskT = TypeVar("PoolTaskT")
PoolStep = Literal["opened", "acquired", "released", "closed", "waiting", "timed_out", "failed"]

POOL_CLOSE_SECONDS = 5.0
"""How long one connection may take to close before its place is given away."""


class AcquireTimeoutError(UnavailableError):
    """No connection came free in time; the text says who holds them, and how long."""


class ConnectionPool(Generic[ConnectionT]):
    """Keeps `min_size` to `max_size` connections and lends each to one holder at a time. On one loop only.

    Waiters are served in the order in which they came, and a newcomer never overtakes one. Opening,
    checking and closing run in tasks of the pool's own, so that a cancelled caller never leaves a connection
    half open: what was opened for it goes to the next. A connection counts until it has been closed.
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
        self._create = create
        self._close = close
        self._check = check
        self._clock = clock
        self._bus = bus
        self._running = False
        self._idle: deque[PoolSlot[ConnectionT]] = deque()
        self._in_use: dict[PoolSlot[ConnectionT], None] = {}
        self._waiters: WaiterQueue[ConnectionT] = WaiterQueue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._opening = 0
        self._checking = 0
        self._closing = 0
        self._opened = 0
        self._closed = 0
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

    async def aclose(self) -> None:
        """Refuse whoever waits and close what is idle; what is in use is closed at its release.

        May be called again. Takes a few seconds at most, whatever a connection does.
        """
        self._shut()
        await self._settle_tasks()
        for task in self._tasks:
            task.cancel()
        await self._settle_tasks()

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
        """Close what is too old or was idle too long, then open what `min_size` lacks. Call it now and then.

        An error of opening is told by a fact alone: the next caller tries again.
        """
        stale = [slot for slot in self._idle if self._is_stale(slot)]
        for slot in stale:
            self._idle.remove(slot)
        closing = [self._retire(slot) for slot in stale]
        if closing:
            await asyncio.wait(closing)
        await self._open_missing()

    def state(self) -> PoolState:
        """What it looks like now. A connection that is being checked counts as idle."""
        offset = self._clock.now() - self._clock.monotonic()
        return PoolState(
            name=self.name,
            idle=len(self._idle) + self._checking,
            in_use=len(self._in_use),
            waiting=len(self._waiters),
            min_size=self.settings.min_size,
            max_size=self.settings.max_size,
            opened=self._opened,
            closed=self._closed,
            timed_out=self._timed_out,
            holders=tuple(PoolHolder(slot.holder, slot.since + offset) for slot in self._in_use),
        )

    # -- lending

    async def _acquire(self, holder: str) -> PoolSlot[ConnectionT]:
        if not self._running:
            raise self._closed_error()
        loop = asyncio.get_running_loop()
        waiter: PoolWaiter[ConnectionT] = PoolWaiter(holder, loop.create_future())
        self._waiters.add(waiter)
        self._serve()
        if waiter.future.done():
            return waiter.future.result()
        self._tell("waiting")
        timer = loop.call_later(self.settings.acquire_timeout, self._give_up, waiter)
        try:
            return await waiter.future
        except BaseException:
            if waiter.future.cancel() or waiter.future.cancelled():
                self._waiters.remove(waiter)
                self._tell("waiting")
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
            self._tell("released")
            self._retire(slot)
            return
        self._idle.append(slot)
        self._tell("released")
        self._serve()

    def _serve(self) -> None:
        """Get a connection on its way to every waiter, as far as there are any. Called after every change."""
        while self._running and self._waiters.first() and len(self._waiters) > self._opening + self._checking:
            if self._idle:
                # The one used last: the others grow old and are closed when load falls.
                slot = self._idle.pop()
                if self._is_stale(slot):
                    self._retire(slot)
                elif self._check is None:
                    self._hand(slot)
                else:
                    self._checking += 1
                    self._spawn(self._run_check(slot, self._check))
            elif self._size() < self.settings.max_size:
                self._open_one()
            else:
                return

    def _hand(self, slot: PoolSlot[ConnectionT]) -> None:
        """Give `slot` to the first waiter, else keep it."""
        waiter = self._waiters.first()
        if not self._running:
            self._retire(slot)
        elif waiter is None:
            slot.idle_since = self._clock.monotonic()
            self._idle.append(slot)
        else:
            self._waiters.remove(waiter)
            slot.holder = waiter.holder
            slot.since = self._clock.monotonic()
            self._in_use[slot] = None
            waiter.future.set_result(slot)
            self._tell("acquired")

    def _give_up(self, waiter: PoolWaiter[ConnectionT]) -> None:
        if waiter.future.done():
            return
        self._waiters.remove(waiter)
        self._timed_out += 1
        waiter.future.set_exception(AcquireTimeoutError(self._timeout_text()))
        self._tell("timed_out")

    def _timeout_text(self) -> str:
        holders = who_holds(self._in_use, self._clock.monotonic())
        where = [f"{len(self._in_use)} of {self.settings.max_size} in use {holders}".strip()]
        if self._opening:
            where.append(f"{self._opening} being opened")
        if self._closing:
            where.append(f"{self._closing} being closed")
        return (
            f"No connection of pool {self.name!r} came free within {self.settings.acquire_timeout:g} s: "
            f"{'; '.join(where)}. Try again later; if it stays so, hold connections for less long, or raise "
            "the pool's max_size or acquire_timeout."
        )

    def _closed_error(self) -> UnavailableError:
        return UnavailableError(f"Connection pool {self.name!r} is closed.")

    # -- opening, checking, closing

    def _open_one(self) -> asyncio.Task[BaseException | None]:
        self._opening += 1
        return self._spawn(self._run_open())

    async def _run_open(self) -> BaseException | None:
        try:
            connection = await self._create()
        except GeneratorExit:
            raise
        except BaseException as error:
            # Also SystemExit: a task that ends with it takes the loop along, and a caller can answer it.
            self._opening -= 1
            self._open_failed(error)
            return error
        self._opening -= 1
        self._opened += 1
        self._tell("opened")
        self._hand(PoolSlot(connection, self._clock.monotonic()))
        return None

    def _open_failed(self, error: BaseException) -> None:
        """Tell the waiter whose turn it is; the next one gets a try of its own."""
        waiter = self._waiters.first()
        if waiter is not None:
            self._waiters.remove(waiter)
            if isinstance(error, asyncio.CancelledError):
                # Raised at a caller who was not cancelled, it would look as if he had been.
                error = UnavailableError(f"Opening a connection of pool {self.name!r} was cancelled.")
            waiter.future.set_exception(error)
        self._tell("failed")
        self._serve()

    async def _open_missing(self) -> list[BaseException]:
        count = self.settings.min_size - self._size() if self._running else 0
        tasks = [self._open_one() for _ in range(count)]
        if tasks:
            await asyncio.wait(tasks)
        return [error for task in tasks if (error := task.result()) is not None]

    async def _run_check(
        self, slot: PoolSlot[ConnectionT], check: Callable[[ConnectionT], Awaitable[bool]]
    ) -> None:
        good = False
        try:
            async with asyncio.timeout(self.settings.acquire_timeout):
                good = await check(slot.connection)
        except GeneratorExit:
            raise
        except BaseException as error:
            _pool_log().info("Pool %r: a connection failed its check: %r", self.name, error)
        self._checking -= 1
        if good:
            self._hand(slot)
        else:
            self._retire(slot)
            self._serve()

    def _retire(self, slot: PoolSlot[ConnectionT]) -> asyncio.Task[None]:
        self._closing += 1
        return self._spawn(self._run_close(slot))

    async def _run_close(self, slot: PoolSlot[ConnectionT]) -> None:
        try:
            async with asyncio.timeout(POOL_CLOSE_SECONDS):
                await self._close(slot.connection)
        except GeneratorExit:
            raise
        except BaseException as error:
            _pool_log().warning("Pool %r: a connection did not close: %r", self.name, error)
        self._closing -= 1
        self._closed += 1
        self._tell("closed")
        self._serve()

    def _shut(self) -> None:
        self._running = False
        while (waiter := self._waiters.first()) is not None:
            self._waiters.remove(waiter)
            waiter.future.set_exception(self._closed_error())
        while self._idle:
            self._retire(self._idle.popleft())

    async def _settle_tasks(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POOL_CLOSE_SECONDS):
                while self._tasks:
                    await asyncio.wait(tuple(self._tasks))

    def _is_stale(self, slot: PoolSlot[ConnectionT]) -> bool:
        now = self._clock.monotonic()
        return now - slot.opened > self.settings.max_age or now - slot.idle_since > self.settings.max_idle

    def _size(self) -> int:
        return len(self._idle) + len(self._in_use) + self._opening + self._checking + self._closing

    def _spawn(self, coroutine: Coroutine[Any, Any, PoolTaskT]) -> asyncio.Task[PoolTaskT]:
        task = asyncio.create_task(coroutine, name=f"pool {self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _tell(self, what: PoolStep) -> None:
        if self._bus.active:
            idle = len(self._idle) + self._checking
            self._bus.emit(
                PoolChanged(
                    self.name, what, idle, len(self._in_use), len(self._waiters), self.settings.max_size
                )
            )


def _pool_log() -> logging.Logger:
    return logging.getLogger(__name__)
