"""A call's outcome and trace, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbench.records import CallRecord, was_cut
from workbench.text import Tone, size, span, time_of_day
from workbench.widgets.spans import Line, Span, bar, cells, line

OUTCOMES: dict[str, Span] = {
    "ok": Span("✓ ok", "ok"),
    "tool_error": Span("✗ tool error", "bad"),
    "error": Span("✗ error", "bad"),
    "timeout": Span("✗ timed out", "bad"),
    "cancelled": Span("■ cancelled", "warn"),
}
REST = "protocol and wire"
MOST_NAME = 18
MOST_BAR = 60
SHORT_BAR = 12


class Stage(NamedTuple):
    """A part of a call's time: its start after the call's, if known, and its duration."""

    name: str
    seconds: float
    tone: Tone


def stages_of(record: CallRecord) -> list[Stage]:
    """The stages of a call, in order, and the time outside all of them.

    Stages can nest (waiting for the pool inside the handler), so they do not add up.
    """
    found = [Stage(name, seconds, _tone(name, seconds, record.seconds)) for name, seconds in record.stages]
    handlers = sum(seconds for name, seconds in record.stages if name == "handler")
    inside = handlers or sum(seconds for _name, seconds in record.stages)
    hits = sum(seconds for name, seconds in record.stages if name == "cache hit")
    if record.stages:
        rest = record.seconds - max(inside, hits)
        found.append(Stage(REST, max(rest, 0.0), "dim"))
    return found


def _tone(name: str, seconds: float, whole: float) -> Tone:
    if name == "cache hit":
        return "ok"
    if name == "pool" and seconds > whole / 2:
        return "warn"
    return "accent" if name == "handler" else "graph"


def outcome_line(record: CallRecord) -> Line:
    """The call's outcome in a few words, for a panel's border."""
    parts = [OUTCOMES[record.outcome]]
    if record.error is not None and record.error.code:
        parts.append(Span(str(record.error.code), "bad"))
    parts.append(Span(span(record.seconds)))
    if record.size:
        parts.append(Span(size(record.size)))
    if was_cut(record.result):
        parts.append(Span("truncated", "warn"))
    if any(name == "cache hit" for name, _seconds in record.stages):
        parts.append(Span("from the cache", "ok"))
    parts.append(Span(record.protocol, "dim"))
    parts.append(Span(time_of_day(record.started), "dim"))
    return line(*(piece for part in parts for piece in (part, "  ")))[:-1]


def strip_line(record: CallRecord, width: int) -> Line:
    """Where the time went, in one line of at most `width` cells."""
    pieces: list[Span] = []
    for stage in stages_of(record):
        gap = Span(" → ", "dim") if pieces else Span("")
        more = (gap, Span(stage.name, stage.tone), Span(f" {span(stage.seconds)}"))
        if cells((*pieces, *more)) > width:
            break
        pieces += more
    return tuple(pieces)


def trace_lines(record: CallRecord, width: int) -> list[Line]:
    """Where the time went, each stage as a bar relative to the whole call."""
    stages = stages_of(record)
    lines: list[Line] = [
        (
            Span("Where the time went", "strong"),
            Span(f"   {span(record.seconds)} as seen by the client", "dim"),
        ),
        (),
    ]
    if not stages:
        lines.append((Span(_untold(record), "dim"),))
    name_cells = min(max((len(stage.name) for stage in stages), default=0), MOST_NAME)
    room = min(max(width - name_cells - 22, SHORT_BAR), MOST_BAR)
    whole = max([record.seconds, *(stage.seconds for stage in stages)]) or 1.0
    for stage in stages:
        share = stage.seconds / whole
        name = stage.name if len(stage.name) <= name_cells else f"{stage.name[: name_cells - 1]}…"
        lines.append(
            line(
                f"{name:<{name_cells}}  ",
                *bar(share, room, stage.tone),
                Span(f"  {span(stage.seconds):>8}"),
                Span(f"  {share * 100:3.0f} %", "dim"),
            )
        )
    return [*lines, (), *_facts(record)]


def _untold(record: CallRecord) -> str:
    return (
        "No trace from the server: the call never reached it, or was still running when it was abandoned."
        if record.outcome in ("cancelled", "timeout", "error")
        else "The server reported no stages."
    )


def _facts(record: CallRecord) -> list[Line]:
    facts: Sequence[tuple[str, str]] = (
        ("outcome", record.outcome.replace("_", " ")),
        ("method", record.method),
        ("protocol", record.protocol),
        ("started", time_of_day(record.started, millis=True)),
        ("size", size(record.size) if record.size else ""),
        ("reference", record.reference),
    )
    return [line(Span(f"{name:<11}", "dim"), value) for name, value in facts if value]
