"""What comes into the cache and goes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EvictionReason = Literal["size", "expired", "invalidated", "cleared"]


@dataclass(frozen=True, slots=True)
class CacheHit:
    """A read was answered from the cache, or joined a load under way."""

    key: str
    age: float


@dataclass(frozen=True, slots=True)
class CacheMissed:
    """A read had to be loaded."""

    key: str


@dataclass(frozen=True, slots=True)
class CacheStored:
    """A loaded value was put in the cache; `entries` and `total` are the cache's new fill."""

    key: str
    size: int
    entries: int
    total: int


@dataclass(frozen=True, slots=True)
class CacheEvicted:
    """An entry left the cache; `entries` and `total` are the cache's new fill."""

    key: str
    reason: EvictionReason
    entries: int
    total: int
