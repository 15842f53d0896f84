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
from .settings import PoolSettings

ConnectionT = TypeVar("ConnectionT")
PoolTaskT = TypeVar("PoolTaskT")
PoolStep = Literal["opened", "acquired", "released", "closed", "waiting", "timed_out", "failed"]

POOL_CLOSE_SECONDS = 5.0
"""How long one connection may take to close before its place is given away."""
POOL_HOLDERS_NAMED = 5


class AcquireTimeoutError(UnavailableError):
    """No connection came free in time; the text says who holds them, and how long."""


class ConnectionPool(Generic[ConnectionT]):
    """Keeps `min_size` to `max_size` connections and lends them, each to one holder at a time. On one loop only.

    Waiters are served in the order in which they came, and a newcomer never overtakes one. Opening, checking and
    closing run in tasks of the pool's own, so that a cancelled caller never leaves a connection half open: what was
    opened for it goes to the next. A connection counts until it has been closed.
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
        create: opens a connection; it must end by itself (give it a connect time-out).
        close: closes one; an error of it is logged.
        check: whether a connection that has been used is still good; an error means no, and so does silence for
            `acquire_timeout`. Without it every one is taken for good until it is discarded.
        """
        self.name = name
        self.settings = settings
        self._create = create
        self._close = close
        self._check = check
        self._clock = clock
        self._bus = bus
        self._running = False
        self._idle: deque[_Slot[ConnectionT]] = deque()
        self._in_use: dict[_Slot[ConnectionT], None] = {}
        self._waiters: deque[_Waiter[ConnectionT]] = deque()
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
        """Refuse whoever waits, close what is idle; what is in use is closed at its release. May be called twice."""
        self._shut()
        if self._tasks:
            _done, hanging = await asyncio.wait(tuple(self._tasks), timeout=POOL_CLOSE_SECONDS)
            for task in hanging:
                task.cancel()

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
        """Close the idle connections that are too old or were idle too long, and open what `min_size` then lacks.

        An error of opening is told by a fact only. A module calls this now and then.
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

    async def _acquire(self, holder: str) -> _Slot[ConnectionT]:
        if not self._running:
            raise self._closed_error()
        loop = asyncio.get_running_loop()
        waiter: _Waiter[ConnectionT] = _Waiter(holder, loop.create_future())
        self._waiters.append(waiter)
        self._serve()
        if waiter.future.done():
            return waiter.future.result()
        self._tell("waiting")
        timer = loop.call_later(self.settings.acquire_timeout, self._give_up, waiter)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter.future.cancelled() or not waiter.future.done():
                with suppress(ValueError):
                    self._waiters.remove(waiter)
                self._tell("waiting")
            elif waiter.future.exception() is None:
                # It was handed a connection in the very turn in which it was cancelled.
                self._release(waiter.future.result())
            raise
        finally:
            timer.cancel()

    def _release(self, slot: _Slot[ConnectionT]) -> None:
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
        while self._running and self._next_waiter() and len(self._waiters) > self._opening + self._checking:
            if self._idle:
                # The one used last: the others grow old and are closed when load falls.
                slot = self._idle.pop()
                if self._is_stale(slot):
                    self._retire(slot)
                elif self._check is None or not slot.used:
                    self._hand(slot)
                else:
                    self._checking += 1
                    self._spawn(self._check_one(slot, self._check))
            elif self._size() < self.settings.max_size:
                self._open_one()
            else:
                return

    def _hand(self, slot: _Slot[ConnectionT]) -> None:
        """Give `slot` to the first waiter, else keep it."""
        waiter = self._next_waiter()
        if not self._running:
            self._retire(slot)
        elif waiter is None:
            slot.idle_since = self._clock.monotonic()
            self._idle.append(slot)
        else:
            self._waiters.popleft()
            slot.holder = waiter.holder
            slot.since = self._clock.monotonic()
            slot.used = True
            self._in_use[slot] = None
            waiter.future.set_result(slot)
            self._tell("acquired")

    def _next_waiter(self) -> _Waiter[ConnectionT] | None:
        while self._waiters:
            if not self._waiters[0].future.done():
                return self._waiters[0]
            self._waiters.popleft()
        return None

    def _give_up(self, waiter: _Waiter[ConnectionT]) -> None:
        if waiter.future.done():
            return
        self._waiters.remove(waiter)
        self._timed_out += 1
        waiter.future.set_exception(AcquireTimeoutError(self._timeout_text()))
        self._tell("timed_out")

    def _timeout_text(self) -> str:
        now = self._clock.monotonic()
        longest = sorted(self._in_use, key=lambda slot: slot.since)
        names = [f"{slot.holder[:80]} ({now - slot.since:.1f} s)" for slot in longest[:POOL_HOLDERS_NAMED]]
        if len(longest) > len(names):
            names.append(f"{len(longest) - len(names)} more")
        parts = [
            f"{len(longest)} of {self.settings.max_size} in use"
            + (f" by {', '.join(names)}" if names else "")
        ]
        if self._opening:
            parts.append(f"{self._opening} being opened")
        if self._closing:
            parts.append(f"{self._closing} being closed")
        return (
            f"No connection of pool {self.name!r} came free within {self.settings.acquire_timeout:g} s: "
            f"{'; '.join(parts)}. Try again later; if it stays so, raise the pool's max_size or acquire_timeout."
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
        except BaseException as error:
            self._opening -= 1
            self._open_failed(error)
            if isinstance(error, GeneratorExit):
                raise
            return error
        self._opening -= 1
        self._opened += 1
        self._tell("opened")
        self._hand(_Slot(connection, self._clock.monotonic()))
        return None

    def _open_failed(self, error: BaseException) -> None:
        """Tell the waiter whose turn it is; the next one gets a try of its own."""
        waiter = self._next_waiter()
        if waiter is not None:
            self._waiters.popleft()
            if isinstance(error, asyncio.CancelledError):
                waiter.future.cancel()
            else:
                waiter.future.set_exception(error)
        self._tell("failed")
        self._serve()

    async def _open_missing(self) -> list[BaseException]:
        count = self.settings.min_size - self._size() if self._running else 0
        tasks = [self._open_one() for _ in range(count)]
        if tasks:
            await asyncio.wait(tasks)
        return [error for task in tasks if (error := task.result()) is not None]

    async def _check_one(
        self, slot: _Slot[ConnectionT], check: Callable[[ConnectionT], Awaitable[bool]]
    ) -> None:
        good = False
        try:
            async with asyncio.timeout(self.settings.acquire_timeout):
                good = await check(slot.connection)
        except Exception as error:
            logging.getLogger(__name__).info("Pool %r: a connection failed its check: %r", self.name, error)
        finally:
            self._checking -= 1
            if good:
                self._hand(slot)
            else:
                self._retire(slot)

    def _retire(self, slot: _Slot[ConnectionT]) -> asyncio.Task[None]:
        self._closing += 1
        return self._spawn(self._run_close(slot))

    async def _run_close(self, slot: _Slot[ConnectionT]) -> None:
        try:
            async with asyncio.timeout(POOL_CLOSE_SECONDS):
                await self._close(slot.connection)
        except BaseException as error:
            logging.getLogger(__name__).warning("Pool %r: a connection did not close: %r", self.name, error)
            if isinstance(error, asyncio.CancelledError | GeneratorExit):
                raise
        finally:
            self._closing -= 1
            self._closed += 1
            self._tell("closed")
            self._serve()

    def _shut(self) -> None:
        self._running = False
        while (waiter := self._next_waiter()) is not None:
            self._waiters.popleft()
            waiter.future.set_exception(self._closed_error())
        while self._idle:
            self._retire(self._idle.popleft())

    def _is_stale(self, slot: _Slot[ConnectionT]) -> bool:
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


class _Slot(Generic[ConnectionT]):
    """A connection and its life; times are of the clock's `monotonic`."""

    __slots__ = ("broken", "connection", "holder", "idle_since", "opened", "since", "used")

    def __init__(self, connection: ConnectionT, now: float) -> None:
        self.connection = connection
        self.opened = now
        self.idle_since = now
        self.since = now
        self.holder = ""
        self.broken = False
        self.used = False


class _Waiter(Generic[ConnectionT]):
    __slots__ = ("future", "holder")

    def __init__(self, holder: str, future: asyncio.Future[_Slot[ConnectionT]]) -> None:
        self.holder = holder
        self.future = future
