"""When a pool's connections become too old or have been idle too long. Times are on the clock's `monotonic`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .pool_queue import PoolSlot
from .settings import PoolSettings


def is_stale(slot: PoolSlot[Any], settings: PoolSettings, now: float) -> bool:
    """Whether an unused connection has expired."""
    return now - slot.opened > settings.max_age or now - slot.idle_since > settings.max_idle


def next_stale(
    idle: Iterable[PoolSlot[Any]], in_use: Iterable[PoolSlot[Any]], settings: PoolSettings, now: float
) -> float:
    """The earliest time at which any of these connections, or a new one, can become stale."""
    ends = [now + min(settings.max_age, settings.max_idle)]
    ends += [slot.opened + settings.max_age for slot in in_use]
    ends += [min(slot.opened + settings.max_age, slot.idle_since + settings.max_idle) for slot in idle]
    return min(ends)
