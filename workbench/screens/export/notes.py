"""A titled panel of wrapped lines that scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from workbench.widgets.card import set_panel_title
from workbench.widgets.painting import as_content
from workbench.widgets.spans import Line


class NotesPanel(VerticalScroll):
    """Shows lines in full, wrapped."""

    def __init__(self, title: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="panel")
        self._text = Static()
        set_panel_title(self, title)

    def compose(self) -> ComposeResult:
        yield self._text

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show `lines`."""
        self._text.update(as_content(list(lines)))
