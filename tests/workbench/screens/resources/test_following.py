"""Streams on the resources screen: chunks as they come, how fast, stopped half way, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mcp.types import Resource
from textual.content import Content
from textual.widgets import ContentSwitcher

from tests.workbench.fake_calls import OWNERS, RESOURCES, CallEngine
from tests.workbench.fakes import NOON
from tests.workbench.screens.resources.test_resources import BOOKS, Stage, contents, resources
from tests.workbench.screens.shown import LARGE, SMALL, screen_text
from workbench.engine.following import Gathered
from workbench.records import Owner
from workbench.screens.resources.streamrun import StreamRun, outcome_of, progress_line
from workbench.screens.resources.streamview import ProgressLine, StreamView
from workbench.widgets.textview.growing import KEPT_LINES

pytestmark = pytest.mark.anyio

TICKER = "stream://ticker"


def engine(*gathered: Gathered) -> CallEngine:
    """An engine with a stream, which brings `gathered` and then goes on until its gate opens."""
    made = CallEngine()
    made.resources = [*RESOURCES, Resource(uri=TICKER, name="ticker", mime_type="text/plain")]
    owners = {**OWNERS.resources, TICKER: Owner("feed", follows=True)}
    made.offers = OWNERS._replace(resources=owners)
    made.streams[TICKER] = gathered
    made.gates[TICKER] = asyncio.Event()
    return made


@asynccontextmanager
async def followed(*gathered: Gathered, size: tuple[int, int] = LARGE) -> AsyncIterator[Stage]:
    """The resources screen, on which the ticker is followed."""
    async with resources(engine(*gathered), size) as stage:
        await stage.choose(TICKER)
        await stage.pilot.press("F")
        await stage.until(lambda: bool(stage.commands("follow")), "the stream")
        await stage.until(lambda: progress(stage) != "", "its progress")
        yield stage


def view(stage: Stage) -> StreamView:
    return stage.screen.query_one(StreamView)


def text(stage: Stage) -> str:
    document = view(stage).text.document
    return document.text() if document is not None else ""


def progress(stage: Stage) -> str:
    return "".join(each for each, _tone in stage.screen.query_one(ProgressLine).spans)


def title(stage: Stage) -> str:
    return Content.from_markup(str(view(stage).border_title)).plain


async def test_chunks_show_as_they_come_with_how_many_and_how_large() -> None:
    async with followed(Gathered(1, 8, "one\ntwo\n", 0), Gathered(2, 6, "th" + "ree\n", 0)) as stage:
        assert stage.commands("follow") == [(TICKER,)]
        assert text(stage) == "one\ntwo\nthree"
        assert "◌ following 0:00" in title(stage)
        assert "3 chunks" in progress(stage)
        assert "14 B" in progress(stage)
        assert "◌" in stage.line(TICKER)


async def test_x_stops_it_and_capital_f_follows_it_anew() -> None:
    async with followed(Gathered(1, 4, "one\n", 0)) as stage:
        await stage.pilot.press("x")
        await stage.until(lambda: "■ stopped" in title(stage), "the end")
        assert stage.engine.cancelled == [TICKER]
        assert text(stage) == "one"
        assert "◌" not in stage.line(TICKER)
        await stage.pilot.press("F")
        await stage.until(lambda: len(stage.commands("follow")) == 2, "the second run")
        await stage.until(lambda: "◌ following" in title(stage), "that it goes on")


async def test_one_that_ends_and_one_that_fails_say_so() -> None:
    async with followed(Gathered(1, 4, "one\n", 0)) as stage:
        stage.engine.stream_failures[TICKER] = "the wire was cut"
        stage.engine.gates[TICKER].set()
        await stage.until(lambda: "✗ failed" in title(stage), "the failure")
        assert "the wire was cut" in progress(stage)
        stage.engine.stream_failures.clear()
        await stage.pilot.press("F")
        await stage.until(lambda: "✓ ended" in title(stage), "the end")
        assert text(stage) == "one"


async def test_of_one_that_fails_before_anything_came_the_whole_reason_is_shown() -> None:
    async with followed(size=SMALL) as stage:
        reason = "the wire was cut " * 8 + "[bold]at the end"
        stage.engine.stream_failures[TICKER] = reason
        stage.engine.gates[TICKER].set()
        await stage.until(lambda: "✗ failed" in title(stage), "the failure")
        assert view(stage).text.lines.empty.split() == reason.split()
        await stage.until(lambda: "[bold]at" in screen_text(stage.app), "its end")


async def test_a_stream_goes_on_while_something_else_is_read_and_is_there_again() -> None:
    async with followed(Gathered(1, 4, "one\n", 0)) as stage:
        stage.engine.answers[BOOKS] = lambda _arguments: contents("books")
        switcher = stage.screen.query_one("#content", ContentSwitcher)
        await stage.choose(BOOKS)
        await stage.pilot.press("r")
        assert await stage.result() == "books"
        assert switcher.current == "call"
        await stage.choose(TICKER)
        await stage.until(lambda: switcher.current == "stream", "the stream")
        assert text(stage) == "one"
        assert len(stage.commands("follow")) == 1
        assert stage.engine.cancelled == []
        await stage.pilot.press("r")
        await stage.until(lambda: switcher.current == "call", "the read of it")
        await stage.pilot.press("F")
        assert switcher.current == "stream"
        assert len(stage.commands("follow")) == 1


async def test_what_is_no_stream_cannot_be_followed() -> None:
    async with resources(engine()) as stage:
        await stage.choose(BOOKS)
        await stage.pilot.press("F")
        assert stage.commands("follow") == []
        assert not stage.screen.query_one("#follow").display


async def test_it_stays_at_the_end_until_one_scrolls_away() -> None:
    many = "".join(f"line {number}\n" for number in range(200))
    async with followed(Gathered(1, 10, many, 0), size=SMALL) as stage:
        lines = view(stage).text.lines
        run = stage.screen.stream
        assert run is not None
        assert stage.app.focused is lines
        await stage.until(lambda: lines.at_end, "the end")
        run.take(Gathered(1, 5, "newer\n", 0), NOON)
        view(stage).show(run, NOON)
        assert lines.at_end
        await stage.pilot.press("g")
        run.take(Gathered(1, 5, "newest\n", 0), NOON)
        view(stage).show(run, NOON)
        assert lines.scroll_offset.y == 0
        assert "G for newest" in progress(stage)
        await stage.pilot.press("G")
        await stage.until(lambda: lines.at_end, "the end again")


async def test_what_one_reads_stays_in_sight_when_the_oldest_lines_are_dropped() -> None:
    count = KEPT_LINES + 500
    many = "".join(f"line {number}\n" for number in range(count))
    async with followed(Gathered(1, 10, many, 0)) as stage:
        lines = view(stage).text.lines
        run = stage.screen.stream
        assert run is not None
        lines.scroll_to(y=3000, animate=False, force=True, immediate=True)
        more = "".join(f"line {number}\n" for number in range(count, count + 1500))
        run.take(Gathered(1, 10, more, 0), NOON)
        view(stage).show(run, NOON)
        assert run.document.lines[0].startswith("… 2,000 earlier lines dropped")
        assert run.document.lines[lines.scroll_offset.y] == "line 3000"


# -- what is said of a run


def said(run: StreamRun, now: float, width: int = 100) -> str:
    return "".join(each for each, _tone in progress_line(run, now, width, at_end=True))


def test_rates_are_those_of_the_last_seconds_then_of_all() -> None:
    run = StreamRun(TICKER, NOON)
    assert said(run, NOON).startswith("0 chunks  0/s  0 B  0 B/s  nothing yet, x to stop")
    for second in range(10):
        run.take(Gathered(4, 1000, "", 0), NOON + second)
    assert said(run, NOON + 10).startswith("40 chunks  4.0/s  10 kB  1.0 kB/s  x to stop")
    assert run.history(NOON + 10, 60) == [4] * 10 + [0]
    assert said(run, NOON + 30).startswith("40 chunks  0/s  10 kB  0 B/s")
    run.end("ended", NOON + 20)
    assert said(run, NOON + 99).startswith("40 chunks  2.0/s  10 kB  500 B/s")
    assert outcome_of(run, NOON + 99)[0][0] == "✓ ended after 0:20"


def test_what_came_too_fast_is_noted_where_it_is_missing() -> None:
    run = StreamRun(TICKER, NOON)
    run.take(Gathered(1, 5, "first", 0), NOON)
    run.take(Gathered(9, 5_000_000, "last", 4_000_000), NOON)
    assert run.document.lines == ["first", "… 4.0 MB dropped: too fast to show …", "last"]


def test_progress_fits_its_width() -> None:
    run = StreamRun(TICKER, NOON)
    for second in range(100):
        run.take(Gathered(4, 1000, "", 0), NOON + second)
    for width in (60, 76, 100, 200):
        assert len(said(run, NOON + 100, width)) <= width
