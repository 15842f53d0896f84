"""A call on the screen: its views, its messages, and one that is still under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher

from tests.waiting import until
from tests.workbench.fake_calls import CallEngine, record_of, text_result
from tests.workbench.widgets.host import Host
from workbench.records import CallError, Frame
from workbench.widgets.callview import CallView, Running
from workbench.widgets.callview.wire import FrameList, WireView
from workbench.widgets.segments import Segments
from workbench.widgets.sheet import Sheet
from workbench.widgets.spans import Span
from workbench.widgets.textview import TextView

pytestmark = pytest.mark.anyio


class Watching(Host):
    """Keeps what is chosen."""

    def on_call_view_chosen(self, event: CallView.Chosen) -> None:
        self.messages.append(event)


def title(view: CallView) -> str:
    return Content.from_markup(str(view.border_title)).plain


@asynccontextmanager
async def callview() -> AsyncIterator[tuple[CallView, Pilot[None]]]:
    app = Watching(
        lambda: CallView("Result", empty="Nothing yet"),
        "widgets/callview/callview.tcss",
        "widgets/textview/textview.tcss",
    )
    async with app.run_test(size=(100, 24)) as pilot:
        yield app.query_one(CallView), pilot


def frames(key: str) -> list[Frame]:
    return CallEngine().frames(key)


async def shown(view: CallView, pane: str) -> str:
    """The text of a pane once it is there."""
    text = view.query_one(f"#{pane}", TextView)
    await until(lambda: text.document is not None and text.document.complete, "a text")
    assert text.document is not None
    return "\n".join(map(text.document.shown, range(len(text.document.lines))))


async def test_an_answer_is_shown_with_its_outcome_and_its_stages() -> None:
    async with callview() as (view, _pilot):
        view.show(record_of(answer=text_result("42")), frames)

        assert await shown(view, "result") == "42"
        assert "✓ ok  1.9 ms" in title(view)


async def test_the_views_are_gone_through_with_brackets_and_filled_when_looked_at() -> None:
    async with callview() as (view, pilot):
        view.show(record_of(answer=text_result("42")), frames)
        await shown(view, "result")
        view.focus_view()

        assert view.query_one("#raw", TextView).document is None

        await pilot.press("right_square_bracket")
        assert '"text": "42"' in await shown(view, "raw")

        await pilot.press("right_square_bracket")
        assert "Where the time went" in view.query_one("#trace", Sheet).text

        await pilot.press("right_square_bracket")
        wire = view.query_one(WireView)
        text = wire.query_one(TextView)
        await until(lambda: text.document is not None and text.document.complete, "the message")
        assert text.document is not None
        assert '"method": "tools/call"' in text.document.text()

        await pilot.press("j")
        await until(
            lambda: text.document is not None and '"result"' in text.document.text(), "the other message"
        )

        await pilot.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert view.view == "result"


async def test_an_error_is_said_on_the_border_and_in_full() -> None:
    async with callview() as (view, _pilot):
        view.show(record_of(answer=CallError(-32602, "Unknown tool: ad\x1b[2J")), frames)

        assert "✗ error  -32602" in title(view)
        assert (await shown(view, "result")).startswith("Unknown tool: ad␛[2J")


async def test_a_call_under_way_shows_how_far_it_is_whatever_was_looked_at() -> None:
    async with callview() as (view, pilot):
        view.show(record_of(answer=text_result("before")), frames)
        view.show_running(Running("k", 2.0, 57, 100, "page 57 [of] 100"), frames)
        await pilot.pause()
        progress = view.query_one("#progress", Sheet).text

        assert view.query_one(ContentSwitcher).current == "progress"
        assert "57 %" in progress
        assert "page 57 [of] 100" in progress
        assert "◌ running 2.0 s" in title(view)

        view.show(record_of(answer=text_result("after"), key="k"), frames)

        assert await shown(view, "result") == "after"


async def test_the_messages_of_a_call_under_way_can_be_watched() -> None:
    async with callview() as (view, pilot):
        view.view = "wire"
        view.show_running(Running("k", 2.0), frames)
        await pilot.pause()

        assert view.query_one(ContentSwitcher).current == "wire"
        assert len(view.query_one(FrameList).rows) == 2


async def test_an_earlier_call_can_be_chosen() -> None:
    async with callview() as (view, pilot):
        view.set_earlier([record_of(key="k2", arguments={"a": 2}), record_of(key="k1", arguments={"a": 1})])
        view.view = "earlier"
        view.focus_view()
        await pilot.press("j", "enter")
        app = pilot.app
        assert isinstance(app, Watching)
        await until(lambda: bool(app.messages), "the choice")

        assert [message.record.key for message in app.messages] == ["k1"]
        assert view.view == "result"
        assert "Earlier 2" in view.query_one(Segments).options


async def test_without_a_call_it_says_what_to_do() -> None:
    async with callview() as (view, pilot):
        view.show_nothing("Run it.")
        await pilot.pause()

        assert view.query_one("#result", TextView).lines.empty == "Run it."
        assert title(view) == "Result"


async def test_what_was_printed_is_counted_where_it_is_to_be_found() -> None:
    async with callview() as (view, pilot):
        view.set_log([(Span("line 1"),), (Span("line 2"),)])
        view.view = "log"
        await pilot.pause()

        assert "Log 2" in view.query_one(Segments).options
        assert view.query_one("#log", Sheet).text == "line 1\nline 2"

        view.set_log([])

        assert "Log" in view.query_one(Segments).options
        assert "Nothing was printed" in view.query_one("#log", Sheet).text
