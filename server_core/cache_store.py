"""The cache's storage: a `TTLCache` that reports which entries it dropped, and why."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cachetools import Cache, TTLCache

from .events import EvictionReason


class CacheEntry:
    """A cached value; `stored` is on the clock's `monotonic`, `used` is a counter that orders entries by last use."""

    __slots__ = ("hits", "key", "size", "stored", "tags", "used", "value")

    def __init__(
        self, key: str, value: Any, size: int, tags: tuple[str, ...], stored: float, used: int
    ) -> None:
        self.key = key
        self.value = value
        self.size = size
        self.tags = tags
        self.stored = stored
        self.used = used
        self.hits = 0


class EntryStore(TTLCache[str, CacheEntry]):
    """A `TTLCache` that records in `left` which entries it dropped, and why."""

    def __init__(self, max_size: int, ttl: float, timer: Callable[[], float]) -> None:
        super().__init__(max_size, ttl, timer=timer)
        self.left: list[tuple[CacheEntry, EvictionReason]] = []

    def expire(self, time: float | None = None) -> list[tuple[str, CacheEntry]]:
        """Drop expired entries."""
        expired = list(super().expire(time))
        self.left.extend((entry, "expired") for _key, entry in expired)
        return expired

    def popitem(self) -> tuple[str, CacheEntry]:
        """Drop the least recently used entry; called by the base class when there are too many."""
        key, entry = super().popitem()
        self.left.append((entry, "size"))
        return key, entry

    def drop(self, key: str, reason: EvictionReason) -> None:
        """Drop `key` if it is there."""
        entry = self.pop(key, None)
        if entry is not None:
            self.left.append((entry, reason))

    def drop_oldest(self) -> None:
        """Drop the least recently used entry, or everything if it all expires at this moment."""
        with suppress(KeyError):
            self.popitem()

    def fill(self) -> int:
        """The number of entries; counting doesn't expire any."""
        return Cache.__len__(self)

    def quiet_values(self) -> list[CacheEntry]:
        """Every entry, without marking any as used."""
        return [Cache.__getitem__(self, key) for key in self]
