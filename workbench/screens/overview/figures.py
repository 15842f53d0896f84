"""The contents of the cards Calls and Cache, as plain lines."""

from __future__ import annotations

from workbench.state.curves import call_rate, calls_curve, hit_rate_curve
from workbench.state.snapshot import Snapshot
from workbench.text import number, percent, plural, rate, size, span
from workbench.widgets.spans import Line, Span, bar, cells, line, sparkline, spread

SHORT_SECONDS = 0.1
"""Latencies below this are not shown in seconds."""


def calls_lines(s: Snapshot, now: float, width: int, height: int) -> list[Line]:
    """The call rate, errors and latency, in at most `height` lines."""
    head = Span(f"{rate(call_rate(s.seconds, now))}/s", "strong")
    errors = Span(plural(s.errors, "error"), "bad") if s.errors else Span("no errors", "dim")
    if height < 3:
        graph = max(0, width - 8 - len(errors.text) - 2)
        curve = sparkline(calls_curve(s.seconds, now, graph))[0]
        return [spread((head, Span("  "), Span(curve, "graph")), (errors,), width), _latency(s, width)]
    if s.errors:
        errors = Span(f"{errors.text}  {percent(s.errors / max(s.requests, s.errors))}", "bad")
    curves = sparkline(calls_curve(s.seconds, now, width), height - 2)
    return [spread((head,), (errors,), width), *((Span(c, "graph"),) for c in curves), _latency(s, width)]


def _latency(s: Snapshot, width: int) -> Line:
    """The quantiles, in one unit if it fits them all; the middle one is dropped if there is no room."""
    if s.latency is None:
        return (Span("no calls yet: press 2" if width >= 26 else "no calls yet", "dim"),)
    unit, scale = ("s", 1.0) if s.latency.p99 >= 10 else ("ms", 1000.0)
    named = {name: _figure(value * scale) for name, value in s.latency._asdict().items()}
    if unit == "s" and s.latency.p50 < SHORT_SECONDS:
        unit, named = "", {name: span(value) for name, value in s.latency._asdict().items()}
    for names, gap in ((named, "   "), (named, " "), (("p50", "p99"), " ")):
        spans = [Span(part, tone) for n in names for part, tone in ((f"{n} ", "dim"), (named[n] + gap, ""))]  # type: ignore[arg-type]
        spans = [*spans[:-1], Span(spans[-1].text.rstrip()), Span(f" {unit}" if unit else "", "dim")]
        if cells(tuple(spans)) <= width:
            break
    return tuple(spans)


def _figure(value: float) -> str:
    """At least two significant digits."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def cache_lines(s: Snapshot, now: float, width: int, height: int) -> list[Line]:
    """The cache's hit rate and fill, in at most `height` lines."""
    cache = s.cache
    if cache is None:
        return []
    fill = f"{number(cache.entries)} of {number(cache.max_size)}"
    if cache.hit_rate is None:
        head = line(Span("no reads yet", "dim"))
    else:
        head = line(Span(percent(cache.hit_rate), "strong"), Span(" hits", "dim"))
    counts: Line = ()
    for count, word in (
        (cache.hits, "hits"),
        (cache.misses, "misses"),
        (cache.evicted + cache.expired, "out"),
    ):
        more = (*counts, Span("  " if counts else ""), Span(number(count)), Span(f" {word}", "dim"))
        counts = more if cells(more) <= width else counts
    if height < 3:
        graph = max(0, width - 13 - len(fill) - 2)
        curve = sparkline(hit_rate_curve(s.seconds, now, graph), top=1.0)[0]
        return [
            spread(line(*head, "  ", Span(curve, "ok")), (Span(fill, "dim"),), width),
            counts,
        ]
    curves = sparkline(hit_rate_curve(s.seconds, now, width), max(1, height - 3), top=1.0)
    aside = Span(f"{fill}  {size(cache.total_bytes)}", "dim")
    room = spread(
        bar(cache.entries / cache.max_size, max(3, width - len(aside.text) - 1), "accent"), (aside,), width
    )
    lines = [spread(head, (), width), *((Span(curve, "ok"),) for curve in curves)]
    if height > 3:
        return [*lines, counts, room]
    return [*lines, room]
