"""Rates and curves computed from per-second counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .parts import Second

RATE_SECONDS = 5
"""How many whole seconds a rate is averaged over."""

HIT_RATE_SECONDS = 10
"""How many seconds each point of the hit rate curve covers."""


def call_rate(seconds: Sequence[Second], now: float) -> float:
    """Return calls per second, averaged over the last whole seconds."""
    last = int(now)
    return sum(s.calls for s in seconds if last - RATE_SECONDS <= s.at < last) / RATE_SECONDS


def calls_curve(seconds: Sequence[Second], now: float, width: int) -> list[float]:
    """Return the calls in each of the last `width` whole seconds, oldest first."""
    last = int(now)
    table = {second.at: second.calls for second in seconds}
    return [float(table.get(at, 0)) for at in range(last - width, last)]


def hit_rate_curve(seconds: Sequence[Second], now: float, width: int) -> list[float | None]:
    """Return the hit rate (0 to 1) up to each of the last `width` whole seconds; `None` without lookups."""
    last = int(now)
    table = {second.at: (second.hits, second.misses) for second in seconds}
    curve: list[float | None] = []
    for end in range(last - width, last):
        looked = [table.get(at, (0, 0)) for at in range(end - HIT_RATE_SECONDS + 1, end + 1)]
        hits, misses = sum(hit for hit, _ in looked), sum(miss for _, miss in looked)
        curve.append(hits / (hits + misses) if hits + misses else None)
    return curve
