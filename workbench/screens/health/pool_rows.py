"""The contents of the lists of pools and connections, as plain rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.text import Tone, elapsed, plural
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Line, Span, bar

from .slots import slots

if TYPE_CHECKING:
    from server_core.inspection import PoolHolder, PoolState

POOL_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=16),
    Column(most=20, gap=1),
    Column(most=7, align="right"),
    Column(flex=1),
)
CONNECTION_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=7),
    Column(flex=1),
    Column(most=8, gap=1),
    Column(most=8, align="right"),
)

SLOTS = ((50, 20), (36, 10))
"""Width of a pool's slots by minimum table width, in cells."""

WAIT_CELLS = 8
LONG_SECONDS = 5.0
"""Connections held longer than this are highlighted."""


def pool_rows(s: Snapshot, width: int) -> list[Row]:
    """The pools, for a table of `width` cells."""
    places = next((cells for above, cells in SLOTS if width >= above), 5)
    return [_pool_row(pool, places) for pool in s.pools]


def _pool_row(pool: PoolState, places: int) -> Row:
    tone = _load(pool)
    dot = {"bad": "✗", "warn": "!"}.get(tone, "●")
    return Row(
        pool.name,
        (
            Span(dot, tone),
            pool.name,
            slots(pool.in_use, pool.idle, pool.max_size, places, tone),
            Span(f"{pool.in_use}/{pool.max_size}", tone if tone != "ok" else ""),
            _figures(pool),
        ),
    )


def _load(pool: PoolState) -> Tone:
    if pool.waiting:
        return "bad"
    return "warn" if pool.in_use >= pool.max_size else "ok"


def _figures(pool: PoolState) -> Line:
    """How many calls are waiting and timed out; otherwise how many connections are idle (the blue slots)."""
    words: list[Span] = []
    if pool.waiting:
        words.append(Span(f"{pool.waiting} waiting", "bad"))
    if pool.timed_out:
        words.append(Span(f"{pool.timed_out} timed out", "warn"))
    if not words:
        words.append(Span(f"{pool.idle} idle", "dim"))
    spans: list[Span] = []
    for word in words:
        spans += [word, Span("  ")]
    return tuple(spans[:-1])


def connection_rows(pool: PoolState | None, now: float) -> list[Row]:
    """Who holds a connection of `pool` and who is waiting, longest first; then the idle ones."""
    if pool is None:
        return []
    rows = [_holder_row(one, now) for one in sorted(pool.holders, key=lambda one: one.since)]
    rows += [_waiter_row(one, pool, now) for one in pool.waiters]
    if pool.idle:
        idle = Span(plural(pool.idle, "connection"), "dim")
        rows.append(Row("idle", (Span("○", "dim"), Span("idle", "dim"), idle, "", "")))
    return rows


def _holder_row(one: PoolHolder, now: float) -> Row:
    held = max(0.0, now - one.since)
    tone: Tone = "warn" if held >= LONG_SECONDS else "ok"
    key = f"holds:{one.ticket}:{one.holder}:{one.since}"
    return Row(key, (Span("●", tone), Span("in use", tone), one.holder, "", elapsed(held)))


def _waiter_row(one: PoolHolder, pool: PoolState, now: float) -> Row:
    waited = max(0.0, now - one.since)
    share = waited / pool.acquire_timeout if pool.acquire_timeout else 0.0
    gauge = bar(share, WAIT_CELLS, "bad") if share else ()
    key = f"waits:{one.ticket}:{one.holder}:{one.since}"
    return Row(key, (Span("◌", "bad"), Span("waiting", "bad"), one.holder, gauge, elapsed(waited)))


def pool_aside(pool: PoolState, width: int) -> str:
    """The pool's name, settings and connection counts, as far as they fit in `width` cells."""
    words = [
        f"{pool.min_size} to {pool.max_size}",
        f"{pool.timed_out} timed out" if pool.timed_out else "",
        f"acquire timeout {pool.acquire_timeout:g} s" if pool.acquire_timeout else "",
        f"{pool.opened} opened, {pool.closed} closed",
    ]
    text = pool.name
    for word in filter(None, words):
        if len(text) + 2 + len(word) > width:
            break
        text += f"  {word}"
    return text
