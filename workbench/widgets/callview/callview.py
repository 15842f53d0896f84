"""One call on the screen: its result, raw JSON, trace, wire messages, log, and earlier calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from workbench.actions import Action, define
from workbench.records import CallRecord, Frame
from workbench.text import span
from workbench.widgets.binding import bind
from workbench.widgets.painting import STYLES, paint
from workbench.widgets.segments import Segments
from workbench.widgets.sheet import Sheet
from workbench.widgets.spans import Line, Span, bar, cells, cleaned, line
from workbench.widgets.textview import TextView

from .answers import Answer, answer_of, raw_of
from .earlier import EarlierList
from .traces import outcome_line, strip_line, trace_lines
from .wire import FrameList, WireView

VIEWS = ("result", "raw", "trace", "wire", "log", "earlier")
TITLES = {
    "result": "Result",
    "raw": "Raw",
    "trace": "Trace",
    "wire": "Wire",
    "log": "Log",
    "earlier": "Earlier",
}

CALL = define(
    Action(
        "call.next_view",
        "right_square_bracket",
        "View",
        "Next view: result, raw, trace, wire, log, earlier",
        "view(1)",
    ),
    Action(
        "call.previous_view",
        "left_square_bracket",
        "Previous view",
        "Previous view",
        "view(-1)",
        shown=False,
    ),
    Action(
        "call.error",
        "e",
        "Error",
        "Show the call's unexpected error: source lines, variables and traceback",
        "tell_error",
    ),
)


class Running(NamedTuple):
    """A running call: its duration in seconds and its progress."""

    key: str
    seconds: float
    done: float = 0.0
    total: float | None = None
    message: str = ""


class StageStrip(Widget):
    """The stages of the call, to the right of the view names."""

    record: reactive[CallRecord | None] = reactive(None)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        spans = strip_line(self.record, width) if self.record is not None and y == 0 else ()
        return paint(self, (Span(" " * max(0, width - cells(spans))), *spans), width)

    def on_click(self) -> None:
        self.post_message(self.Clicked())

    class Clicked(Message):
        """The strip was clicked."""


class CallView(Vertical):
    """Shows a finished or a running call."""

    BINDINGS = bind(*CALL)
    HELP: ClassVar = (
        "The result of a call. [ and ] switch between views: the result, the protocol's JSON, the trace of where "
        "the time went, the messages on the wire, printed and logged lines, and earlier calls. "
        "e shows where an unexpected error was raised."
    )

    view: reactive[str] = reactive("result", init=False)
    """The current view, one of `VIEWS`."""

    class Chosen(Message):
        """An earlier call was chosen."""

        def __init__(self, record: CallRecord) -> None:
            super().__init__()
            self.record = record

    class ErrorWanted(Message):
        """The user asked for the call's unexpected error in full."""

        def __init__(self, reference: str) -> None:
            super().__init__()
            self.reference = reference

    def __init__(
        self,
        title: str,
        *,
        empty: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str = "",
    ) -> None:
        """Show `empty` until the first call."""
        super().__init__(id=id, classes=f"panel {classes}")
        self.title = title
        self.empty = empty
        self.record: CallRecord | None = None
        self.running: Running | None = None
        self._counts: dict[str, int] = {}
        self._frames: Callable[[str], list[Frame]] = lambda _key: []

    def compose(self) -> ComposeResult:
        with Horizontal(classes="views"):
            yield Segments(list(TITLES.values()))
            yield StageStrip()
        with ContentSwitcher(initial="result"):
            yield TextView(framed=False, empty=self.empty, id="result")
            yield TextView(framed=False, empty=self.empty, id="raw")
            yield Sheet(id="trace")
            yield WireView(id="wire")
            yield Sheet(wraps=True, id="log")
            yield EarlierList(empty="No earlier calls.", id="earlier")
            yield Sheet(id="progress")

    def on_mount(self) -> None:
        self._say(())

    # -- contents

    def show(self, record: CallRecord, frames: Callable[[str], list[Frame]]) -> None:
        """Show a finished call; `frames` returns the messages of a call by its key."""
        if not self._stands:
            return
        self._begin(record, frames)
        self._say(outcome_line(record))
        for view in ("result", "raw"):
            self.query_one(f"#{view}", TextView).clear("")
        self._fill()

    def show_running(self, running: Running, frames: Callable[[str], list[Frame]]) -> None:
        """Show a running call."""
        if not self._stands:
            return
        self._begin(None, frames)
        self.running = running
        self._say((Span(f"◌ running {span(running.seconds)}", "accent"),))
        self.query_one("#progress", Sheet).set_lines(progress_lines(running, self.size.width))
        self._fill()

    def show_nothing(self, text: str) -> None:
        """Show no call; `text` says what to do."""
        if not self._stands:
            return
        self._begin(None, lambda _key: [])
        self._say(())
        for view in ("result", "raw"):
            self.query_one(f"#{view}", TextView).clear(text)
        self.query_one("#trace", Sheet).set_lines([(Span(part, "dim"),) for part in text.split("\n")])
        self._fill()

    @property
    def _stands(self) -> bool:
        """Whether it is fully mounted: a call may end while the view is being removed."""
        return bool(self.query(StageStrip))

    def _begin(self, record: CallRecord | None, frames: Callable[[str], list[Frame]]) -> None:
        self.record, self.running, self._frames = record, None, frames
        self.refresh_bindings()
        self.query_one(StageStrip).record = record

    def set_earlier(self, records: Sequence[CallRecord]) -> None:
        """Set the earlier calls to choose from."""
        self.query_one("#earlier", EarlierList).set_rows(records)
        self._count("earlier", len(records))

    def set_log(self, lines: Sequence[Line]) -> None:
        """Set the lines printed and logged during the call."""
        nothing = line(Span("Nothing was printed or logged.", "dim"))
        self.query_one("#log", Sheet).set_lines(list(lines) or [nothing])
        self._count("log", len(lines))

    def _count(self, view: str, count: int) -> None:
        """Show the number of entries next to a view's name."""
        if self._counts.get(view, 0) != count:
            self._counts[view] = count
            titles = [f"{TITLES[each]} {self._counts.get(each) or ''}".rstrip() for each in VIEWS]
            self.query_one(Segments).set_options(titles, VIEWS.index(self.view))

    def _say(self, spans: Line) -> None:
        """Show the call's outcome in the border."""
        pieces = [(text, f"{STYLES[tone]} not bold" if tone else "not bold") for text, tone in cleaned(spans)]
        self.border_title = Content.assemble(self.title, "  " if spans else "", *pieces)

    # -- views

    def watch_view(self) -> None:
        self.query_one(Segments).chosen = VIEWS.index(self.view)
        self._fill()

    def _fill(self) -> None:
        """Fill and show the current view; the others are filled when shown."""
        record = self.record
        key = record.key if record is not None else self.running.key if self.running is not None else ""
        if self.view == "wire":
            self.query_one("#wire", WireView).show(self._frames(key) if key else [])
        elif record is None:
            pass
        elif self.view == "result":
            self._fill_text("result", lambda: answer_of(record))
        elif self.view == "raw":
            self._fill_text("raw", lambda: raw_of(record))
        elif self.view == "trace":
            self.query_one("#trace", Sheet).set_lines(trace_lines(record, self.size.width - 4))
        waits = self.running is not None and self.view in ("result", "raw", "trace")
        self.query_one(ContentSwitcher).current = "progress" if waits else self.view
        self._tell_size()

    def _fill_text(self, view: str, make: Callable[[], Answer]) -> None:
        text = self.query_one(f"#{view}", TextView)
        if text.document is None:
            text.show_made(make, self.record.size if self.record is not None else 0)

    @on(TextView.Told)
    def _tell_size(self) -> None:
        """Show the size of the text in the bottom border."""
        pane = self.query_one(f"#{self.view}")
        summary = pane.lines.summary if isinstance(pane, TextView) and self.running is None else ""
        self.border_subtitle = Content(summary)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "tell_error":
            return self.record is not None and bool(self.record.reference)
        return super().check_action(action, parameters)

    def action_tell_error(self) -> None:
        if self.record is not None:
            self.post_message(self.ErrorWanted(self.record.reference))

    def action_view(self, step: int) -> None:
        """Go to the next or previous view, and keep the focus in it."""
        self.view = VIEWS[(VIEWS.index(self.view) + step) % len(VIEWS)]
        self.focus_view()

    def focus_view(self) -> None:
        """Focus the scrollable widget of the view."""
        pane = self.query_one(f"#{self.view}")
        if self.query_one(ContentSwitcher).current == "progress":
            self.query_one("#progress", Sheet).focus()
        elif isinstance(pane, TextView):
            pane.focus_text()
        elif isinstance(pane, WireView):
            pane.query_one(FrameList).focus()
        else:
            pane.focus()

    @on(Segments.Chosen)
    def _view_chosen(self, event: Segments.Chosen) -> None:
        event.stop()
        self.view = VIEWS[event.place]

    @on(StageStrip.Clicked)
    def _trace_wanted(self, event: StageStrip.Clicked) -> None:
        event.stop()
        self.view = "trace"

    @on(EarlierList.Opened, "EarlierList")
    def _earlier_chosen(self, event: EarlierList.Opened) -> None:
        event.stop()
        record = self.query_one("#earlier", EarlierList).current
        if record is not None:
            self.view = "result"
            self.post_message(self.Chosen(record))


def progress_lines(running: Running, width: int) -> list[Line]:
    """A call's progress, as lines."""
    lines: list[Line] = [(Span("Running", "strong"), Span(f"  {span(running.seconds)}", "dim")), ()]
    if running.total:
        share = running.done / running.total
        lines.append(line(*bar(share, max(10, min(width - 20, 60)), "accent"), f"  {share * 100:.0f} %"))
    elif running.done:
        lines.append((Span(f"{running.done:g} done"),))
    if running.message:
        lines.append((Span(running.message),))
    return [*lines, (), (Span("Press x or ctrl+g to cancel.", "dim"),)]
