"""Calls of before, newest first."""

from __future__ import annotations

from workbench.forms import dump_json
from workbench.records import CallRecord
from workbench.text import fit, span, time_of_day
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span

from .traces import OUTCOMES


class EarlierList(Outline[CallRecord]):
    """The calls that the history has."""

    HELP = "Earlier calls, newest first. Enter fills the form in with the arguments of that call and shows its answer."

    def key_of(self, row: CallRecord) -> str:
        return row.key

    def line_of(self, row: CallRecord, width: int) -> Line:
        outcome = OUTCOMES[row.outcome]
        return (
            Span(f"{time_of_day(row.started)} ", "dim"),
            Span(f"{outcome.text[:1]} ", outcome.tone),
            Span(fit(span(row.seconds), 8, "right")),
            Span("  "),
            Span(dump_json(row.arguments)[: max(width, 10)] if row.arguments else "without arguments", "dim"),
        )
