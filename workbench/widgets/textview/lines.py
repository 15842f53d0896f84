"""The lines of a text on the screen. Only visible lines are drawn, out of twenty or a million."""

from __future__ import annotations

from itertools import pairwise, takewhile

from rich.segment import Segment
from rich.style import Style
from textual import work
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from workbench.invisible import MOST_COMBINING
from workbench.text import number, plural, size
from workbench.widgets.binding import bind
from workbench.widgets.copying import copy
from workbench.widgets.painting import paint
from workbench.widgets.spans import Span

from .coloring import pieces_of
from .colors import color_style
from .document import Document
from .finding import Match, find, matches_of
from .keys import LINES
from .rows import Row, can_wrap, row_of, wrapped

NOTE_SECONDS = 0.2
"""How long the first lines may take before "Formatting…" is shown."""


class TextLines(ScrollView, can_focus=True):
    """Shows a document that may still grow; wide lines scroll sideways or wrap."""

    BINDINGS = bind(*LINES)
    HELP = (
        "A text. j and k, the arrows and the mouse scroll, / searches, n and N go to the next and previous match, "
        "w wraps long lines, y copies everything, ctrl+c copies the mouse selection."
    )

    wraps: var[bool | None] = var(None, init=False)
    """Whether long lines wrap; `None` wraps prose only."""

    class Told(Message):
        """`summary` has changed."""

        def __init__(self, lines: TextLines) -> None:
            super().__init__()
            self.lines = lines

        @property
        def control(self) -> TextLines:
            return self.lines

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TextLines.Told)

    def __init__(self, empty: str = "") -> None:
        """`empty` is shown if there is no text, its lines separated by line feeds."""
        super().__init__()
        self.empty = empty
        self.document: Document | None = None
        self.words = ""
        self._note = ""
        self._rows: list[Row] | None = None
        self._rows_width = 0
        self._matches: list[Match] = []
        self._found = -1

    # -- contents

    @property
    def allow_select(self) -> bool:
        return True

    def set_document(self, document: Document | None, count: int = 0) -> None:
        """Show `document` from the start; call `grown` when it has more lines.

        Args:
            count: its size in bytes, if known, to show when the first lines take a while.
        """
        self.document = document
        self.words = self._note = ""
        self._matches, self._found = [], -1
        self.set_reactive(TextLines.wraps, None)
        self.scroll_to(0, 0, animate=False, force=True)
        self._reflow()
        if document is not None and not document.lines:
            self.set_timer(NOTE_SECONDS, lambda: self._say_formatting(document, count))

    def _say_formatting(self, document: Document, count: int) -> None:
        if document is self.document and not document.lines:
            self._note = f"Formatting {size(count)}…" if count else "Formatting…"
            self.refresh()

    def grown(self) -> None:
        """Show lines added at the end."""
        document = self.document
        width = height = 0
        if document is not None:
            self._wrap(document)
            if self._rows is None:
                width, height = document.width, len(document.lines)
            else:
                height = len(self._rows)
        self.virtual_size = Size(width, height)
        self.refresh()
        self.post_message(self.Told(self))

    def _wrap(self, document: Document) -> None:
        """Add the rows of new lines; rebuild all rows if the width changed."""
        width = self.scrollable_content_region.width
        if not self._wrapping or not can_wrap(document):
            self._rows = None
            return
        if self._rows is None or width != self._rows_width:
            self._rows, self._rows_width = [], width
        self._rows.extend(wrapped(document, width, self._rows[-1].place + 1 if self._rows else 0))

    def _reflow(self) -> None:
        """Rebuild the rows and redraw."""
        self._rows = None
        self.grown()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        # Textual updates a scrollbar only while it is shown.
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def went_on(self, moved: int) -> None:
        """Show lines added at the end, after the older ones moved up by `moved` lines. The view stays at the end if it
        was there; otherwise it stays on the same lines."""
        at_end = self.at_end
        top = self._row(self.scroll_offset.y).place - moved
        if moved:
            self._matches = [
                match._replace(place=match.place - moved) for match in self._matches if match.place >= moved
            ]
            self._found = min(self._found, len(self._matches) - 1)
        self._reflow()
        if at_end:
            self.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
        elif moved:
            y = max(0, top) if self._rows is None else row_of(self._rows, max(0, top), 0)
            self.scroll_to(y=y, animate=False, force=True, immediate=True)

    @property
    def at_end(self) -> bool:
        """Whether the last line is visible."""
        return self.scroll_offset.y >= self.max_scroll_y

    @property
    def summary(self) -> str:
        """The number of lines, the size and the number of matches."""
        document = self.document
        if document is None:
            return ""
        parts = [plural(len(document.lines) - len(document.joined), "line"), size(document.chars)]
        if not document.complete:
            parts.append("…")
        if self.words:
            here = f"{number(self._found + 1)} of " if self._found >= 0 else ""
            parts.append(f"{here}{plural(len(self._matches), 'match', 'matches')}")
        return "  ".join(parts)

    def watch_wraps(self) -> None:
        self._reflow()

    @property
    def _wrapping(self) -> bool:
        if self.wraps is None:
            return self.document is not None and self.document.kind in ("text", "markdown")
        return self.wraps

    def on_resize(self) -> None:
        if self._wrapping:
            self.grown()

    # -- finding

    def find(self, words: str) -> None:
        """Highlight every match of `words` and go to the first one at or below the top of the view."""
        self.words = words
        self._find(words)

    @work(thread=True, exclusive=True, group="find")
    def _find(self, words: str) -> None:
        document = self.document
        if document is not None:
            matches = find(document, words, lambda: self.words == words and self.document is document)
            self.call_later(self._take, document, words, matches)

    def _take(self, document: Document, words: str, matches: list[Match]) -> None:
        if self.document is not document or self.words != words:
            return
        self._matches = matches
        top = self._row(self.scroll_offset.y)
        self._found = (
            next((i for i, match in enumerate(matches) if match[:2] >= top[:2]), 0) if matches else -1
        )
        self._go_to_match()

    def action_next(self, step: int) -> None:
        if self._matches:
            self._found = (self._found + step) % len(self._matches)
            self._go_to_match()

    def _go_to_match(self) -> None:
        if self._found >= 0:
            place, start, end = self._matches[self._found]
            row, offset = place, 0
            if self._rows is not None:
                row = row_of(self._rows, place, start)
                offset = self._rows[row].start
            region = Region(max(0, start - offset - 4), row - 2, end - start + 8, 5)
            self.scroll_to_region(region, animate=False, force=True)
        self.refresh()
        self.post_message(self.Told(self))

    # -- painting

    def _row(self, y: int) -> Row:
        if self._rows is None:
            return Row(y, 0, -1)
        return self._rows[min(y, len(self._rows) - 1)] if self._rows else Row(0, 0, 0)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        document = self.document
        if document is None or not document.lines:
            lines = (self._note if document else self.empty).split("\n")
            return paint(self, (Span(lines[y], "dim"),) if y < len(lines) else (), width)
        x, top = self.scroll_offset
        y += top
        if y >= self.virtual_size.height:
            return Strip.blank(width, self.rich_style)
        strip = self._strip(document, self._row(y), y, x + width)
        return strip.crop_extend(x, x + width, self.rich_style).apply_offsets(x, y)

    def _strip(self, document: Document, row: Row, y: int, width: int) -> Strip:
        """At least the first `width` cells of a row."""
        text = document.shown(row.place)
        # Only combining marks make more characters than cells.
        room = width if text.isascii() else width * (1 + MOST_COMBINING)
        end = min(len(text) if row.end < 0 else row.end, row.start + room)
        styles: list[tuple[int, int, Style]] = [
            (piece.start, piece.end, color_style(self, piece.name))
            for piece in takewhile(lambda piece: piece.start < end, pieces_of(document, row.place, text))
        ]
        for match in matches_of(self._matches, row.place):
            current = self._found >= 0 and match == self._matches[self._found]
            styles.append((match.start, match.end, color_style(self, "found" if current else "match")))
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is not None:
            first, last = span
            last = end if last < 0 else row.start + last
            chosen = self.screen.get_component_rich_style("screen--selection", partial=True)
            styles.append((row.start + first, last, chosen))
        return Strip(_segments(text, row.start, end, styles, self.rich_style))

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        document = self.document
        if document is None:
            return None
        first = selection.start.y if selection.start is not None else 0
        last = selection.end.y if selection.end is not None else self.virtual_size.height - 1
        pieces: list[str] = []
        for y in range(first, min(last, self.virtual_size.height - 1) + 1):
            row = self._row(y)
            text = document.shown(row.place)[row.start : None if row.end < 0 else row.end]
            begin, end = selection.get_span(y) or (0, -1)
            if pieces and row.start == 0 and row.place not in document.joined:
                pieces.append("\n")
            pieces.append(text[begin : None if end < 0 else end])
        return "".join(pieces), "\n"

    # -- keys

    def action_move(self, step: int) -> None:
        self.scroll_relative(y=step, animate=False)

    def action_aside(self, step: int) -> None:
        self.scroll_relative(x=step, animate=False)

    def action_page(self, pages: int) -> None:
        self.scroll_relative(y=pages * max(1, self.scrollable_content_region.height - 1), animate=False)

    def action_first(self) -> None:
        self.scroll_to(0, 0, animate=False)

    def action_last(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def action_wrap(self) -> None:
        if not self._wrapping and self.document is not None and not can_wrap(self.document):
            self.notify(
                "This text is too large to wrap. Scroll sideways with the arrow keys", severity="warning"
            )
        else:
            self.wraps = not self._wrapping

    @work(thread=True, group="copy")
    def action_copy(self) -> None:
        document = self.document
        if document is None:
            return
        self.call_later(copy, self, document.text())


def _segments(
    text: str, start: int, end: int, styles: list[tuple[int, int, Style]], base: Style
) -> list[Segment]:
    """Characters `start` to `end` in their styles; overlapping styles combine, the last on top."""
    cuts = {start, end}
    for first, last, _style in styles:
        cuts.update(cut for cut in (first, last) if start < cut < end)
    waiting = sorted(range(len(styles)), key=lambda place: styles[place][0], reverse=True)
    open_: list[int] = []
    segments: list[Segment] = []
    for left, right in pairwise(sorted(cuts)):
        while waiting and styles[waiting[-1]][0] <= left:
            open_.append(waiting.pop())
        open_ = sorted(place for place in open_ if styles[place][1] > left)
        style = base
        for place in open_:
            style += styles[place][2]
        segments.append(Segment(text[left:right], style))
    return segments
