"""The server's cache, breakers and pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server_core.bus import Event
from server_core.events import (
    BreakerChanged,
    BreakerFailed,
    BreakerProbed,
    BreakerRecovered,
    BreakerRefused,
    CacheEvicted,
    CacheHit,
    CacheMissed,
    CacheStored,
    PoolChanged,
)
from server_core.inspection import BreakerChange, BreakerState, PoolHolder, PoolState
from workbench.state.draft import Draft

HISTORY = 50
COUNTERS = {"size": "evicted", "expired": "expired", "invalidated": "invalidated"}
"""The cache's counter for each reason of an eviction; manual clearing has none."""


def _hit(draft: Draft, event: Event, _fact: CacheHit) -> None:
    draft.count(event.at, 2)
    draft.count_cache("hits")


def _missed(draft: Draft, event: Event, _fact: CacheMissed) -> None:
    draft.count(event.at, 3)
    draft.count_cache("misses")


def _stored(draft: Draft, _event: Event, fact: CacheStored) -> None:
    cache = draft.get("cache")
    if cache is not None:
        draft.set(cache=replace(cache, entries=fact.entries, total_bytes=fact.total))


def _evicted(draft: Draft, _event: Event, fact: CacheEvicted) -> None:
    cache = draft.get("cache")
    if cache is not None:
        draft.set(cache=replace(cache, entries=fact.entries, total_bytes=fact.total))
    if fact.reason in COUNTERS:
        draft.count_cache(COUNTERS[fact.reason])


# -- breakers


def _breaker(draft: Draft, name: str) -> BreakerState:
    """Return the known state of a breaker; an unknown one counts as closed until the server is inspected."""
    known = draft.breakers.items.get(name)
    if known is None:
        draft.set(stale=True)
        known = BreakerState(name, "closed", 0, 0, 0.0)
    return known


def _breaker_failed(draft: Draft, _event: Event, fact: BreakerFailed) -> None:
    known = _breaker(draft, fact.breaker)
    draft.breakers.put(
        replace(known, failures=fact.failures, threshold=fact.threshold, last_error=fact.error)
    )


def _breaker_changed(draft: Draft, event: Event, fact: BreakerChanged) -> None:
    known = _breaker(draft, fact.breaker)
    change = BreakerChange(event.at, fact.before, fact.after, fact.reason)
    draft.breakers.put(
        replace(
            known,
            status=fact.after,
            failures=fact.failures,
            retry_at=event.at + fact.retry_in if fact.after == "open" else 0.0,
            probing=False,
            history=(*known.history, change)[-HISTORY:],
        )
    )


def _breaker_probed(draft: Draft, _event: Event, fact: BreakerProbed) -> None:
    draft.breakers.put(replace(_breaker(draft, fact.breaker), probing=fact.under_way))


def _breaker_recovered(draft: Draft, _event: Event, fact: BreakerRecovered) -> None:
    draft.breakers.put(replace(_breaker(draft, fact.breaker), failures=0))


def _breaker_refused(draft: Draft, _event: Event, fact: BreakerRefused) -> None:
    known = _breaker(draft, fact.breaker)
    draft.breakers.put(replace(known, refused=known.refused + 1))


# -- pools


def _pool_changed(draft: Draft, event: Event, fact: PoolChanged) -> None:
    known = draft.pools.items.get(fact.pool)
    if known is None:
        draft.set(stale=True)
        known = PoolState(fact.pool, 0, 0, 0, 0, fact.max_size)
    draft.pools.put(
        replace(
            known,
            idle=fact.idle,
            in_use=fact.in_use,
            waiting=fact.waiting,
            max_size=fact.max_size,
            opened=known.opened + (fact.what == "opened"),
            closed=known.closed + (fact.what == "closed"),
            timed_out=known.timed_out + (fact.what == "timed_out"),
            holders=_placed(known.holders, event, fact, fact.what == "acquired"),
            waiters=_placed(known.waiters, event, fact, fact.what == "waiting"),
        )
    )


def _placed(
    people: tuple[PoolHolder, ...], event: Event, fact: PoolChanged, stays: bool
) -> tuple[PoolHolder, ...]:
    """Add the one that `fact` is about to `people` if it `stays` among them, else remove it."""
    if not fact.ticket:
        return people
    others = tuple(one for one in people if one.ticket != fact.ticket)
    return (*others, PoolHolder(fact.holder, event.at, fact.ticket)) if stays else others


PARTS: dict[type, Callable[[Draft, Event, Any], None]] = {
    CacheHit: _hit,
    CacheMissed: _missed,
    CacheStored: _stored,
    CacheEvicted: _evicted,
    BreakerFailed: _breaker_failed,
    BreakerChanged: _breaker_changed,
    BreakerProbed: _breaker_probed,
    BreakerRecovered: _breaker_recovered,
    BreakerRefused: _breaker_refused,
    PoolChanged: _pool_changed,
}
