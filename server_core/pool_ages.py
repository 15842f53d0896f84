"""When a pool's connections are too old, or were idle too long. Times are of the clock's `monotonic`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .pool_queue import PoolSlot
from .settings import PoolSettings


def is_stale(slot: PoolSlot[Any], settings: PoolSettings, now: float) -> bool:
    """Whether a connection that nobody holds has had its time."""
    return now - slot.opened > settings.max_age or now - slot.idle_since > settings.max_idle


def next_stale(
    idle: Iterable[PoolSlot[Any]], in_use: Iterable[PoolSlot[Any]], settings: PoolSettings, now: float
) -> float:
    """When a connection, of these or one to come, can become stale at the earliest."""
    ends = [now + min(settings.max_age, settings.max_idle)]
    ends += [slot.opened + settings.max_age for slot in in_use]
    ends += [min(slot.opened + settings.max_age, slot.idle_since + settings.max_idle) for slot in idle]
    return min(ends)
