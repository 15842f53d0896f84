"""Circuit breakers and connection pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BreakerStatus = Literal["closed", "open", "half_open"]
PoolStep = Literal["opened", "acquired", "released", "closed", "waiting", "timed_out", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class BreakerFailed:
    """A call guarded by a breaker failed: `failures` in a row, of `threshold`."""

    breaker: str
    failures: int
    threshold: int
    error: str


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A breaker changed state; while it is open, `retry_in` is the time until the next trial call."""

    breaker: str
    before: BreakerStatus
    after: BreakerStatus
    failures: int
    retry_in: float
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerRecovered:
    """A closed breaker's count of consecutive failures is back to 0: a call succeeded, or it was reset by hand."""

    breaker: str


@dataclass(frozen=True, slots=True)
class BreakerProbed:
    """A half-open breaker's trial call began, or (`under_way` false) was inconclusive."""

    breaker: str
    under_way: bool


@dataclass(frozen=True, slots=True)
class BreakerRefused:
    """An open breaker refused a call."""

    breaker: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """A pool's connections or waiters changed.

    The steps of one `holder` (`waiting`, `acquired`, `released`, or `timed_out`, `cancelled`, `failed`) share a unique
    `ticket`. Other steps have none (0).
    """

    pool: str
    what: PoolStep
    idle: int
    in_use: int
    waiting: int
    max_size: int
    holder: str = ""
    ticket: int = 0
