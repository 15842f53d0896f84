"""What a server's user opens before its modules start and closes after they have stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

LifespanFactory = Callable[[], AbstractAsyncContextManager[Any]]


class Lifespan:
    """Keeps a context manager open while a server runs, entering and leaving it in the same task.

    Attributes:
        value: what the context manager returned, available to functions as `ctx.lifespan`; `None` while it is closed.
    """

    def __init__(self, factory: LifespanFactory | None) -> None:
        self.value: Any = None
        self._factory = factory
        self._task: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    async def open(self) -> None:
        """Enter the context manager.

        Raises:
            Exception: whatever it raised.
        """
        if self._factory is None:
            return
        self._end.clear()
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(self._factory, opened), name="lifespan")
        await asyncio.wait([opened, self._task], return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            task, self._task = self._task, None
            await task

    async def close(self) -> None:
        """Leave the context manager.

        Raises:
            Exception: whatever it raised.
        """
        task, self._task = self._task, None
        if task is not None:
            self._end.set()
            await task

    async def _live(self, factory: LifespanFactory, opened: asyncio.Future[None]) -> None:
        async with factory() as value:
            self.value = value
            opened.set_result(None)
            try:
                await self._end.wait()
            finally:
                self.value = None
