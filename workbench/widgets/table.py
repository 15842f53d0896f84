"""A list of rows in columns: fast with thousands of rows, for keyboard and mouse."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

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
from .columns import Column, Row, as_line, joined, widths
from .copying import copy
from .painting import background, paint
from .spans import Line, Span


class Table(ScrollView, can_focus=True):
    """Rows in columns with a highlight. The highlight follows its row's key when rows change;
    on the first row it stays there, so that lists with the newest row on top keep scrolling."""

    BINDINGS = bind(*LIST)
    ALLOW_SELECT = False
    HELP = "A list. Move with j and k or the arrow keys; g and G go to the first and last row."

    cursor: var[int] = var(0, init=False)
    """Index of the highlighted row."""

    class Moved(Message):
        """The highlight moved, or the highlighted row changed; `key` is empty if there are no rows."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.Moved) and message.table is self.table

    class Opened(Message):
        """Enter or a second click on a row."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> Table:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        title: str = "",
        empty: str = "",
        header: bool = False,
        keeps_cursor: bool = False,
        opens: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        """Args:
        empty: shown if there are no rows: what to do next, lines separated by line feeds.
        header: whether to show the column titles.
        keeps_cursor: whether to show the highlight without the focus, for lists whose row is shown elsewhere.
        opens: whether Enter opens a row.
        """
        super().__init__(id=id, classes=f"panel {classes}")
        self.columns = tuple(columns)
        self.empty = empty
        self._header = int(header)
        self._keeps_cursor = keeps_cursor
        self.opens = opens
        self._rows: list[Row] = []
        self._cells: dict[str, tuple[Line, ...]] = {}
        self._wide: list[int] = []
        self._measured = 0
        self._hover = -1
        self.set_title(title)

    # -- rows

    @property
    def rows(self) -> Sequence[Row]:
        """The rows shown."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The highlighted row."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def set_title(self, title: str, aside: str = "") -> None:
        """Show `title` in the border, followed by a dim `aside`."""
        set_panel_title(self, title, aside)

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show `rows`; only changed lines are repainted."""
        old, self._rows = self._rows, list(rows)
        before = old[self.cursor] if self.cursor < len(old) else None
        known = {row.key: row for row in old}
        self._cells = {
            row.key: self._cells[row.key] if known.get(row.key) == row else tuple(map(as_line, row.cells))
            for row in rows
        }
        if len(old) != len(rows):
            self._resize()
        if self._measure() or not (old and rows):
            self.refresh()
        else:
            top = self.scroll_offset.y
            for index in range(top, min(top + self.size.height, max(len(old), len(rows)))):
                if old[index : index + 1] != self._rows[index : index + 1]:
                    self.refresh_lines(self._header + index)
        if before is not None and self.cursor:
            index = next((i for i, row in enumerate(rows) if row.key == before.key), self.cursor)
            self.cursor = max(0, min(index, len(rows) - 1))
        if bool(old) != bool(rows):
            self.refresh_bindings()
        after = self.current
        if after != before:
            self.post_message(self.Moved(self, after.key if after else ""))

    def show_key(self, key: str) -> None:
        """Highlight the row with `key`, if it exists."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self.cursor = index

    def _resize(self) -> None:
        self.virtual_size = Size(0, len(self._rows) + self._header)
        if self.styles.is_auto_height:
            self.refresh(layout=True)

    def _measure(self) -> bool:
        """Compute the column widths; return whether they changed."""
        self._measured = self._line_width
        wide = widths(self.columns, [self._cells[row.key] for row in self._rows], self._measured)
        changed = wide != self._wide
        self._wide = wide
        return changed

    @property
    def _line_width(self) -> int:
        return self.scrollable_content_region.width

    def on_resize(self) -> None:
        self._measure()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows) + self._header if self._rows else len(self._empty_lines(width))

    # -- painting

    def render_line(self, y: int) -> Strip:
        width = self._line_width
        if width != self._measured:  # a scrollbar appeared or disappeared
            self._measure()
        if not self._rows:
            lines = self._empty_lines(width)
            return paint(self, (Span(lines[y], "dim"),) if y < len(lines) else (), width)
        if self._header and y == 0:
            titles = tuple((Span(column.title, "dim"),) for column in self.columns)
            return paint(self, joined(self.columns, self._wide, titles), width)
        index = y - self._header + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        line = joined(self.columns, self._wide, self._cells[self._rows[index].key])
        return paint(self, line, width, self._row_style(index))

    def _empty_lines(self, width: int) -> list[str]:
        """`empty`, wrapped at words."""
        return [part for text in self.empty.split("\n") for part in textwrap.wrap(text, max(width, 10))]

    def _row_style(self, index: int) -> Style | None:
        if index == self.cursor:
            if self.has_focus:
                return background(self, "cursor")
            if self._keeps_cursor:
                return background(self, "cursor-blurred")
        return background(self, "hover") if index == self._hover else None

    def refresh_lines(self, y_start: int, line_count: int = 1) -> None:
        # The header line does not scroll: the lines passed are those of the rows.
        width = self.size.width
        top = y_start - self.scroll_offset.y
        self.refresh(Region(0, top, width, line_count))

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh_lines(self._header + old)
        self.refresh_lines(self._header + new)
        self.scroll_to_region(Region(0, new, 1, 1 + self._header), animate=False, force=True, x_axis=False)
        if old != new and self.current is not None:
            self.post_message(self.Moved(self, self.current.key))

    # -- keys and mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "copy"):
            return bool(self._rows) and (action != "open" or self.opens)
        return super().check_action(action, parameters)

    def action_move(self, step: int) -> None:
        if self._rows:
            self.cursor = max(0, min(self.cursor + step, len(self._rows) - 1))

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.scrollable_content_region.height - self._header - 1))

    def action_first(self) -> None:
        self.action_move(-len(self._rows))

    def action_last(self) -> None:
        self.action_move(len(self._rows))

    def action_open(self) -> None:
        if self.current is not None:
            self.post_message(self.Opened(self, self.current.key))

    def action_copy(self) -> None:
        """Copy the highlighted row's text."""
        row = self.current
        if row is not None:
            texts = ("".join(text for text, _ in cell).strip() for cell in self._cells[row.key])
            copy(self, "  ".join(text for text in texts if text))

    def _row_at(self, event: events.MouseEvent) -> int:
        """The index of the row under the mouse, or -1."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._header:
            return -1
        index = offset.y - self._header + self.scroll_offset.y
        return index if index < len(self._rows) else -1

    def on_click(self, event: events.Click) -> None:
        index = self._row_at(event)
        if index < 0:
            return
        again = index == self.cursor and event.chain == 2
        self.cursor = index
        if again:
            self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._set_hover(self._row_at(event))

    def on_leave(self) -> None:
        self._set_hover(-1)

    def _set_hover(self, index: int) -> None:
        if index != self._hover:
            old, self._hover = self._hover, index
            self.refresh_lines(self._header + old)
            self.refresh_lines(self._header + index)
