"""Daemon worker threads for users' synchronous functions and blocking libraries.

Not `asyncio.to_thread` or anyio's threads: those are joined at exit, so a function that never returns would keep the
process alive.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

WorkerResultT = TypeVar("WorkerResultT")

_Job = tuple[contextvars.Context, Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class WorkerThreads:
    """Runs functions on daemon threads, at most `limit` of them awaited at a time.

    Threads are reused and end after `idle_seconds` without work. Use on one event loop only.
    """

    def __init__(self, limit: int = 64, idle_seconds: float = 10.0) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._idle_seconds = idle_seconds
        self._idle: deque[_Worker] = deque()

    async def run(self, function: Callable[[], WorkerResultT]) -> WorkerResultT:
        """Call `function` on a worker thread, in a copy of the caller's context; return or raise what it does.

        If the caller is cancelled, the function runs to its end and its result is dropped.
        """
        loop = asyncio.get_running_loop()
        async with self._slots:
            future: asyncio.Future[WorkerResultT] = loop.create_future()
            job = (contextvars.copy_context(), function, future, loop)
            while True:
                try:
                    worker = self._idle.pop()
                except IndexError:
                    worker = _Worker(self._idle, self._idle_seconds)
                if worker.accept(job):
                    break
            return await future


class _Worker:
    """One thread, which returns to the idle threads after each job."""

    def __init__(self, idle: deque[_Worker], idle_seconds: float) -> None:
        self._idle = idle
        self._idle_seconds = idle_seconds
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._lock = threading.Lock()
        self._ended = False
        threading.Thread(target=self._work, name="server-core-worker", daemon=True).start()

    def accept(self, job: _Job) -> bool:
        """Take a job, unless the thread has just ended from lack of work."""
        with self._lock:
            if self._ended:
                return False
            self._jobs.put(job)
            return True

    def _work(self) -> None:
        while True:
            try:
                context, function, future, loop = self._jobs.get(timeout=self._idle_seconds)
            except Empty:
                with self._lock:
                    if not self._jobs.empty():
                        continue
                    self._ended = True
                return
            result: Any = None
            error: BaseException | None = None
            try:
                result = context.run(function)
            except StopIteration as stop:  # a future can't carry it
                error = RuntimeError(f"The function raised StopIteration: {stop}")
            except BaseException as caught:  # sys.exit in a tool must reach the caller, not end the thread
                error = caught
            self._idle.append(self)
            try:
                loop.call_soon_threadsafe(_settle, future, result, error)
            except RuntimeError:  # the loop is closed: nobody is waiting any more
                return
            # Don't keep references to the job while waiting for the next one.
            del context, function, future, loop, result, error


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
