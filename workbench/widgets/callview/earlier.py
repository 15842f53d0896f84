"""Earlier calls, newest first."""

from __future__ import annotations

import json
from typing import Any

from workbench.records import CallRecord
from workbench.text import fit, span, time_of_day
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span

from .traces import OUTCOMES


class EarlierList(Outline[CallRecord]):
    """The calls in the history."""

    HELP = (
        "Earlier calls, newest first. Enter restores a call's arguments into the form and shows its result."
    )

    def key_of(self, row: CallRecord) -> str:
        return row.key

    def line_of(self, row: CallRecord, width: int) -> Line:
        outcome = OUTCOMES[row.outcome]
        return (
            Span(f"{time_of_day(row.started)} ", "dim"),
            Span(f"{outcome.text[:1]} ", outcome.tone),
            Span(fit(span(row.seconds), 8, "right")),
            Span("  "),
            Span(_beginning(row.arguments, max(width, 10)) if row.arguments else "no arguments", "dim"),
        )


def _beginning(value: Any, most: int) -> str:
    """The first `most` characters of a value's JSON, without encoding the rest."""
    text = ""
    for chunk in _ENCODER.iterencode(value):
        text += chunk[:most]
        if len(text) >= most:
            break
    return text[:most]


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)
