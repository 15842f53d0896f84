"""The colours of a text, straight from the theme's variables.

Component classes would work too, but Textual resolves each of them for each widget whenever styles change.
"""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

FOREGROUNDS = {
    "key": "primary",
    "string": "success",
    "number": "accent",
    "word": "secondary",
    "mark": "muted",
    "heading": "primary",
    "code": "accent",
    "strong": "",
    "link": "primary",
}
BOLD = frozenset(("heading", "strong"))
UNDERLINED = frozenset(("link",))


def color_style(widget: Widget, name: str) -> Style:
    """The style of a coloured piece, `match` or `found` in the current theme, to add to the widget's."""
    variables = widget.app.theme_variables
    if name in ("match", "found"):
        return _background(variables["warning"], variables["background"], name == "found")
    variable = FOREGROUNDS[name]
    return _foreground(name, variables[variable] if variable else "", variables["background"])


@lru_cache(maxsize=128)
def _foreground(name: str, color: str, under: str) -> Style:
    blended = (Color.parse(under) + Color.parse(color)).rich_color if color else None
    return Style(color=blended, bold=name in BOLD or None, underline=name in UNDERLINED or None)


@lru_cache(maxsize=16)
def _background(color: str, under: str, whole: bool) -> Style:
    below = Color.parse(under)
    marked = Color.parse(color)
    if whole:
        return Style(color=below.rich_color, bgcolor=marked.rich_color)
    return Style(bgcolor=below.blend(marked, 0.3).rich_color)
