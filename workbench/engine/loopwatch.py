"""Finds out who holds up the core's event loop, while it is held up."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable

from server_core.events import LoopBlocked, LoopFreed

from .usercode import Place, UserCode

BEAT_SECONDS = 0.025
BLOCKED_SECONDS = 0.05
"""The loop counts as blocked when it has not turned for so long in code of the user."""

BLOCKED_LIBRARY_SECONDS = 0.5
"""The same for code of libraries, where nobody could do much about a shorter stop."""

REPEAT_SECONDS = 1.0


class LoopWatch:
    """Watches one event loop from a daemon thread of its own.

    Emits `LoopBlocked` once for each stop, again each second while it lasts, and `LoopFreed` when the loop
    turns again. The facts come from the watching thread; the loop itself only beats.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: int, emit: Callable[[object], None]) -> None:
        """Args:
        thread: the identity of the thread that the loop runs on.
        """
        self._loop = loop
        self._watched = thread
        self._emit = emit
        self._code = UserCode()
        self._beat = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="workbench-loopwatch", daemon=True)

    def start(self) -> None:
        """Begin to watch. On the loop's own thread."""
        self._turn()
        self._thread.start()

    def stop(self) -> None:
        """End; a `LoopBlocked` that is still told of stays without its `LoopFreed`. On the loop's own
        thread."""
        self._stopped.set()
        if self._handle is not None:
            self._handle.cancel()

    def _turn(self) -> None:
        self._beat = time.monotonic()
        self._handle = self._loop.call_later(BEAT_SECONDS, self._turn)

    def _watch(self) -> None:
        told = 0.0
        since = 0.0
        woken = time.monotonic()
        while not self._stopped.wait(BEAT_SECONDS):
            now, before = time.monotonic(), woken
            woken = now
            beat = self._beat
            blocked = now - beat - BEAT_SECONDS
            if told and beat > since:
                self._emit(LoopFreed(beat - since - BEAT_SECONDS))
                told = 0.0
            if blocked < BLOCKED_SECONDS - BEAT_SECONDS or (told and now - told < REPEAT_SECONDS):
                continue
            if not told and now - before > 4 * BEAT_SECONDS:
                continue  # this thread did not run either: the machine is busy or slept
            place = self._place(blocked)
            if place is not None:
                self._emit(LoopBlocked(*place, blocked))
                told, since = now, beat

    def _place(self, seconds: float) -> Place | None:
        """Where the loop's thread is, if that is a stop to tell of."""
        frame = sys._current_frames().get(self._watched)
        if frame is None:
            return None
        place = self._code.place(frame)
        if place is not None or seconds < BLOCKED_LIBRARY_SECONDS:
            return place
        waiting = frame.f_code.co_filename.endswith(("selectors.py", "windows_events.py"))
        return None if waiting else self._code.library_place(frame)
