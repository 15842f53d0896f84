"""Opens, checks and closes a pool's connections, each in its own task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from .clock import Clock
from .pool_queue import PoolSlot

ConnectedT = TypeVar("ConnectedT")
ConnectorTaskT = TypeVar("ConnectorTaskT")

POOL_CLOSE_SECONDS = 5.0
"""How long a connection may take to close before its slot is freed."""


class PoolConnector(Generic[ConnectedT]):
    """Opens, checks and closes connections for a pool, so that a cancelled caller never leaves one half-open.

    Use on the pool's loop only.

    Attributes:
        opening, checking, closing: how many are in progress; a connection counts until it is closed.
        opened, closed: how many so far.
    """

    def __init__(
        self,
        name: str,
        *,
        create: Callable[[], Awaitable[ConnectedT]],
        close: Callable[[ConnectedT], Awaitable[None]],
        check: Callable[[ConnectedT], Awaitable[bool]] | None,
        clock: Clock,
        opened: Callable[[PoolSlot[ConnectedT]], None],
        checked: Callable[[PoolSlot[ConnectedT]], None],
        failed: Callable[[BaseException], None],
        closed: Callable[[], None],
        freed: Callable[[], None],
    ) -> None:
        """Args:
        opened: receives a connection that was opened.
        checked: receives one that passed its check.
        failed: receives what `create` raised.
        closed: called after each connection that was closed: there is room for another one.
        freed: called when one that was checked is bad: it is being closed and does not come back.
        """
        self.name = name
        self.opening = 0
        self.checking = 0
        self.closing = 0
        self.opened = 0
        self.closed = 0
        self._create = create
        self._close = close
        self._check = check
        self._clock = clock
        self._on_opened = opened
        self._on_checked = checked
        self._on_failed = failed
        self._on_closed = closed
        self._on_freed = freed
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> int:
        """How many connections are being opened, checked or closed."""
        return self.opening + self.checking + self.closing

    def open(self) -> asyncio.Task[BaseException | None]:
        """Open a connection; the task returns the error, if any."""
        self.opening += 1
        return self._spawn(self._run_open())

    def check(self, slot: PoolSlot[ConnectedT], seconds: float) -> None:
        """Pass `slot` to `checked` if it still works, else close it; no answer within `seconds` means no."""
        if self._check is None:
            self._on_checked(slot)
        else:
            self.checking += 1
            self._spawn(self._run_check(slot, self._check, seconds))

    def close(self, slot: PoolSlot[ConnectedT]) -> asyncio.Task[None]:
        """Close a connection; an error is logged."""
        self.closing += 1
        return self._spawn(self._run_close(slot))

    async def settle(self) -> None:
        """Wait for everything in progress, and cancel it after a few seconds."""
        await self._wait()
        for task in self._tasks:
            task.cancel()
        await self._wait()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POOL_CLOSE_SECONDS):
                while self._tasks:
                    await asyncio.wait(tuple(self._tasks))

    async def _run_open(self) -> BaseException | None:
        try:
            connection = await self._create()
        except GeneratorExit:
            raise
        except BaseException as error:
            # Including SystemExit: a task that ends with it would stop the loop, while a caller can handle it.
            self.opening -= 1
            self._on_failed(error)
            return error
        self.opening -= 1
        self.opened += 1
        self._on_opened(PoolSlot(connection, self._clock.monotonic()))
        return None

    async def _run_check(
        self, slot: PoolSlot[ConnectedT], check: Callable[[ConnectedT], Awaitable[bool]], seconds: float
    ) -> None:
        good = False
        try:
            async with asyncio.timeout(seconds):
                good = await check(slot.connection)
        except GeneratorExit:
            raise
        except BaseException as error:
            _pool_log().info("Pool %r: a connection failed its check: %r", self.name, error)
        self.checking -= 1
        if good:
            self._on_checked(slot)
        else:
            self.close(slot)
            self._on_freed()

    async def _run_close(self, slot: PoolSlot[ConnectedT]) -> None:
        try:
            async with asyncio.timeout(POOL_CLOSE_SECONDS):
                await self._close(slot.connection)
        except GeneratorExit:
            raise
        except BaseException as error:
            _pool_log().warning("Pool %r: a connection did not close: %r", self.name, error)
        self.closing -= 1
        self.closed += 1
        self._on_closed()

    def _spawn(self, coroutine: Coroutine[Any, Any, ConnectorTaskT]) -> asyncio.Task[ConnectorTaskT]:
        task = asyncio.create_task(coroutine, name=f"pool {self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _pool_log() -> logging.Logger:
    return logging.getLogger("server_core.pool")
