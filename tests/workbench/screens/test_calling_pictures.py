"""Pictures of the tools and resources screens: what matters is that nothing is cut and nothing overlaps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mcp.types import Resource
from textual.pilot import Pilot

from server_core.inspection import CacheEntryState
from tests.waiting import until
from tests.workbench.fake_calls import CallEngine, record_of, text_result
from tests.workbench.fakes import NOON
from tests.workbench.screens.shown import LARGE, SMALL, quiet_app
from workbench.engine.following import Gathered
from workbench.records import Owner
from workbench.screens.resources import ResourcesScreen
from workbench.screens.resources.streamview import StreamView
from workbench.screens.tools import ToolsScreen
from workbench.widgets.callview import CallView
from workbench.widgets.textview import TextView

ORDER = {
    "customer": "Ada Lovelace",
    "lines": [{"isbn": "978-0131103627", "copies": 2}, {"isbn": "978-0201633610"}],
}
BOOKS = {
    "table": "books",
    "rows": [{"isbn": f"978-{n:06}", "title": title, "price": price, "stock": n} for n, (title, price) in enumerate(
        [("The Small Harbour", 26), ("The Slow Winter", 27.76), ("The Northern Letter", 10.96), ("Salt Roads", None)]
    )],
}  # fmt: skip
STAGES = (("pool", 0.0001), ("query", 0.0011), ("handler", 0.0015))


def engine() -> CallEngine:
    made = CallEngine()
    made.answers["order"] = lambda _arguments: {
        "content": [],
        "structuredContent": {"ordered": 3, "total": 53.76},
    }
    made.answers["db://table/books"] = lambda _arguments: {
        "contents": [
            {
                "uri": "db://table/books",
                "mimeType": "application/json",
                "text": __import__("json").dumps(BOOKS),
            }
        ]
    }
    made.cached["db://table/books"] = CacheEntryState("db://table/books", 12.0, 288.0, 1500, 3)
    made.store.records = [
        record_of("tools/call", "order", ORDER, text_result("before"), started=NOON - 60, stages=STAGES),
    ]
    return made


async def complete(pilot: Pilot[Any]) -> None:
    """Wait for the text of a call."""
    call = pilot.app.screen.query_one(CallView)
    text = call.query_one("#result", TextView)
    await until(
        lambda: call.record is not None and text.document is not None and text.document.complete, "a result"
    )
    await pilot.pause()


async def order(pilot: Pilot[Any]) -> None:
    """The tools screen after a call of `order`."""
    await until(lambda: pilot.app.snapshot.phase == "running", "a running server")  # type: ignore[attr-defined]
    await pilot.press("2")
    await until(lambda: isinstance(pilot.app.screen, ToolsScreen), "the screen")
    screen = pilot.app.screen
    assert isinstance(screen, ToolsScreen)
    await until(lambda: bool(screen._rows.rows), "the list")
    screen._rows.show_key("tool:order")
    await until(lambda: screen.shown is not None and screen.shown.target == "order", "the tool")
    await until(lambda: screen._tool_form.view.draft.arguments() == ORDER, "its form")
    await pilot.press("f5")
    await complete(pilot)


async def order_form(pilot: Pilot[Any]) -> None:
    """The same, its form in a small terminal."""
    await order(pilot)
    await pilot.press("escape")
    pilot.app.screen.query_one("#run").focus()
    await pilot.pause()


async def books(pilot: Pilot[Any]) -> None:
    """The resources screen after a read of a table."""
    await until(lambda: pilot.app.snapshot.phase == "running", "a running server")  # type: ignore[attr-defined]
    await pilot.press("3")
    await until(lambda: isinstance(pilot.app.screen, ResourcesScreen), "the screen")
    screen = pilot.app.screen
    assert isinstance(screen, ResourcesScreen)
    await until(lambda: bool(screen._rows.rows), "the tree")
    screen._rows.show_key("db://table/books")
    await until(lambda: screen.shown is not None, "the resource")
    await pilot.press("s", "enter")
    await complete(pilot)
    await until(lambda: "cached " in str(screen.query_one("#about").render()), "the cache's entry")
    await pilot.pause()


@pytest.mark.parametrize(
    ("run", "size"),
    [(order, LARGE), (order_form, SMALL), (books, LARGE), (books, SMALL)],
    ids=["tools", "tools-form-small", "resources", "resources-content-small"],
)
def test_the_picture_is_as_it_was(
    run: Callable[[Pilot[Any]], Any], size: tuple[int, int], snap_compare: Any
) -> None:
    assert snap_compare(quiet_app(engine()), terminal_size=size, run_before=run)


async def followed(pilot: Pilot[Any]) -> None:
    """The resources screen while a stream is followed."""
    await until(lambda: pilot.app.snapshot.phase == "running", "a running server")  # type: ignore[attr-defined]
    await pilot.press("3")
    await until(lambda: isinstance(pilot.app.screen, ResourcesScreen), "the screen")
    screen = pilot.app.screen
    assert isinstance(screen, ResourcesScreen)
    await until(lambda: bool(screen._rows.rows), "the tree")
    screen._rows.show_key("stream://ticker")
    await until(lambda: screen.shown is not None and screen.shown.target == "stream://ticker", "the stream")
    await pilot.press("F")
    await until(lambda: screen.stream is not None and screen.stream.pieces == 40, "its chunks")
    await until(lambda: "◌" in str(screen.query_one(StreamView).border_title), "that it goes on")
    await pilot.pause()


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["stream", "stream-small"])
def test_the_picture_of_a_stream_is_as_it_was(size: tuple[int, int], snap_compare: Any) -> None:
    made = engine()
    made.resources = [*made.resources, Resource(uri="stream://ticker", name="ticker", mime_type="text/plain")]
    owners = {**made.offers.resources, "stream://ticker": Owner("feed", follows=True)}
    made.offers = made.offers._replace(resources=owners)
    lines = "".join(f"09:{number:02}  Mrs Finch buys The Slow Clock  {number}.50\n" for number in range(40))
    made.streams["stream://ticker"] = [Gathered(40, len(lines), lines, 0)]
    made.gates["stream://ticker"] = asyncio.Event()
    assert snap_compare(quiet_app(made), terminal_size=size, run_before=followed)
