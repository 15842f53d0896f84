"""Single flight: one load, shared by everyone who waits for its value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from .cancelling import is_real_cancellation

SizedLoad = Callable[[], Awaitable[tuple[Any, int]]]
"""Loads a value; returns it with its size in bytes."""

flight_around: ContextVar[LoadFlight | None] = ContextVar("flight_around", default=None)
"""The flight whose load is currently running."""


class LoadFlight:
    """A load in its own task, in a copy of the starter's context. Use on one loop only.

    Attributes:
        value, size: the loaded value, as long as someone may need it.
        stale: the value is already out of date, or nobody is waiting for it any more.
        kept: the starter has cached the value.
    """

    def __init__(
        self, key: str, tags: tuple[str, ...], load: SizedLoad, *, ended: Callable[[LoadFlight], None]
    ) -> None:
        """Start `load`. `ended` is called when it has ended or been abandoned, before any waiter resumes."""
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
        """Whether the load has returned a value."""
        return self._task.done() and not self._task.cancelled() and self._error is None

    async def join(self) -> Any:
        """Wait for the load and return its value. If the last waiter is cancelled, so is the load.

        Raises:
            BaseException: whatever the load raised, including `SystemExit`.
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
                # Several waiters raise the same error: each starts from the load's own traceback.
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
        """Whether this load can't end before `other` does."""
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
            # SystemExit or KeyboardInterrupt in a task would take down the loop; a waiter can handle it.
            self._error, self._traceback = error, error.__traceback__
