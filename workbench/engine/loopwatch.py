"""Finds out which code blocks the core's event loop, while it is blocked."""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import Callable

from server_core.events import LoopBlocked, LoopFreed

from .usercode import Place, UserCode

LOOK_SECONDS = 0.015
BLOCKED_SECONDS = 0.04
"""How long the user's code must hold the loop before it counts as blocked."""

BLOCKED_LIBRARY_SECONDS = 0.5
"""The same for code of libraries, whose shorter blocks the user can't do much about."""

MISSED_SECONDS = 0.12
"""If the watch itself did not run for this long, the machine was busy or asleep: no code is to blame."""

REPEAT_SECONDS = 1.0


class TurningSelector(selectors.DefaultSelector):
    """The selector that an event loop waits on. It records when the loop resumes, which is cheaper than a heartbeat.

    Attributes:
        waiting: Whether the loop is idle.
        left: When the loop last resumed work, in `time.monotonic` seconds.
    """

    waiting = False
    left = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waiting = True
        try:
            return super().select(timeout)
        finally:
            self.left = time.monotonic()
            self.waiting = False


def watchable_loop() -> tuple[asyncio.AbstractEventLoop, TurningSelector | None]:
    """Create an event loop with the selector for watching it; `None` where the loop needs another selector."""
    if sys.platform == "win32":
        return asyncio.new_event_loop(), None
    selector = TurningSelector()
    return asyncio.SelectorEventLoop(selector), selector


class LoopWatch:
    """Watches an event loop from its own daemon thread.

    Emits `LoopBlocked` when the loop is blocked, again each second while it lasts, and `LoopFreed` when the loop runs
    again, all from the watching thread.
    """

    def __init__(self, selector: TurningSelector, thread: int, emit: Callable[[object], None]) -> None:
        """Args:
        selector: The selector that the loop waits on.
        thread: The identity of the thread that the loop runs on.
        """
        self._selector = selector
        self._watched = thread
        self._emit = emit
        self._code = UserCode()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="workbench-loopwatch", daemon=True)

    def start(self) -> None:
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, without emitting another fact."""
        self._stopped.set()

    def _watch(self) -> None:
        selector = self._selector
        reported = since = 0.0
        looked = time.monotonic()
        while not self._stopped.wait(LOOK_SECONDS):
            before, looked = looked, time.monotonic()
            left = selector.left
            if reported and (selector.waiting or left > since):
                self._emit(LoopFreed(looked - since))
                reported = 0.0
            seconds = looked - left
            if (
                selector.waiting
                or seconds < BLOCKED_SECONDS
                or (reported and looked - reported < REPEAT_SECONDS)
            ):
                continue
            if not reported and looked - before > MISSED_SECONDS:
                continue
            place = self._place(seconds)
            if place is not None and not selector.waiting and selector.left == left:
                self._emit(LoopBlocked(*place, seconds))
                reported, since = looked, left

    def _place(self, seconds: float) -> Place | None:
        """Return where the loop's thread is, if it is blocked long enough to report."""
        frame = sys._current_frames().get(self._watched)
        if frame is None:
            return None
        place = self._code.place(frame)
        if place is not None or seconds < BLOCKED_LIBRARY_SECONDS:
            return place
        return self._code.library_place(frame)
