"""A long list with headings and levels: only visible rows are turned into lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.actions import LIST

from .binding import bind
from .card import set_panel_title
from .copying import copy
from .painting import background, paint
from .spans import Line, Span

RowT = TypeVar("RowT")


class Outline(ScrollView, Generic[RowT], can_focus=True):
    """Shows rows of any type with a highlight; a subclass defines the rows.

    The highlight follows its row's key when rows change, and skips headings.
    """

    BINDINGS = bind(*LIST)
    ALLOW_SELECT = False

    cursor: var[int] = var(0, init=False)
    """Index of the highlighted row."""

    class Moved(Message):
        """The highlight moved to another row; `key` is empty if there are no rows."""

        def __init__(self, outline: Outline[Any], key: str) -> None:
            super().__init__()
            self.outline = outline
            self.key = key

        @property
        def control(self) -> Outline[Any]:
            return self.outline

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Outline.Moved) and message.outline is self.outline

    class Opened(Message):
        """Enter, or a click, on a row."""

        def __init__(self, outline: Outline[Any], key: str) -> None:
            super().__init__()
            self.outline = outline
            self.key = key

        @property
        def control(self) -> Outline[Any]:
            return self.outline

    def __init__(
        self,
        *,
        title: str = "",
        empty: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        """`empty` is shown if there are no rows, its lines separated by line feeds."""
        super().__init__(id=id, classes=classes)
        self.empty = empty
        self.rows: Sequence[RowT] = ()
        self._hover = -1
        if title:
            self.set_title(title)

    # -- for subclasses

    def key_of(self, row: RowT) -> str:
        """The row's unique key."""
        raise NotImplementedError

    def line_of(self, row: RowT, width: int) -> Line:
        """The row as a line of `width` cells."""
        raise NotImplementedError

    def is_heading(self, row: RowT) -> bool:
        """Whether the highlight skips the row."""
        return False

    # -- rows

    @property
    def current(self) -> RowT | None:
        """The highlighted row."""
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    @property
    def current_key(self) -> str:
        """The highlighted row's key; empty if there are no rows."""
        row = self.current
        return "" if row is None else self.key_of(row)

    def set_title(self, title: str, aside: str = "") -> None:
        """Show `title` in the border, followed by a dim `aside`."""
        set_panel_title(self, title, aside)

    def set_rows(self, rows: Sequence[RowT], key: str | None = None) -> None:
        """Show `rows` and highlight the row with `key`, or the same row as before."""
        before = self.current_key
        self.rows = rows
        self.virtual_size = Size(0, len(rows))
        wanted = before if key is None else key
        place = self.place_of(wanted) if wanted else -1
        self._set_cursor(place if place >= 0 else min(self.cursor, len(rows) - 1))
        self.refresh()
        if self.current_key != before:
            self._tell_moved()

    def _tell_moved(self) -> None:
        # The current message handler may be the parent's; a message sent from there would stop there.
        self.post_message(self.Moved(self, self.current_key).set_sender(self))

    def place_of(self, key: str) -> int:
        """The index of the row with `key`, or -1."""
        return next((place for place, row in enumerate(self.rows) if self.key_of(row) == key), -1)

    def show_key(self, key: str) -> bool:
        """Highlight the row with `key`; return whether it exists."""
        place = self.place_of(key)
        if place >= 0:
            self.cursor = place
        return place >= 0

    def _set_cursor(self, place: int) -> None:
        place = max(0, place)
        for candidate in (*range(place, len(self.rows)), *range(place - 1, -1, -1)):
            if not self.is_heading(self.rows[candidate]):
                place = candidate
                break
        self.set_reactive(Outline.cursor, place)
        self._show_row(place)

    def _show_row(self, place: int) -> None:
        # Scroll a heading above the highlight into view with it.
        above = 1 if place and self.is_heading(self.rows[place - 1]) else 0
        self.scroll_to_region(Region(0, place - above, 1, 1 + above), animate=False, force=True, x_axis=False)

    # -- painting

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        if not self.rows:
            lines = self.empty.split("\n")
            return paint(self, (Span(lines[y], "dim"),) if y < len(lines) else (), width)
        place = y + self.scroll_offset.y
        if place >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        return paint(self, self.line_of(self.rows[place], width), width, self._style(place))

    def _style(self, place: int) -> Style | None:
        if place == self.cursor and not self.is_heading(self.rows[place]):
            return background(self, "cursor" if self.has_focus else "cursor-blurred")
        return background(self, "hover") if place == self._hover else None

    def refresh_row(self, place: int) -> None:
        """Redraw the row at `place`."""
        self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh_row(old)
        self.refresh_row(new)
        self._show_row(new)
        if old != new:
            self._tell_moved()

    def on_focus(self) -> None:
        self.refresh_row(self.cursor)

    def on_blur(self) -> None:
        self.refresh_row(self.cursor)

    # -- keys and mouse

    def action_move(self, step: int) -> None:
        place = min(max(self.cursor + step, 0), len(self.rows) - 1)
        towards = 1 if step > 0 else -1
        while 0 <= place < len(self.rows) and self.is_heading(self.rows[place]):
            place += towards
        if 0 <= place < len(self.rows):
            self.cursor = place
        elif step < 0:
            self.scroll_to(y=0, animate=False)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        self._jump(0)

    def action_last(self) -> None:
        self._jump(len(self.rows) - 1)

    def _jump(self, place: int) -> None:
        before = self.cursor
        self._set_cursor(place)
        if self.cursor != before:
            self.refresh()
            self._tell_moved()

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current_key))

    def action_copy(self) -> None:
        """Copy the highlighted row's key."""
        if self.current_key:
            copy(self, self.current_key)

    def _row_at(self, event: events.MouseEvent) -> int:
        offset = event.get_content_offset(self)
        place = -1 if offset is None else offset.y + self.scroll_offset.y
        return place if place < len(self.rows) else -1

    def on_click(self, event: events.Click) -> None:
        place = self._row_at(event)
        if place >= 0 and not self.is_heading(self.rows[place]):
            self.cursor = place
            self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._set_hover(self._row_at(event))

    def on_leave(self) -> None:
        self._set_hover(-1)

    def _set_hover(self, place: int) -> None:
        if place >= 0 and self.is_heading(self.rows[place]):
            place = -1
        if place != self._hover:
            old, self._hover = self._hover, place
            self.refresh_row(old)
            self.refresh_row(place)
