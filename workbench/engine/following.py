"""Delivers a stream to its follower: in a few batches per second, bounded, dropping the oldest data."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

BATCH_SECONDS = 0.05
"""The minimum interval between batches."""

MOST_WAITING = 1_000_000
"""The maximum number of characters waiting for the next batch."""


class Gathered(NamedTuple):
    """The data of a stream since the previous batch.

    Attributes:
        pieces: The number of pieces.
        size: Their size in bytes as UTF-8, including dropped ones.
        text: Their text.
        dropped: The number of characters missing before `text`, because they arrived too fast.
    """

    pieces: int
    size: int
    text: str
    dropped: int


class Gathering:
    """Gathers pieces on any thread and delivers batches to a callback on one loop. Create and close it on that loop."""

    def __init__(self, deliver: Callable[[Gathered], None]) -> None:
        self._deliver_batch = deliver
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._chars = self._pieces = self._size = self._dropped = 0
        self._under_way = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def put(self, piece: str) -> None:
        """Add a piece. Callable from any thread."""
        with self._lock:
            self._pieces += 1
            self._size += len(piece) if piece.isascii() else len(piece.encode("utf-8", "replace"))
            self._waiting.append(piece)
            self._chars += len(piece)
            while self._chars > MOST_WAITING:
                self._shorten(self._chars - MOST_WAITING)
            under_way, self._under_way = self._under_way, True
        if not under_way:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is waiting
                self._loop.call_soon_threadsafe(self._deliver)

    def close(self) -> None:
        """Deliver what is left, and nothing after that."""
        if self._timer is not None:
            self._timer.cancel()
        self._hand_over()
        self._closed = True

    def _shorten(self, chars: int) -> None:
        """Drop at most `chars` characters of the oldest piece."""
        oldest = self._waiting.popleft()
        gone = min(chars, len(oldest))
        self._chars -= gone
        self._dropped += gone
        if gone < len(oldest):
            self._waiting.appendleft(oldest[gone:])

    def _deliver(self) -> None:
        self._timer = None
        if not self._closed and self._hand_over():
            self._timer = self._loop.call_later(BATCH_SECONDS, self._deliver)

    def _hand_over(self) -> bool:
        """Deliver what there is; return whether there was anything."""
        with self._lock:
            if not self._pieces:
                self._under_way = False
                return False
            gathered = Gathered(self._pieces, self._size, "".join(self._waiting), self._dropped)
            self._waiting.clear()
            self._chars = self._pieces = self._size = self._dropped = 0
        self._deliver_batch(gathered)
        return True
