"""The view of a followed stream."""

from __future__ import annotations

import textwrap
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from workbench.text import one_line
from workbench.widgets.painting import STYLES, paint
from workbench.widgets.spans import Line, cleaned
from workbench.widgets.textview import TextView

from .streamrun import StreamRun, outcome_of, progress_line


class ProgressLine(Widget):
    """The amount and rate received."""

    ALLOW_SELECT = False
    spans: reactive[Line] = reactive(())

    def render_line(self, y: int) -> Strip:
        return paint(self, self.spans if y == 0 else (), self.size.width)


class StreamView(Vertical):
    """The end of a stream's text, with its progress above. It stays at the end until the user
    scrolls away."""

    HELP: ClassVar = (
        "A live stream. New chunks appear at the end; the oldest lines are dropped when there are too "
        "many. Scroll up to read, G returns to the newest, / searches, w wraps, y copies, x stops the stream."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="panel")
        self._run: StreamRun | None = None
        self._seen: tuple[int, str] = (0, "")

    def compose(self) -> ComposeResult:
        yield ProgressLine()
        yield TextView(framed=False, empty="Nothing received yet.")

    @property
    def text(self) -> TextView:
        return self.query_one(TextView)

    def show(self, run: StreamRun, now: float) -> None:
        """Show the current state of a stream."""
        lines = self.text.lines
        if run is not self._run:
            self._run = run
            run.moved = 0
            lines.set_document(run.document)
            lines.scroll_end(animate=False, force=True, immediate=True, x_axis=False)
        elif self._seen != (run.pieces, run.outcome):
            moved, run.moved = run.moved, 0
            lines.went_on(moved)
        if run.outcome == "failed" and not run.pieces:
            # The line above has room for its beginning only.
            width = max(20, self.content_size.width - 1)
            self.text.clear("\n".join(textwrap.wrap(one_line(run.reason), width)))
        self._seen = (run.pieces, run.outcome)
        self.tell(now)

    def tell(self, now: float) -> None:
        """Update the stream's progress."""
        run = self._run
        if run is None:
            return
        progress = self.query_one(ProgressLine)
        progress.spans = progress_line(run, now, self.content_size.width, at_end=self.text.lines.at_end)
        pieces = [
            (text, f"{STYLES[tone]} not bold" if tone else "not bold")
            for text, tone in cleaned(outcome_of(run, now))
        ]
        self.border_title = Content.assemble("Stream  ", *pieces)

    @on(TextView.Told)
    def _tell_size(self, event: TextView.Told) -> None:
        event.stop()
        self.border_subtitle = Content(event.summary)

    def focus_text(self) -> None:
        """Focus the text."""
        self.text.focus_text()
