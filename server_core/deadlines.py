"""Time limits for many short calls at the cost of a single timer.

`asyncio.timeout` sets and cancels a timer for every call; here one timer waits for the earliest deadline.
"""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Any

GRACE_SECONDS = 3.0
"""How long code may clean up after it was cancelled."""


class DeadlineTimer:
    """The shared timer. Use on one event loop only."""

    def __init__(self) -> None:
        self._entries: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    def limit(self, seconds: float) -> Deadline:
        """Return a context manager that cancels its block after `seconds`, unless extended; see `Deadline`."""
        return Deadline(self, seconds)

    def add(self, entry: Deadline, loop: asyncio.AbstractEventLoop) -> None:
        """Watch `entry`."""
        self._entries[entry] = None
        if self._timer is None or entry.due < self._due:
            self._arm(entry.due, loop)

    def remove(self, entry: Deadline) -> None:
        """Forget `entry`; the timer notices when it next fires."""
        self._entries.pop(entry, None)

    def _arm(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = loop.call_at(due, self._fire, loop)

    def _fire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for entry in [each for each in self._entries if each.due <= now]:
            entry.expire()
        if self._entries:
            self._arm(min(entry.due for entry in self._entries), loop)


class Deadline:
    """A block with a time limit, like `asyncio.timeout`: raises `TimeoutError` if the limit ended it.

    Attributes:
        due: when it expires, in the loop's time.
        expired: the deadline has passed and the block was cancelled.
        given_up: the block was cancelled, did not end within `GRACE_SECONDS`, and was cancelled once more.
    """

    __slots__ = (
        "_cancelling",
        "_cancels",
        "_hurried",
        "_task",
        "_timer",
        "due",
        "expired",
        "given_up",
        "loop",
        "seconds",
    )

    def __init__(self, timer: DeadlineTimer, seconds: float) -> None:
        self._timer = timer
        self.seconds = seconds
        self.due = 0.0
        self.expired = False
        self.given_up = False
        self._hurried = False
        self._cancels = 0
        self.loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[Any]
        self._cancelling = 0

    def extend(self) -> None:
        """Restart the limit from now."""
        if self._hurried:
            return
        self.due = self.loop.time() + self.seconds

    def hold(self) -> None:
        """Pause the limit until `resume`."""
        if not self._hurried:
            self.due = math.inf

    def resume(self) -> None:
        """Restart the limit from now, after `hold`."""
        if not self.expired and not self._hurried:
            self.extend()
            self._timer.add(self, self.loop)

    def hurry(self) -> None:
        """The block was cancelled, by whoever, but keeps running: allow it `GRACE_SECONDS` from the first time."""
        if not self._hurried:
            self._hurried = True
            self.due = self.loop.time() + GRACE_SECONDS
            self._timer.add(self, self.loop)

    def expire(self) -> None:
        """The deadline has passed: cancel the block, or give it up if it was cancelled before."""
        self.given_up = self._hurried
        self.expired = True
        self._timer.remove(self)
        self._cancels += 1
        self._task.cancel()

    def __enter__(self) -> Deadline:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A time limit needs a running task")
        self._task = task
        self._cancelling = task.cancelling()
        self.loop = loop = task.get_loop()
        self.due = loop.time() + self.seconds
        self._timer.add(self, loop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.remove(self)
        # Swallow the cancellation only if nobody else requested one.
        left = self._cancelling
        for _ in range(self._cancels):
            left = self._task.uncancel()
        if self.expired and left <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error
