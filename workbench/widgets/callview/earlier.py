"""Calls of before, newest first."""

from __future__ import annotations

import json
from typing import Any

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
            Span(_beginning(row.arguments, max(width, 10)) if row.arguments else "without arguments", "dim"),
        )


def _beginning(value: Any, most: int) -> str:
    """The first `most` characters of a value's JSON, at the cost of no more than those."""
    text = ""
    for chunk in _ENCODER.iterencode(value):
        text += chunk[:most]
        if len(text) >= most:
            break
    return text[:most]


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
