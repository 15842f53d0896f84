"""The event bus, which delivers facts from the core to its listeners."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from .clock import Clock, SystemClock


class Event(NamedTuple):
    """A fact with its sequence number and time.

    Attributes:
        seq: counts from 1 and never repeats on a bus; facts from several threads may reach a listener out of order.
        at: seconds since the epoch, by the bus's clock.
        fact: a frozen dataclass, most of them from `events`.
    """

    seq: int
    at: float
    fact: object


Listener = Callable[[Event], None]


class EventBus:
    """Delivers each emitted fact to every listener, immediately and on the emitting thread.

    Listeners must be quick, must not block and may be called from any thread. One that raises is logged and skipped.
    On a hot path, create the fact only `if bus.active`.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self._listeners: tuple[tuple[object, Listener], ...] = ()
        self.active = False

    def emit(self, fact: object) -> None:
        """Deliver `fact` to the listeners. Callable from any thread; never raises."""
        if not self.active:
            return
        event = Event(next(self._count), self._clock.now(), fact)
        for _token, listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logging.getLogger(__name__).exception(
                    "A listener of the event bus raised an exception; it stays subscribed"
                )

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; returns an idempotent callable that unsubscribes it."""
        # A token per subscription, so that a function subscribed twice is unsubscribed one at a time.
        token = object()
        with self._lock:
            self._listeners = (*self._listeners, (token, listener))
            self.active = True

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each[0] is not token)
                self.active = bool(self._listeners)

        return unsubscribe
