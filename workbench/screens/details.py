"""A dialog that shows one item in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Static

from workbench.actions import DETAILS
from workbench.screens.dialog import Dialog
from workbench.text import size
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.copying import copy
from workbench.widgets.keyline import KeyLine
from workbench.widgets.painting import as_content
from workbench.widgets.reading import Reading
from workbench.widgets.spans import Line, Span

MOST_SHOWN = 100_000
"""Maximum characters shown: more takes too long to lay out, and nobody reads it in a dialog."""
LINE_CHARS = 40
"""The extra cost of a line, in characters."""


def bounded(lines: Sequence[Line]) -> list[Line]:
    """Return as many of `lines` as are shown, with a hint about the rest."""
    left = MOST_SHOWN
    shown: list[Line] = []
    for line in lines:
        spans: list[Span] = []
        for text, tone in line:
            spans.append(Span(text[: max(left, 0)], tone))
            left -= len(text)
        shown.append(tuple(spans))
        left -= LINE_CHARS
        if left < 0:
            whole, part = (sum(len(text) for line in each for text, _tone in line) for each in (lines, shown))
            shown += [(), (Span(f"… {size(whole - part)} more; y copies everything", "warn"),)]
            break
    return shown


class DetailsScreen(Dialog[None]):
    """Shows wrapped lines; Esc closes, `y` copies everything."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = bind(*DETAILS)
    HELP: ClassVar = "One item in full. Select text with the mouse, or press y to copy everything."

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title = title
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        with Reading(classes="panel dialog") as scroll:
            set_panel_title(scroll, self._title)
            yield Static(as_content(bounded(self._lines)))
        yield KeyLine()

    def action_copy(self) -> None:
        copy(self, "\n".join("".join(text for text, _ in line) for line in self._lines))
