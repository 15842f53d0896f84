"""Single flight: one load under way, and everyone who waits for what it brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

SizedLoad = Callable[[], Awaitable[tuple[Any, int]]]
"""Loads a value; answers it with its size in bytes."""

flight_around: ContextVar[LoadFlight | None] = ContextVar("flight_around", default=None)
"""The flight whose load the running code belongs to."""


class LoadFlight:
    """A load in a task of its own, in a copy of the starter's context. On one loop only.

    Attributes:
        value, size: what the load brought, once it has ended without an error.
        error: what it raised instead.
        stale: what it brings is out of date already.
        kept: whoever started it has kept the value.
    """

    def __init__(
        self, key: str, tags: tuple[str, ...], load: SizedLoad, *, ended: Callable[[LoadFlight], None]
    ) -> None:
        """`ended` is called once the load has ended, before any waiter goes on; also when it was given up."""
        self.key = key
        self.tags = tags
        self.value: Any = None
        self.size = 0
        self.error: BaseException | None = None
        self.stale = False
        self.kept = False
        self._traceback: TracebackType | None = None
        self._callers = 0
        self._awaits: list[LoadFlight] = []
        self._task = asyncio.create_task(self._run(load), name=f"load {key[:100]}")
        self._task.add_done_callback(lambda _task: ended(self))

    @property
    def landed(self) -> bool:
        """Whether the load has brought its value."""
        return self.error is None and self._task.done() and not self._task.cancelled()

    async def join(self) -> None:
        """Wait until the load has ended. The last of the cancelled waiters cancels the load.

        Raises:
            BaseException: whatever the load raised, `SystemExit` too.
        """
        around = flight_around.get()
        self._callers += 1
        if around is not None:
            around._awaits.append(self)
        try:
            await asyncio.wait((self._task,))
        finally:
            self._callers -= 1
            if around is not None:
                around._awaits.remove(self)
            if not self._callers and not self._task.done():
                self.stale = True
                self._task.cancel()
        if self._task.cancelled():
            raise asyncio.CancelledError(f"The load of {self.key} was cancelled")
        if self.error is not None:
            # Several waiters raise the one error: each starts from the load's own traceback.
            raise self.error.with_traceback(self._traceback)

    def waits_for(self, other: LoadFlight) -> bool:
        """Whether this load can't end before `other` has."""
        seen: set[int] = set()
        rest = [self]
        while rest:
            flight = rest.pop()
            if flight is other:
                return True
            if id(flight) not in seen:
                seen.add(id(flight))
                rest.extend(flight._awaits)
        return False

    async def _run(self, load: SizedLoad) -> None:
        flight_around.set(self)
        try:
            self.value, self.size = await load()
        except GeneratorExit:
            raise
        except BaseException as error:
            # A task that ends with SystemExit or KeyboardInterrupt takes the loop with it; a waiter can answer it.
            self.error, self._traceback = error, error.__traceback__
