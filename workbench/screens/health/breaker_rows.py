"""The contents of the breaker lists, as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.text import Tone, time_of_day
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Line, Span, bar

from .slots import slots

if TYPE_CHECKING:
    from server_core.inspection import BreakerChange, BreakerState

LOOKS: dict[str, tuple[str, str, Tone]] = {
    "closed": ("●", "closed", "ok"),
    "half_open": ("◐", "half-open", "warn"),
    "open": ("○", "open", "bad"),
}
"""The mark and name of each breaker state."""

BREAKER_COLUMNS = (
    Column(most=1, gap=1),
    Column(most=16),
    Column(most=9),
    Column(most=10, above=50, gap=1),
    Column(most=5, align="right"),
    Column(flex=1),
)
CHANGE_COLUMNS = (
    Column(most=8),
    Column(most=9, above=44, gap=1),
    Column(most=1, gap=1),
    Column(most=9),
    Column(flex=1),
)

SLOTS = 10
ROOMY = 20
COUNTDOWNS = ((64, 8), (54, 5))
"""Width of the countdown to the next trial call by minimum table width, in cells."""


def breaker_rows(s: Snapshot, now: float, width: int) -> list[Row]:
    """The breakers in a stable order, so that no key acts on the wrong one; for a table of `width` cells."""
    countdown = next((cells for above, cells in COUNTDOWNS if width >= above), 0)
    return [_breaker_row(breaker, now, countdown) for breaker in s.breakers]


def _breaker_row(breaker: BreakerState, now: float, countdown: int) -> Row:
    dot, word, tone = LOOKS[breaker.status]
    burnt: Tone = "warn" if breaker.status == "closed" else tone
    counted = min(breaker.failures, breaker.threshold)
    return Row(
        breaker.name,
        (
            Span(dot, tone),
            breaker.name,
            Span(word, tone),
            slots(counted, 0, breaker.threshold, SLOTS, burnt),
            Span(f"{counted}/{breaker.threshold}", burnt if counted else "dim"),
            _next(breaker, now, countdown),
        ),
    )


def _next(breaker: BreakerState, now: float, countdown: int) -> Line:
    """What comes next: the time to the trial call, or the trial call; for a closed breaker, what it guards."""
    if breaker.status == "closed":
        return (Span(_guarded(breaker.guards, ROOMY if countdown else 0), "dim"),)
    if breaker.status == "half_open":
        return (Span("trying" if breaker.probing else "trial next", "warn"),)
    left = breaker.retry_at - now
    if left < 0.5:
        return (Span("trial next", "warn"),)
    said = Span(f"trial in {left:.0f} s", "warn")
    if not countdown or not breaker.reset_timeout:
        return (said,)
    return (said, Span(" "), *bar(left / breaker.reset_timeout, countdown, "warn"))


def _guarded(guards: Sequence[str], width: int) -> str:
    """What a breaker guards; if that is wider than `width` cells, the first and how many more."""
    text = ", ".join(guards)
    return text if len(guards) < 2 or len(text) <= width else f"{guards[0]} +{len(guards) - 1}"


def change_rows(breaker: BreakerState | None) -> list[Row]:
    """The current failures of a closed breaker, then its changes, newest first."""
    if breaker is None:
        return []
    rows = []
    if breaker.failures and breaker.status == "closed":
        said = f"{breaker.failures} of {breaker.threshold} failures in a row: {breaker.last_error}"
        rows.append(Row("now", (Span("now", "dim"), "", "", Span("closed", "ok"), said)))
    count = len(breaker.history)
    return rows + [_change_row(count - back, change) for back, change in enumerate(reversed(breaker.history))]


def _change_row(index: int, change: BreakerChange) -> Row:
    _, before, was = LOOKS[change.before]
    _, after, tone = LOOKS[change.after]
    return Row(
        str(index),
        (
            Span(time_of_day(change.at), "dim"),
            Span(before, was),
            Span("→", "dim"),
            Span(after, tone),
            change.reason,
        ),
    )
