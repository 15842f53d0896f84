"""Passes progress from the engine's loop to the loop that awaits the call."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

ProgressCallback = Callable[[float, float | None, str], None]
"""`(progress, total, message)`; the total may be unknown, the message empty."""


def relayed(callback: ProgressCallback | None) -> ProgressCallback | None:
    """Wrap `callback` so that any thread may call it: it runs on the current loop.

    If reports arrive faster than that loop runs, only the latest is delivered.
    """
    return _Relay(asyncio.get_running_loop(), callback) if callback is not None else None


class _Relay:
    def __init__(self, loop: asyncio.AbstractEventLoop, callback: ProgressCallback) -> None:
        self._loop = loop
        self._callback = callback
        self._lock = threading.Lock()
        self._latest: tuple[float, float | None, str] | None = None

    def __call__(self, progress: float, total: float | None, message: str) -> None:
        with self._lock:
            under_way = self._latest is not None
            self._latest = (progress, total, message)
        if not under_way:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is waiting
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._lock:
            latest, self._latest = self._latest, None
        if latest is not None:
            self._callback(*latest)
