"""A thread with its own event loop that any other loop can call."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from .errors import EngineError
from .loopwatch import TurningSelector, watchable_loop

T = TypeVar("T")

SWITCH_INTERVAL = 0.001
"""Seconds after which a computing tool must let the screen's thread run; Python's 5 ms makes keys feel slow."""


TURN_SECONDS = 1.0
"""A loop that does not respond for this long on stop is blocked by a function that may never return."""

INTERRUPT_SECONDS = 0.3
"""How long what held the loop may take to end once it was interrupted."""


class LoopThread:
    """A daemon thread that runs a main coroutine, and others sent to its loop.

    Attributes:
        loop: The thread's event loop, once started.
        selector: The selector for watching the loop; `None` where that is not possible.
    """

    def __init__(self, name: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._main = main
        self.loop: asyncio.AbstractEventLoop
        self.selector: TurningSelector | None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._main_task: asyncio.Task[None] | None = None
        self._open: set[Future[Any]] = set()
        self._abandoned = False
        self._interval = sys.getswitchinterval()

    @property
    def ident(self) -> int | None:
        """The thread's identity; `None` before it runs."""
        return self._thread.ident

    def start(self) -> None:
        """Start the thread. Returns immediately."""
        self.loop, self.selector = watchable_loop()
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(min(self._interval, SWITCH_INTERVAL))
        self._thread.start()

    async def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `make()` on this loop and return its result or raise its error. Awaitable on any loop, including this.

        Cancelling the awaiting task cancels the coroutine without waiting for it to finish.

        Raises:
            EngineError: The thread has ended, or ends before the coroutine does.
        """
        if self._abandoned or not self._thread.is_alive():
            raise EngineError(
                f"The engine has {'not been started' if self._thread.ident is None else 'stopped'}"
            )
        coroutine = make()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        except RuntimeError:  # the loop was closed in between
            coroutine.close()
            raise EngineError("The engine has stopped") from None
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise EngineError("The engine has stopped") from None  # it was cancelled on the other loop

    def stop(self, seconds: float) -> bool:
        """Cancel all coroutines and wait for the thread to end; return whether it did within `seconds`. A blocked loop
        is interrupted, and abandoned if that does not help."""
        if self._thread.ident is None:
            return True
        turned = threading.Event()
        with contextlib.suppress(RuntimeError):  # closed already
            self.loop.call_soon_threadsafe(self._cancel_main)
            self.loop.call_soon_threadsafe(turned.set)
            if not turned.wait(min(seconds, TURN_SECONDS)) and self._thread.is_alive():
                self._interrupt()
                if not turned.wait(INTERRUPT_SECONDS):
                    self._abandon()
                    seconds = 0.0
        self._thread.join(seconds)
        sys.setswitchinterval(self._interval)
        return not self._thread.is_alive()

    def _interrupt(self) -> None:
        """Cancel what holds the loop, where it is: Python code stops at its next instruction, a system call never."""
        ident = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(asyncio.CancelledError))

    def _abandon(self) -> None:
        """Answer those who wait for the thread. Should its loop ever turn again, it ends by itself."""
        self._abandoned = True
        for future in list(self._open):
            future.cancel()

    def _cancel_main(self) -> None:
        # Only once: a second cancellation would interrupt the shutdown that the first one began.
        if self._main_task is not None and not self._main_task.cancelling():
            self._main_task.cancel()

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self._main_task = self.loop.create_task(self._main())
            with contextlib.suppress(asyncio.CancelledError):
                self.loop.run_until_complete(self._main_task)
            self.loop.run_until_complete(_end_all())
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()
            for future in list(self._open):
                future.cancel()  # sent too late to run


async def _end_all() -> None:
    """Cancel every other task and wait for each to finish."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
