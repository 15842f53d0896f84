"""Passes facts from the engine's threads to the screen: bounded, with one wake-up for many facts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from server_core.bus import Event
from workbench.facts import Dropped

INBOX_EVENTS = 20_000
"""How many events are queued for the screen before the oldest are dropped."""


class Inbox:
    """A bounded queue of events, filled by any thread and drained by one.

    Attributes:
        wake: Called on the putting thread when the first event since the last drain arrives. It must be quick (post a
            message, `call_soon_threadsafe`); if it raises, it is not called again until it is set again.
    """

    def __init__(self, most: int = INBOX_EVENTS) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._events: deque[Event] = deque()
        self._dropped = 0
        self._woken = False
        self._wake: Callable[[], None] | None = None

    @property
    def wake(self) -> Callable[[], None] | None:
        return self._wake

    @wake.setter
    def wake(self, wake: Callable[[], None] | None) -> None:
        with self._lock:
            self._wake = wake
            waiting = wake is not None and (bool(self._events) or self._dropped > 0)
            self._woken = waiting
        if waiting and wake is not None:
            self._call(wake)

    def put(self, event: Event) -> None:
        """Queue `event`, dropping the oldest one if the inbox is full. A listener for `EventBus.subscribe`."""
        with self._lock:
            if len(self._events) >= self._most:
                self._events.popleft()
                self._dropped += 1
            self._events.append(event)
            wake = None if self._woken else self._wake
            if wake is not None:
                self._woken = True
        if wake is not None:
            self._call(wake)

    def drain(self) -> list[Event]:
        """Take all events, oldest first, preceded by a `Dropped` with `seq` 0 if some were lost."""
        with self._lock:
            events, self._events = self._events, deque()
            dropped, self._dropped = self._dropped, 0
            self._woken = False
        if not dropped:
            return list(events)
        return [Event(0, events[0].at if events else 0.0, Dropped(dropped)), *events]

    def _call(self, wake: Callable[[], None]) -> None:
        try:
            wake()
        except Exception:
            # The screen is gone. Logging this would put another event here and call `wake` again.
            with self._lock:
                if self._wake is wake:
                    self._wake = None
