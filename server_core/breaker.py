"""Circuit breakers: stop calling what keeps failing, then test it with a single trial call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar

from mcp import MCPError
from mcp.types import INVALID_PARAMS

from .bus import EventBus
from .clock import Clock
from .error_texts import error_text
from .errors import (
    PERMISSION_DENIED,
    RESOURCE_NOT_FOUND_2025,
    TOO_LARGE,
    BreakerOpenError,
    DeniedError,
    InvalidArgumentsError,
    NotFoundError,
    TooLargeError,
)
from .events import (
    BreakerChanged,
    BreakerFailed,
    BreakerProbed,
    BreakerRecovered,
    BreakerRefused,
    BreakerStatus,
)
from .inspection import BreakerChange, BreakerState
from .settings import BreakerSettings

GuardedT = TypeVar("GuardedT")

BREAKER_HISTORY = 50
BREAKER_ERROR_LENGTH = 200
CALLERS_CODES = frozenset({INVALID_PARAMS, RESOURCE_NOT_FOUND_2025, PERMISSION_DENIED, TOO_LARGE})


def counts_as_failure(error: BaseException) -> bool:
    """Whether `error` counts against what a breaker guards.

    A caller's mistakes and cancelled calls never do. In an exception group, one error that counts is enough.
    """
    if isinstance(error, BaseExceptionGroup):
        return any(counts_as_failure(inner) for inner in error.exceptions)
    if isinstance(error, MCPError):
        return error.code not in CALLERS_CODES
    return not isinstance(
        error,
        InvalidArgumentsError
        | NotFoundError
        | DeniedError
        | TooLargeError
        | BreakerOpenError
        | asyncio.CancelledError
        | GeneratorExit
        | KeyboardInterrupt,
    )


def is_named(error: BaseException, names: Collection[str]) -> bool:
    """Whether the class of `error` or one of its bases is among `names`, with or without its module."""
    if not names:
        return False
    classes = type(error).__mro__
    return any(
        each.__name__ in names or f"{each.__module__}.{each.__qualname__}" in names for each in classes
    )


class CircuitBreaker:
    """Guards one thing that can fail. Use on the server's loop only.

    Closed, it allows every call and counts consecutive failures; it opens at `failure_threshold`.
    Open, it refuses every call for `reset_timeout` seconds. Then it is half-open: it allows one trial call and
    refuses the others. If the trial call succeeds, the breaker closes; if it fails, it opens again. A trial call
    that was cancelled, or failed because of its caller, is inconclusive, and the next call is the trial.

    A call counts only in the period in which it began: its result is ignored after a state change.
    """

    def __init__(
        self,
        name: str,
        settings: BreakerSettings,
        *,
        clock: Clock,
        bus: EventBus,
        counts: Callable[[BaseException], bool] = counts_as_failure,
    ) -> None:
        """Args:
        settings: may be replaced at any time; new ones apply from the next call.
        counts: whether an error counts as a failure of the guarded thing rather than of its caller; a cancelled
            call never does.
        """
        self.name = name
        self.settings = settings
        self.prober: Callable[[], Awaitable[object]] | None = None
        """Checks whether the guarded thing works and raises if not; called by `probe`, set by the owner."""
        self._clock = clock
        self._bus = bus
        self._counts = counts
        self._status: BreakerStatus = "closed"
        self._period = 0
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False
        self._refused = 0
        self._last_error = ""
        self._history: deque[BreakerChange] = deque(maxlen=BREAKER_HISTORY)

    async def call(self, operation: Callable[[], Awaitable[GuardedT]]) -> GuardedT:
        """Run `operation` if the breaker allows it.

        Raises:
            BreakerOpenError: the call was refused; `retry_in` is 0 while a trial call is running.
            BaseException: whatever `operation` raised.
        """
        if self._status != "closed":
            self._admit_probe()
        period = self._period
        try:
            result = await operation()
        except BaseException as error:
            if period == self._period:
                self._on_error(error)
            raise
        if period == self._period and (self._failures or self._probing):
            self._on_success()
        return result

    def trip(self, reason: str = "by hand") -> None:
        """Open now, for the full `reset_timeout`; if already open, start waiting again."""
        self._retry_at = self._clock.monotonic() + self.settings.reset_timeout
        self._change("open", reason)

    def reset(self, reason: str = "by hand") -> None:
        """Close now and forget the failures; running calls no longer count."""
        if self._status != "closed":
            self._failures = 0
            self._change("closed", reason)
        elif self._failures:
            self._period += 1
            self._forget_failures()

    def allow_probe(self) -> None:
        """Allow an open breaker's next call as the trial call, without waiting any longer."""
        if self._status == "open":
            self._change("half_open", "by hand")

    async def probe(self) -> str:
        """Check at once whether the guarded thing works again; returns the outcome in a few words.

        Without a `prober`, the next call is the trial call. Raises only if it is really cancelled.
        """
        if self._status == "closed":
            return "the breaker is closed: nothing to try"
        if self._probing:
            return "a trial call is already running"
        self.allow_probe()
        if self.prober is None:
            return "the next call is the trial call"
        try:
            await self.call(self.prober)
        except Exception as error:
            return f"trial call failed: {_error_line(error)}"
        return "it works again, now closed"

    def state(self, guards: Iterable[str] = ()) -> BreakerState:
        """The current state; the caller supplies what the breaker `guards`."""
        retry_at = 0.0
        if self._status == "open":
            retry_at = self._clock.now() + self._retry_at - self._clock.monotonic()
        return BreakerState(
            name=self.name,
            status=self._status,
            failures=self._failures,
            threshold=self.settings.failure_threshold,
            reset_timeout=self.settings.reset_timeout,
            retry_at=retry_at,
            probing=self._probing,
            refused=self._refused,
            last_error=self._last_error,
            history=tuple(self._history),
            guards=tuple(guards),
        )

    def _admit_probe(self) -> None:
        """Make the current call the trial call, or refuse it."""
        if self._status == "open":
            retry_in = self._retry_at - self._clock.monotonic()
            if retry_in > 0:
                self._refuse(retry_in)
            self._change("half_open", "reset timeout passed")
        if self._probing:
            self._refuse(0.0)
        self._set_probing(True)

    def _set_probing(self, under_way: bool) -> None:
        self._probing = under_way
        if self._bus.active:
            self._bus.emit(BreakerProbed(self.name, under_way))

    def _refuse(self, retry_in: float) -> None:
        self._refused += 1
        if self._bus.active:
            self._bus.emit(BreakerRefused(self.name, retry_in))
        raise BreakerOpenError(self.name, retry_in)

    def _on_success(self) -> None:
        if self._status == "closed":
            self._forget_failures()
        else:
            self._failures = 0
            self._change("closed", "trial call succeeded")

    def _on_error(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit) or not self._is_failure(error):
            if self._probing:
                self._set_probing(False)
            return
        self._failures += 1
        self._last_error = _error_line(error)
        threshold = self.settings.failure_threshold
        if self._bus.active:
            self._bus.emit(BreakerFailed(self.name, self._failures, threshold, self._last_error))
        if self._status == "half_open":
            self.trip(f"trial call failed: {self._last_error}")
        elif self._failures >= threshold:
            self.trip(f"{self._failures} failures in a row: {self._last_error}")

    def _is_failure(self, error: BaseException) -> bool:
        if isinstance(error, BaseExceptionGroup) and self.settings.ignore:
            return any(self._is_failure(inner) for inner in error.exceptions)
        return self._counts(error) and not is_named(error, self.settings.ignore)

    def _forget_failures(self) -> None:
        self._failures = 0
        if self._bus.active:
            self._bus.emit(BreakerRecovered(self.name))

    def _change(self, after: BreakerStatus, reason: str) -> None:
        before, self._status = self._status, after
        self._period += 1
        self._probing = False
        self._history.append(BreakerChange(self._clock.now(), before, after, reason))
        if self._bus.active:
            retry_in = self._retry_at - self._clock.monotonic() if after == "open" else 0.0
            self._bus.emit(BreakerChanged(self.name, before, after, self._failures, retry_in, reason))


def _error_line(error: BaseException) -> str:
    text = error_text(error).strip()
    line = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {line}"[:BREAKER_ERROR_LENGTH] if line else type(error).__name__
