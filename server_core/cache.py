"""The cache of reads: LRU, bounded in entries, bytes and time, with a single load per key for all waiting readers."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .bus import EventBus
from .cache_store import CacheEntry, EntryStore
from .clock import Clock
from .events import CacheEvicted, CacheHit, CacheMissed, CacheStored, EvictionReason
from .flight import LoadFlight, SizedLoad, flight_around
from .inspection import CacheEntryState, CacheState
from .settings import CacheSettings

CachedT = TypeVar("CachedT")


@dataclass(frozen=True, slots=True)
class Cached(Generic[CachedT]):
    """A value from the cache. `value` is shared by all callers: don't modify it.

    Attributes:
        hit: it was cached, or another caller's load returned it.
        age: seconds since it was loaded.
        ttl_left: how many more seconds it stays fresh; 0 if it was not cached.
    """

    value: CachedT
    hit: bool
    age: float
    ttl_left: float


class ResourceCache:
    """Caches loaded values under string keys; an entry can be dropped by its key or any of its tags.

    Use on the server's loop only. An entry's size is that of its value and its key. A value larger than a quarter of
    `max_bytes` is returned but not cached, so that no single value empties the cache.
    """

    def __init__(self, settings: CacheSettings, *, clock: Clock, bus: EventBus) -> None:
        self._settings = settings
        self._ttl = settings.ttl
        self._monotonic = clock.monotonic
        self._bus = bus
        self._store = EntryStore(settings.max_size, settings.ttl, clock.monotonic)
        self._keys_of_tag: dict[str, set[str]] = {}
        self._flights: dict[str, LoadFlight] = {}
        self._total = 0
        self._uses = itertools.count(1)
        self._hits = 0
        self._misses = 0
        self._left: dict[EvictionReason, int] = {"size": 0, "expired": 0, "invalidated": 0, "cleared": 0}

    def get(self, key: str) -> Cached[Any] | None:
        """The value cached under `key`; counts a hit or a miss."""
        cached = self._kept(key)
        if cached is None:
            self._missed(key)
        return cached

    async def get_or_load(self, key: str, load: SizedLoad, *, tags: tuple[str, ...] = ()) -> Cached[Any]:
        """Return the value cached under `key`, or load it: one load serves every concurrent caller.

        The load runs in its own task, in a copy of the first caller's context. A cancelled caller does not affect it,
        unless it is the last one. A load's error is raised in every caller and not cached. A value that is invalidated
        while it is loading is returned to those already waiting, but not cached.
        """
        cached = self._kept(key)
        if cached is not None:
            return cached
        flight = self._flights.get(key)
        hit = False
        if flight is None or flight.stale:
            self._missed(key)
            flight = self._flights[key] = LoadFlight(key, tags, load, ended=self._ended)
        elif (around := flight_around.get()) is not None and flight.waits_for(around):
            # A load that requests its own key would wait forever: load without the cache instead.
            self._missed(key)
            value, _size = await load()
            return Cached(value, False, 0.0, 0.0)
        else:
            hit = True
            self._hits += 1
            if self._bus.active:
                self._bus.emit(CacheHit(key, 0.0))
        value = await flight.join()
        return Cached(value, hit, 0.0, self._ttl if flight.kept else 0.0)

    def invalidate(self, *tags: str) -> int:
        """Drop every entry whose key or tags include one of `tags`; returns how many there were.

        Matching loads under way are no longer joined, and their values are not cached.
        """
        if not self._flights and not self._store.fill():
            return 0
        named = set(tags)
        self._ground([f for f in self._flights.values() if f.key in named or not named.isdisjoint(f.tags)])
        keys = dict.fromkeys(tags)
        for tag in tags:
            keys.update(dict.fromkeys(sorted(self._keys_of_tag.get(tag, ()))))
        return self._drop(keys, "invalidated")

    def evict(self, key: str) -> bool:
        """Drop the entry with exactly this key, by hand; returns whether there was one."""
        self._ground([flight for flight in (self._flights.get(key),) if flight is not None])
        return self._drop((key,), "invalidated") == 1

    def clear(self) -> int:
        """Drop everything; returns how many entries there were. They count as invalidated."""
        self._ground(list(self._flights.values()))
        return self._drop(list(self._store), "cleared")

    def state(self) -> CacheState:
        """The counters and the fill level, without expired entries."""
        self._store.expire()
        self._settle()
        return CacheState(
            hits=self._hits,
            misses=self._misses,
            evicted=self._left["size"],
            expired=self._left["expired"],
            invalidated=self._left["invalidated"] + self._left["cleared"],
            entries=self._store.fill(),
            max_size=self._settings.max_size,
            total_bytes=self._total,
            ttl=self._ttl,
        )

    def entries(self, most: int = 200) -> tuple[CacheEntryState, ...]:
        """Up to `most` entries, most recently used first."""
        self._store.expire()
        self._settle()
        now = self._monotonic()
        recent = heapq.nlargest(most, self._store.quiet_values(), key=lambda entry: entry.used)
        return tuple(
            CacheEntryState(e.key, now - e.stored, max(0.0, self._ttl - now + e.stored), e.size, e.hits)
            for e in recent
        )

    def _kept(self, key: str) -> Cached[Any] | None:
        try:
            entry = self._store[key]
        except KeyError:
            return None
        age = self._monotonic() - entry.stored
        entry.hits += 1
        entry.used = next(self._uses)
        self._hits += 1
        if self._bus.active:
            self._bus.emit(CacheHit(key, age))
        # The clock may have passed its expiry since the store checked.
        return Cached(entry.value, True, age, max(0.0, self._ttl - age))

    def _missed(self, key: str) -> None:
        self._misses += 1
        self._store.expire()
        self._settle()
        if self._bus.active:
            self._bus.emit(CacheMissed(key))

    def _ground(self, flights: Iterable[LoadFlight]) -> None:
        """Stop others from joining these loads: the next caller starts a new one."""
        for flight in flights:
            flight.stale = True

    def _ended(self, flight: LoadFlight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]
        size = flight.size + len(flight.key)
        if flight.stale or not flight.landed or size > self._settings.max_bytes / 4:
            return
        flight.kept = True
        self._drop((flight.key,), "invalidated")
        while self._total + size > self._settings.max_bytes:
            self._store.drop_oldest()
            self._settle()
        entry = CacheEntry(flight.key, flight.value, size, flight.tags, self._monotonic(), next(self._uses))
        self._store[flight.key] = entry
        self._total += size
        for tag in flight.tags:
            self._keys_of_tag.setdefault(tag, set()).add(flight.key)
        self._settle()
        if self._bus.active:
            self._bus.emit(CacheStored(flight.key, size, self._store.fill(), self._total))

    def _drop(self, keys: Iterable[str], reason: EvictionReason) -> int:
        self._store.expire()
        before = self._left[reason]
        for key in keys:
            self._store.drop(key, reason)
        self._settle()
        return self._left[reason] - before

    def _settle(self) -> None:
        """Account for entries that have left the store, then emit facts, which all carry the final fill level."""
        if not self._store.left:
            return
        left, self._store.left = self._store.left, []
        for entry, reason in left:
            self._total -= entry.size
            self._left[reason] += 1
            for tag in entry.tags:
                keys = self._keys_of_tag.get(tag)
                if keys is not None:
                    keys.discard(entry.key)
                    if not keys:
                        del self._keys_of_tag[tag]
        if self._bus.active:
            fill, total = self._store.fill(), self._total
            for entry, reason in left:
                self._bus.emit(CacheEvicted(entry.key, reason, fill, total))
