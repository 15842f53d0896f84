"""A blocking function on a worker thread, and a way to wait for its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

JobResultT = TypeVar("JobResultT")


class JobAbandonedError(Exception):
    """The job was abandoned before it began: its function did not run and never will."""


class WorkerJob(Generic[JobResultT]):
    """Calls `function` once, on a worker thread, and always knows whether the call is running.

    A cancelled caller can't stop a thread, but what the function uses must not be given to anyone else until it has
    ended. Call the job on a thread, and `abandon` it on an event loop.
    """

    __slots__ = ("_abandoned", "_begun", "_end", "_ended", "_function", "_lock", "_loop")

    def __init__(self, function: Callable[[], JobResultT]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._begun = False
        self._ended = False
        self._abandoned = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    def __call__(self) -> JobResultT:
        with self._lock:
            if self._abandoned:
                raise JobAbandonedError
            self._begun = True
        try:
            return self._function()
        finally:
            with self._lock:
                self._ended = True
                loop, end = self._loop, self._end
            if loop is not None and end is not None and not loop.is_closed():
                loop.call_soon_threadsafe(end.set)

    def abandon(self) -> asyncio.Event | None:
        """Declare that nobody waits for the result any more.

        Returns:
            an event that is set when the running call ends, or `None` if there is no running call: it has ended, or it
            will never begin.
        """
        with self._lock:
            self._abandoned = True
            if self._ended or not self._begun:
                return None
            if self._end is None:
                self._end = asyncio.Event()
                self._loop = asyncio.get_running_loop()
            return self._end
