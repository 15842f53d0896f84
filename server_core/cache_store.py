"""What the cache keeps: a `TTLCache` that tells what it has let go of, and why."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from cachetools import Cache, TTLCache

from .events import EvictionReason


class CacheEntry:
    """A value that is kept; `stored` is on the clock's `monotonic`, `used` counts up with every use."""

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
    """A `TTLCache` that puts down in `left` which entries it has let go, and why."""

    def __init__(self, max_size: int, ttl: float, timer: Callable[[], float]) -> None:
        super().__init__(max_size, ttl, timer=timer)
        self.left: list[tuple[CacheEntry, EvictionReason]] = []

    def expire(self, time: float | None = None) -> list[tuple[str, CacheEntry]]:
        """Let go of what has outlived its time."""
        expired = list(super().expire(time))
        self.left.extend((entry, "expired") for _key, entry in expired)
        return expired

    def popitem(self) -> tuple[str, CacheEntry]:
        """Let go of what was used longest ago; called by the base class when there are too many."""
        key, entry = super().popitem()
        self.left.append((entry, "size"))
        return key, entry

    def drop(self, key: str, reason: EvictionReason) -> None:
        """Let go of `key` if it is there."""
        entry = self.pop(key, None)
        if entry is not None:
            self.left.append((entry, reason))

    def drop_oldest(self) -> None:
        """Let go of what was used longest ago, or of everything, if it all expires this very moment."""
        with suppress(KeyError):
            self.popitem()

    def fill(self) -> int:
        """How many entries there are; nothing expires by being counted."""
        return Cache.__len__(self)

    def quiet_values(self) -> list[CacheEntry]:
        """Every entry; none counts as used by being looked at."""
        return [Cache.__getitem__(self, key) for key in self]
