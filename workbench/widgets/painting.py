"""Turns a line of spans into a strip on the screen: the only place where tones become colours.

The colours come straight from the theme's variables. Component classes would work too, but add ten milliseconds to
the first paint: Textual resolves each of them for every widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from workbench.text import Tone

from .spans import Line, cleaned

STYLES: dict[Tone, str] = {
    "ok": "$success",
    "warn": "$warning",
    "bad": "$error",
    "dim": "$muted",
    "accent": "$accent",
    "strong": "bold",
    "graph": "$primary",
}
"""The tones as `Content` styles; names that start with `$` are theme variables."""


@lru_cache(maxsize=128)
def _foreground(color: str) -> Style:
    return Style.from_color(Color.parse(color).rich_color)


@lru_cache(maxsize=128)
def _background(color: str) -> Style:
    return Style.from_color(bgcolor=Color.parse(color).rich_color)


def tone_style(widget: Widget, tone: Tone) -> Style:
    """The foreground of a tone in the current theme."""
    style = STYLES[tone]
    return _foreground(widget.app.theme_variables[style[1:]]) if style[0] == "$" else Style(bold=True)


def background(widget: Widget, name: str) -> Style:
    """The widget's own style on the background of a theme variable, such as `cursor`."""
    return widget.rich_style + _background(widget.app.theme_variables[name])


def inverse(widget: Widget) -> Style:
    """Text in the background colour on the theme's primary colour, which stands out on any panel."""
    variables = widget.app.theme_variables
    return _foreground(variables["background"]) + _background(variables["primary"])


def paint(widget: Widget, spans: Line, width: int, base: Style | None = None) -> Strip:
    """`spans`, cleaned, in exactly `width` cells, on `base` (the widget's own style)."""
    base = widget.rich_style if base is None else base
    segments = [
        Segment(text, base + tone_style(widget, tone) if tone else base)
        for text, tone in cleaned(spans)
        if text
    ]
    return Strip(segments).adjust_cell_length(width, base)


def as_content(lines: Sequence[Line]) -> Content:
    """`lines`, cleaned, as one `Content` for a `Static` to wrap."""
    pieces: list[str | tuple[str, str]] = []
    for spans in lines:
        pieces += [(text, STYLES[tone]) if tone else text for text, tone in cleaned(spans)]
        pieces.append("\n")
    return Content.assemble(*pieces[:-1])
