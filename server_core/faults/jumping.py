"""A clock that can jump, as a machine's clock does when it wakes up or is corrected."""

from __future__ import annotations

import asyncio
import threading

from ..clock import Clock

FARTHEST_JUMP = 1e9
"""The largest offset from the real clock in seconds, about thirty years, so that times remain valid dates."""


class JumpingClock(Clock):
    """A `Clock` that follows another one, apart from its jumps. Callable from any thread.

    Attributes:
        ahead: how many seconds `now` is ahead of the other clock; negative if it is behind.
    """

    def __init__(self, inner: Clock) -> None:
        self.inner = inner
        self.ahead = 0.0
        self._passed = 0.0
        self._lock = threading.Lock()
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def now(self) -> float:
        """Seconds since the epoch, including every jump."""
        return self.inner.now() + self.ahead

    def monotonic(self) -> float:
        """Seconds, including every forward jump: this clock never goes back."""
        return self.inner.monotonic() + self._passed

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of `monotonic`; a jump past the end wakes it."""
        if seconds <= 0:
            await self.inner.sleep(seconds)
            return
        jumped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._sleepers[jumped] = self.monotonic() + seconds
        sleeping = asyncio.ensure_future(self.inner.sleep(seconds))
        try:
            await asyncio.wait((sleeping, jumped), return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()
        finally:
            sleeping.cancel()
            with self._lock:
                del self._sleepers[jumped]

    def jump(self, seconds: float) -> None:
        """Make `seconds` pass at once and wake the sleepers whose time has come. A jump back moves only `now`.

        It goes no farther than `FARTHEST_JUMP` from the other clock.
        """
        with self._lock:
            before = self.ahead
            self.ahead = max(-FARTHEST_JUMP, min(before + seconds, FARTHEST_JUMP))
            self._passed += max(0.0, self.ahead - before)
            now = self.monotonic()
            due = [sleeper for sleeper, end in self._sleepers.items() if end <= now]
        for sleeper in due:
            loop = sleeper.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_wake_jumper, sleeper)


def _wake_jumper(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
