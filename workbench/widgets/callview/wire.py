"""The messages of a call on the wire: the list, and the highlighted one in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from workbench.records import Frame
from workbench.text import span
from workbench.widgets.outline import Outline
from workbench.widgets.spans import Line, Span, line, spread
from workbench.widgets.textview import TextView

NOTHING = "No messages stored. The workbench keeps\nonly the latest, and only while it runs."


class FrameRow(NamedTuple):
    """A message and its time, in seconds after the first."""

    place: int
    frame: Frame
    after: float


class FrameList(Outline[FrameRow]):
    """The messages, in order."""

    HELP = "The messages of this call: → client to server, ← server to client. The highlighted one is shown in full."

    def key_of(self, row: FrameRow) -> str:
        return str(row.place)

    def line_of(self, row: FrameRow, width: int) -> Line:
        frame = row.frame
        arrow = Span("→ ", "accent") if frame.direction == "client" else Span("← ", "graph")
        words = {
            "request": frame.method,
            "notification": frame.method,
            "response": "result",
            "error": "error",
        }
        tone = "bad" if frame.kind == "error" else ""
        left = line(arrow, Span(words[frame.kind], tone))  # type: ignore[arg-type]
        return spread(left, line(Span(f"+{span(row.after)}", "dim")), width)


class WireView(Container):
    """Shows messages."""

    def compose(self) -> ComposeResult:
        yield FrameList(empty=NOTHING)
        yield TextView(framed=False, empty="")

    def show(self, frames: Sequence[Frame]) -> None:
        """Show `frames`, the first in full; if they are already shown, add the new ones."""
        first = frames[0].at if frames else 0.0
        rows = [FrameRow(place, frame, max(0.0, frame.at - first)) for place, frame in enumerate(frames)]
        known = self.query_one(FrameList)
        if rows and known.rows and known.rows[0].frame == rows[0].frame:
            known.set_rows(rows)
        else:
            known.set_rows(rows, "0")
            self._show_frame()

    @on(FrameList.Moved, "FrameList")
    def _show_frame(self) -> None:
        row = self.query_one(FrameList).current
        text = self.query_one(TextView)
        if row is None:
            text.clear()
        else:
            text.show_made(lambda: ("json", row.frame.dump()))

    @on(FrameList.Opened, "FrameList")
    def _go_to_text(self) -> None:
        self.query_one(TextView).focus_text()
