"""How a line of spans becomes a strip on the screen: the one place where tones get their colours."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from .spans import Line, cells, cleaned

STYLES = {
    "ok": "$success",
    "warn": "$warning",
    "bad": "$error",
    "dim": "$muted",
    "accent": "$accent",
    "strong": "bold",
    "graph": "$primary",
}
"""The tones as styles of `Content`."""

TONES = {f"tone--{tone}" for tone in STYLES}
"""The component classes of every widget that paints; `app.tcss` gives them their colours."""


def paint(widget: Widget, spans: Line, width: int, base: Style | None = None) -> Strip:
    """`spans`, cleaned, in exactly `width` cells, on `base` (the widget's own style)."""
    base = widget.rich_style if base is None else base
    segments = []
    for text, tone in cleaned(spans):
        if text:
            style = base + widget.get_component_rich_style(f"tone--{tone}", partial=True) if tone else base
            segments.append(Segment(text, style))
    return Strip(segments).adjust_cell_length(width, base)


def line_width(spans: Line) -> int:
    """How many cells `spans` take once they are painted."""
    return cells(cleaned(spans))


def as_content(lines: Sequence[Line]) -> Content:
    """`lines`, cleaned, as one text that a `Static` wraps."""
    pieces: list[str | tuple[str, str]] = []
    for spans in lines:
        pieces += [(text, STYLES[tone]) if tone else text for text, tone in cleaned(spans)]
        pieces.append("\n")
    return Content.assemble(*pieces[:-1])
