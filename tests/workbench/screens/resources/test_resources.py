"""The resources screen: browse, read, subscribe, evict, and see what changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from mcp.types import Resource
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from server_core.events import FileChange, FilesChanged, OfferChanged
from server_core.inspection import CacheEntryState
from tests.waiting import until
from tests.workbench.fake_calls import RESOURCES, CallEngine
from tests.workbench.screens.shown import LARGE, SMALL, quiet_app
from workbench.app import WorkbenchApp
from workbench.facts import NoticeReceived
from workbench.records import Owner
from workbench.screens.resources import ResourcesScreen
from workbench.screens.resources.resourcelist import ResourceRows
from workbench.session import Next
from workbench.widgets.callview import CallView
from workbench.widgets.formview import FormView
from workbench.widgets.formview.editor import FieldEditor
from workbench.widgets.textview import TextView

pytestmark = pytest.mark.anyio

BOOKS = "db://table/books"
OPENING = "file:///docs/guide/opening.md"
TEMPLATE = "db://table/{name}{?limit,offset}"


class Stage(NamedTuple):
    """The resources screen on show, with its parts."""

    app: WorkbenchApp
    pilot: Pilot[Next]
    engine: CallEngine
    screen: ResourcesScreen

    @property
    def rows(self) -> ResourceRows:
        return self.screen.query_one(ResourceRows)

    @property
    def about(self) -> str:
        return str(self.screen.query_one("#about", Static).render())

    @property
    def title(self) -> str:
        return Content.from_markup(str(self.screen.query_one(CallView).border_title)).plain

    async def choose(self, uri: str) -> None:
        assert self.rows.show_key(uri)
        await self.until(lambda: self.screen.shown is not None and self.screen.shown.target == uri, uri)

    async def result(self) -> str:
        """The text of what was read."""
        text = self.screen.query_one("#content TextView#result", TextView)
        call = self.screen.query_one(CallView)
        await self.until(
            lambda: call.record is not None and text.document is not None and text.document.complete,
            "content",
        )
        assert text.document is not None
        return text.document.text()

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        await until(condition, what)
        await self.pilot.pause()

    def line(self, key: str) -> str:
        """A row as it is drawn."""
        place = self.rows.place_of(key)
        return "".join(text for text, _tone in self.rows.line_of(self.rows.rows[place], 40)).rstrip()

    def commands(self, name: str) -> list[tuple[object, ...]]:
        return [command[1:] for command in self.engine.commands if command[0] == name]


def contents(text: str, mime: str = "text/markdown") -> dict[str, Any]:
    return {"contents": [{"uri": "x:", "mimeType": mime, "text": text}]}


@asynccontextmanager
async def resources(engine: CallEngine | None = None, size: tuple[int, int] = LARGE) -> AsyncIterator[Stage]:
    """The resources screen with everything listed."""
    engine = engine or CallEngine()
    app = quiet_app(engine)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: app.has_engine and app.snapshot.phase == "running", "a running server")
        await pilot.press("3")
        await until(lambda: isinstance(app.screen, ResourcesScreen), "the screen")
        assert isinstance(app.screen, ResourcesScreen)
        stage = Stage(app, pilot, engine, app.screen)
        await stage.until(lambda: bool(stage.rows.rows), "the tree")
        yield stage


async def test_enter_reads_and_the_content_is_shown_by_its_type() -> None:
    async with resources() as stage:
        stage.engine.answers[OPENING] = lambda _arguments: contents("# Opening the shop")
        await stage.choose(OPENING)
        await stage.pilot.press("enter")

        assert await stage.result() == "# Opening the shop"
        assert stage.commands("read") == [(OPENING, "2026-07-28")]
        assert "✓ ok" in stage.title


async def test_what_the_cache_keeps_is_seen_and_can_be_evicted() -> None:
    engine = CallEngine()
    engine.cached[BOOKS] = CacheEntryState(BOOKS, 12.0, 288.0, 1500, 3)
    async with resources(engine) as stage:
        await stage.choose(BOOKS)
        await stage.until(lambda: "cached 0:12 ago, expires in 4:48, 3 hits" in stage.about, "the entry")
        await stage.pilot.press("e")
        await stage.until(lambda: "not in the cache" in stage.about, "its end")

        assert stage.commands("evict") == [(BOOKS,)]


async def test_a_subscription_counts_the_notices_of_both_clients() -> None:
    async with resources() as stage:
        await stage.choose(OPENING)
        await stage.pilot.press("s")
        await stage.until(lambda: "◉ subscribed" in stage.about, "the subscription")

        assert stage.commands("subscribe") == [(OPENING,)]
        assert "◉" in stage.line(OPENING)

        for protocol in ("2025-11-25", "2026-07-28"):
            stage.engine.emit(NoticeReceived(protocol, "updated", OPENING))
        await stage.until(
            lambda: "2 notifications (1 by 2025-11-25, 1 by 2026-07-28)" in stage.about, "the notices"
        )

        assert stage.line(OPENING).strip().startswith("~")

        await stage.pilot.press("s")
        await stage.until(lambda: "press s to subscribe both" in stage.about, "the end of it")

        assert stage.commands("unsubscribe") == [(OPENING,)]


async def test_new_and_changed_files_are_marked_as_they_come() -> None:
    async with resources() as stage:
        new = Resource(uri="file:///docs/guide/new.md", name="guide/new.md")
        stage.engine.resources = [*RESOURCES, new]
        owners = {**stage.engine.offers.resources, "file:///docs/guide/new.md": Owner("docs")}
        stage.engine.offers = stage.engine.offers._replace(resources=owners)
        stage.engine.emit(
            FilesChanged("docs", (FileChange("modified", "guide/opening.md"),), False, 0.01),
            OfferChanged("docs", 0, 4, 1, 0),
        )
        await stage.until(lambda: stage.rows.place_of("file:///docs/guide/new.md") >= 0, "the new file")

        assert stage.line("file:///docs/guide/new.md").strip() == "+ new.md"
        assert stage.line(OPENING).strip() == "~ opening.md"

        stage.engine.clock.at += 60

        assert stage.line(OPENING).strip() == "opening.md"


async def test_a_template_is_filled_in_with_suggestions_and_read() -> None:
    engine = CallEngine()
    engine.suggestions["name"] = ["books", "orders"]
    engine.answers["db://table/books?limit=3"] = lambda _arguments: contents("[1, 2]", "application/json")
    async with resources(engine) as stage:
        await stage.choose(TEMPLATE)
        await stage.pilot.press("enter")
        await stage.until(lambda: isinstance(stage.app.focused, FieldEditor), "the form")
        await stage.pilot.press("b")
        editor = stage.screen.query_one(FormView).query(FieldEditor).first()
        await stage.until(lambda: editor.suggesting, "suggestions")
        await stage.pilot.press("enter", "tab", "3")
        await stage.until(lambda: "db://table/books?limit=3" in stage.about, "the URI")
        await stage.pilot.press("f5")

        assert await stage.result() == "[\n  1,\n  2\n]"
        assert stage.commands("complete")[0][:3] == ({"type": "ref/resource", "uri": TEMPLATE}, "name", "b")


async def test_a_template_without_its_variables_is_not_read_and_asks_for_them() -> None:
    async with resources() as stage:
        await stage.choose(TEMPLATE)
        await stage.until(lambda: bool(stage.screen.query(FieldEditor)), "the form")
        await stage.pilot.press("r")
        await stage.until(lambda: isinstance(stage.app.focused, FieldEditor), "the field")

        assert stage.commands("read") == []


async def test_a_read_under_way_can_be_cancelled() -> None:
    async with resources() as stage:
        stage.engine.gates[BOOKS] = asyncio.Event()
        stage.engine.progress[BOOKS] = (3, None, "chunk 3")
        await stage.choose(BOOKS)
        await stage.pilot.press("r")
        await stage.until(lambda: stage.screen.runs, "the read")
        await stage.pilot.press("x")

        assert (await stage.result()).startswith("Cancelled.")
        assert stage.engine.cancelled == [BOOKS]


async def test_folders_fold_by_keys_and_the_filter_finds_what_is_in_them() -> None:
    async with resources() as stage:
        await stage.pilot.press("left")

        assert stage.line("shop ") == "▸ shop  4"

        await stage.pilot.press("right", "right")

        assert stage.rows.cursor == 1

        await stage.pilot.press("slash", *"open", "enter")
        await stage.until(lambda: len(stage.rows.rows) == 3, "the match")

        assert [row.name for row in stage.rows.rows] == ["docs", "guide", "opening.md"]


async def test_y_copies_the_uri() -> None:
    async with resources() as stage:
        copied: list[str] = []
        stage.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        await stage.choose(BOOKS)
        await stage.pilot.press("y")
        await stage.until(lambda: bool(copied), "a copy")

        assert copied == [BOOKS]


async def test_a_storm_of_changes_takes_the_list_anew_only_now_and_then() -> None:
    async with resources() as stage:
        before = stage.engine.listed
        for _ in range(50):
            stage.engine.emit(OfferChanged("docs", 0, 3, 1, 0))
        await stage.until(lambda: stage.engine.listed > before, "the list")

        assert stage.engine.listed - before <= 2


async def test_thousands_of_resources_begin_folded() -> None:
    engine = CallEngine()
    engine.resources = [Resource(uri=f"file:///r/{n // 100}/{n}.txt", name=str(n)) for n in range(4_000)]
    engine.offers = engine.offers._replace(
        resources={str(item.uri): Owner("docs") for item in engine.resources}
    )
    async with resources(engine) as stage:
        assert len(stage.rows.rows) < 300


async def test_where_there_is_little_room_one_part_is_shown_at_a_time() -> None:
    async with resources(size=SMALL) as stage:

        def parts() -> list[str]:
            return [
                name
                for name in ("list", "details", "content")
                if stage.screen.query_one(f"#{name}").region.area
            ]

        await stage.until(lambda: parts() == ["list"], "the list alone")

        await stage.choose(BOOKS)
        await stage.pilot.press("enter")
        await stage.result()
        await stage.until(lambda: parts() == ["content"], "the content alone")

        await stage.pilot.press("escape")
        await stage.until(lambda: parts() == ["list"], "the list alone")
