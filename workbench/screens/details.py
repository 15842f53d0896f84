"""A dialog with one thing in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static

from workbench.actions import DETAILS
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.copying import copy
from workbench.widgets.keyline import KeyLine
from workbench.widgets.painting import as_content
from workbench.widgets.reading import Reading
from workbench.widgets.spans import Line


class DetailsScreen(ModalScreen[None]):
    """Shows lines, wrapped; Esc closes, `y` copies all of them."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS = bind(*DETAILS)
    HELP: ClassVar = "One thing in full. Text can be selected with the mouse; y copies everything."

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title = title
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        with Reading(classes="panel dialog") as scroll:
            set_panel_title(scroll, self._title)
            yield Static(as_content(self._lines))
        yield KeyLine()

    def action_copy(self) -> None:
        copy(self, "\n".join("".join(text for text, _ in line) for line in self._lines))
