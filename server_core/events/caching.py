"""Facts about what enters and leaves the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EvictionReason = Literal["size", "expired", "invalidated", "cleared"]


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A read was answered from the cache, or joined a load already under way."""

    key: str
    age: float


@dataclass(frozen=True, slots=True)
class CacheMissed:
    """A read had to be loaded."""

    key: str


@dataclass(frozen=True, slots=True)
class CacheStored:
    """A loaded value was cached; `entries` and `total` describe the cache afterwards."""

    key: str
    size: int
    entries: int
    total: int


@dataclass(frozen=True, slots=True)
class CacheEvicted:
    """An entry left the cache; `entries` and `total` describe the cache afterwards."""

    key: str
    reason: EvictionReason
    entries: int
    total: int
