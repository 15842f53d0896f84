"""Per-second counts, and latency quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .parts import Latency, Second
from .snapshot import SECONDS, Snapshot


def book(seconds: tuple[Second, ...], counts: Mapping[int, Sequence[int]]) -> tuple[Second, ...]:
    """Add `counts` (calls, errors, hits and misses by epoch second) to `seconds`."""
    newest = max(counts)
    if seconds and not seconds[0].at - SECONDS <= newest <= seconds[-1].at + SECONDS:
        seconds = ()  # the clock was changed
    table = {second.at: second for second in seconds}
    for at, more in counts.items():
        second = table.get(at, Second(at))
        table[at] = Second(at, *(count + add for count, add in zip(second[1:], more, strict=True)))
    return _whole(table, max(table))


def advance(snapshot: Snapshot, now: float) -> Snapshot:
    """Advance `snapshot` to `now`, adding the seconds that passed without any counts."""
    last = int(now)
    seconds = snapshot.seconds
    if not seconds or seconds[-1].at >= last:
        return snapshot
    if last - seconds[-1].at > SECONDS:
        return replace(snapshot, seconds=(Second(last),))
    return replace(snapshot, seconds=_whole({second.at: second for second in seconds}, last))


def _whole(table: Mapping[int, Second], last: int) -> tuple[Second, ...]:
    """Return every second from the first in `table` to `last`, but no more than are kept."""
    first = max(min(table), last - SECONDS + 1)
    return tuple(table.get(at) or Second(at) for at in range(first, last + 1))


def latency_of(durations: Sequence[float]) -> Latency | None:
    """Compute the quantiles of `durations`; `None` if there are none."""
    if not durations:
        return None
    ordered = sorted(durations)
    last = len(ordered) - 1
    return Latency(*(ordered[round(last * share)] for share in (0.5, 0.95, 0.99)))
