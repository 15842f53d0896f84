"""A scrollable page of lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.actions import LIST

from .binding import bind
from .painting import paint
from .spans import Line, folded


class Sheet(ScrollView, can_focus=True):
    """Shows lines, truncated at its width or wrapped."""

    BINDINGS = bind(*(action for action in LIST if action.id not in ("list.open", "list.copy")))
    ALLOW_SELECT = False

    def __init__(self, *, wraps: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._wraps = wraps
        self._whole: list[Line] = []
        self._lines: list[Line] = []

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show `lines`."""
        self._whole = list(lines)
        self._lay_out()

    def on_resize(self) -> None:
        if self._wraps:
            self._lay_out()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        wraps = self._wraps and width > 0
        self._lines = [row for each in self._whole for row in folded(each, width)] if wraps else self._whole
        self.virtual_size = Size(0, len(self._lines))
        self.refresh()

    @property
    def text(self) -> str:
        """The plain text of the lines."""
        return "\n".join("".join(text for text, _tone in spans) for spans in self._whole)

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        return paint(self, self._lines[place] if place < len(self._lines) else (), width)

    def action_move(self, step: int) -> None:
        self.scroll_relative(y=step, animate=False)

    def action_page(self, pages: int) -> None:
        self.scroll_relative(y=pages * max(1, self.scrollable_content_region.height - 1), animate=False)

    def action_first(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)
