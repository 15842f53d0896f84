"""A dialog with one thing in full lays out no more than can be read in it, and copies all of it."""

from __future__ import annotations

import pytest

from workbench.screens.details import MOST_SHOWN, bounded
from workbench.widgets.spans import Line, Span

SHORT: list[Line] = [(Span("a"), Span("b", "dim")), ()]


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        (SHORT, ""),
        ([(Span("x" * 5_000_000),)], "… 4.9 MB more; y copies everything"),
        ([(Span("x"),)] * 300_000, "… 298 kB more; y copies everything"),
    ],
    ids=["short", "one line", "many lines"],
)
def test_what_is_not_shown_is_said(lines: list[Line], more: str):
    shown = bounded(lines)
    if not more:
        assert shown == lines
        return
    assert sum(len(text) for line in shown for text, _tone in line) < MOST_SHOWN + 100
    assert shown[-1] == (Span(more, "warn"),)
