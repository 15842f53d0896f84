"""Single flight: one load under way, and everyone who waits for what it brings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from .cancelling import is_real_cancellation

SizedLoad = Callable[[], Awaitable[tuple[Any, int]]]
"""Loads a value; answers it with its size in bytes."""

flight_around: ContextVar[LoadFlight | None] = ContextVar("flight_around", default=None)
"""The flight whose load the running code belongs to."""


class LoadFlight:
    """A load in a task of its own, in a copy of the starter's context. On one loop only.

    Attributes:
        value, size: what the load has brought, as long as someone may need it.
        stale: what it brings is out of date already, or nobody waits for it any more.
        kept: whoever started it has kept the value.
    """

    def __init__(
        self, key: str, tags: tuple[str, ...], load: SizedLoad, *, ended: Callable[[LoadFlight], None]
    ) -> None:
        """Start `load`. `ended` is called once it has ended or was given up, before any waiter goes on."""
        self.key = key
        self.tags = tags
        self.value: Any = None
        self.size = 0
        self.stale = False
        self.kept = False
        self._error: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._callers = 0
        self._awaits: list[LoadFlight] = []
        self._task = asyncio.create_task(self._run(load), name=f"load {key[:100]}")
        self._task.add_done_callback(lambda _task: ended(self))

    @property
    def landed(self) -> bool:
        """Whether the load has brought a value."""
        return self._task.done() and not self._task.cancelled() and self._error is None

    async def join(self) -> Any:
        """Wait for the load and return its value. The last waiter, if it is cancelled, cancels the load.

        Raises:
            BaseException: whatever the load raised, `SystemExit` too.
        """
        around = flight_around.get()
        self._callers += 1
        if around is not None:
            around._awaits.append(self)
        try:
            await asyncio.wait((self._task,))
            if self._task.cancelled():
                raise asyncio.CancelledError(f"The load of {self.key} was cancelled")
            if self._error is not None:
                # Several waiters raise the one error: each starts from the load's own traceback.
                raise self._error.with_traceback(self._traceback)
            return self.value
        finally:
            self._callers -= 1
            if around is not None:
                around._awaits.remove(self)
            if not self._callers and not self._task.done():
                self.stale = True
                self._task.cancel()

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
        except BaseException as error:
            if isinstance(error, GeneratorExit) and is_real_cancellation(error):
                raise
            # SystemExit or KeyboardInterrupt that ends a task takes the loop with it; a waiter can answer.
            self._error, self._traceback = error, error.__traceback__
