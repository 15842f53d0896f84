"""What the breaker and a hit of the cache cost a request when nobody listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from server_core.breakers import BreakerRegistry
from server_core.bus import EventBus
from server_core.cache import ResourceCache
from server_core.clock import SystemClock
from server_core.settings import BreakerSettings, CacheSettings

from .pairs import PAIRS, Row, alone

CALLS = 20_000
BOUND = 5.0
"""Microseconds, of issue 3."""


async def _nothing() -> None:
    """What is guarded."""


async def _series(call: Callable[[], Awaitable[Any]]) -> list[float]:
    """Microseconds of one call, in each of the series."""
    found = []
    for _series in range(PAIRS + 1):
        started = time.perf_counter()
        for _ in range(CALLS):
            await call()
        found.append((time.perf_counter() - started) / CALLS * 1e6)
    return found[1:]


def breaker() -> Row:
    """A closed breaker round something that costs nothing; that itself is taken off."""

    async def whole() -> list[float]:
        clock = SystemClock()
        registry = BreakerRegistry(BreakerSettings(), clock=clock, bus=EventBus(clock))
        guard = registry.get("benchmark")
        guarded, bare = await _series(lambda: guard.call(_nothing)), await _series(_nothing)
        return [mine - its for mine, its in zip(guarded, bare, strict=True)]

    return alone("a closed breaker", asyncio.run(whole()), bound=BOUND, unit="µs", against="no listener")


def cache_hit() -> Row:
    """A value that is there."""

    async def whole() -> list[float]:
        clock = SystemClock()
        cache = ResourceCache(CacheSettings(), clock=clock, bus=EventBus(clock))

        async def load() -> tuple[str, int]:
            return "value", 5

        await cache.get_or_load("key", load)
        return await _series(lambda: cache.get_or_load("key", load))

    return alone("a hit of the cache", asyncio.run(whole()), bound=BOUND, unit="µs", against="no listener")
