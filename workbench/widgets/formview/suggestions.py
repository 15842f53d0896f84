"""The server's suggestions, shown below a field while typing."""

from __future__ import annotations

from rich.style import Style

from workbench.widgets.outline import Outline
from workbench.widgets.painting import inverse
from workbench.widgets.spans import Line, Span

MOST_SHOWN = 6


class Suggestions(Outline[str]):
    """The suggestions; the field keeps the focus and forwards the keys."""

    can_focus = False

    def __init__(self, words: list[str]) -> None:
        super().__init__(classes="suggestions")
        self.show_words(words)

    def show_words(self, words: list[str]) -> None:
        """Show `words`; keep the highlighted one if it is among them."""
        self.styles.height = min(len(words), MOST_SHOWN)
        self.set_rows(words)

    def key_of(self, row: str) -> str:
        return row

    def _style(self, place: int) -> Style | None:
        return inverse(self) if place == self.cursor else super()._style(place)

    def line_of(self, row: str, width: int) -> Line:
        return (Span(row),)
