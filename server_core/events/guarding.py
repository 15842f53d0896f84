"""Breakers and pools: what stands between a request and what can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BreakerStatus = Literal["closed", "open", "half_open"]
PoolStep = Literal["opened", "acquired", "released", "closed", "waiting", "timed_out", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class BreakerFailed:
    """A call that a breaker guards has failed; `failures` of `threshold` in a row."""

    breaker: str
    failures: int
    threshold: int
    error: str


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A breaker went from one state to another; `retry_in` is the time to the next probe while it is open."""

    breaker: str
    before: BreakerStatus
    after: BreakerStatus
    failures: int
    retry_in: float
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerRecovered:
    """The failures in a row of a closed breaker are 0 again: a call succeeded, or it was reset by hand."""

    breaker: str


@dataclass(frozen=True, slots=True)
class BreakerProbed:
    """A half-open breaker's probe began, or (`under_way` false) it said nothing and left its place to the next call."""

    breaker: str
    under_way: bool


@dataclass(frozen=True, slots=True)
class BreakerRefused:
    """An open breaker refused a call."""

    breaker: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """A pool's connections or waiters have changed.

    `waiting`, `acquired` and `released`, and `timed_out`, `cancelled` and `failed` of who waited, are steps of one
    `holder`; its `ticket` is the same in each and nobody else's. The other steps have none (0).
    """

    pool: str
    what: PoolStep
    idle: int
    in_use: int
    waiting: int
    max_size: int
    holder: str = ""
    ticket: int = 0
