"""Faults on one key: set on what is highlighted, seen in the lists, cleared from one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from server_core.events import ClockJumped, FaultActed, FaultSet
from tests.waiting import until
from tests.workbench.fake_calls import CallEngine
from tests.workbench.fakes import NOON
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from workbench.app import WorkbenchApp
from workbench.screens.faults.listing import FaultsScreen
from workbench.screens.faults.panel import FaultsPanel
from workbench.screens.faults.setting import FaultScreen
from workbench.session import Next
from workbench.widgets.outline import Outline

pytestmark = pytest.mark.anyio

ADD = FaultSet("add", "fail", "fail:3", 3)


def faults_asked(engine: CallEngine) -> list[tuple[object, ...]]:
    return [command for command in engine.commands if command[0] in ("set_fault", "clear_faults")]


@asynccontextmanager
async def dialog(
    engine: CallEngine, screen: str, key: str, size: tuple[int, int] = LARGE
) -> AsyncIterator[tuple[WorkbenchApp, Pilot[Next]]]:
    """The dialog of a fault on what stands in the list of a screen under `key`."""
    async with shown(engine, size, screen) as (app, pilot):
        rows = app.screen.query_one("EntryRows, ResourceRows", Outline)
        await until(lambda: rows.rows, "the list is there")
        places = {rows.key_of(row): place for place, row in enumerate(rows.rows)}
        rows.cursor = places[key]
        await settled(app, pilot)
        await pilot.press("f")
        await settled(app, pilot)
        assert isinstance(app.screen, FaultScreen)
        yield app, pilot


async def test_f_lets_a_tool_fail_with_what_is_proposed() -> None:
    engine = CallEngine()
    async with dialog(engine, "2", "tool:add") as (app, pilot):
        await sees(app, "--fault add=fail:3")
        assert "Fault on add" in screen_text(app)
        await pilot.press("f5")
        await until(lambda: faults_asked(engine) == [("set_fault", "add=fail:3")], "the fault is set")
        await until(lambda: not isinstance(app.screen, FaultScreen), "the dialog is closed")


@pytest.mark.parametrize("size", [LARGE, SMALL])
async def test_each_kind_has_its_form_and_nothing_is_cut_off(size: tuple[int, int]) -> None:
    engine = CallEngine()
    async with dialog(engine, "2", "tool:add", size) as (app, pilot):
        for text in ("add=fail:3", "add=delay:2", "add=hang:1", "add=garble:4", "add=drop:1", "clock:+60"):
            await sees(app, f"--fault {text}")
            assert "…" not in screen_text(app).partition("Fault on")[2].partition("╰")[0]
            await pilot.press("down")
            await settled(app, pilot)
        await pilot.press("f5")
        await until(lambda: faults_asked(engine) == [("set_fault", "clock:+60")], "the clock jumps")


async def test_a_resource_s_fault_may_be_its_template_s_or_its_module_s() -> None:
    engine = CallEngine()
    async with dialog(engine, "3", "db://table/books") as (app, pilot):
        await pilot.press("tab", "right")
        await sees(app, "--fault shop=fail:3")
        await pilot.press("f5")
        await until(lambda: faults_asked(engine) == [("set_fault", "shop=fail:3")], "the fault is set")


async def test_what_the_engine_refuses_is_told_and_the_dialog_stays() -> None:
    engine = CallEngine()
    async with dialog(engine, "2", "tool:add") as (app, pilot):
        engine.refuses = "'add=fail:3' [red]is no good"
        await pilot.press("f5")
        await sees(app, "[red]is no good")
        assert isinstance(app.screen, FaultScreen)
        engine.refuses = ""
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, FaultScreen), "it closes")


async def test_what_is_set_stands_beside_its_kind_and_x_clears_it() -> None:
    engine = CallEngine()
    async with dialog(engine, "2", "tool:add") as (app, pilot):
        await pilot.press("x")
        assert faults_asked(engine) == [], "there is nothing to clear"
        engine.emit(ADD)
        await settled(app, pilot)
        await pilot.press("x")
        await until(
            lambda: (
                faults_asked(engine) == [("clear_faults", "add", "fail"), ("clear_faults", "tools", "fail")]
            ),
            "it is cleared for the tool and its module",
        )


async def test_lists_and_header_mark_what_fails_on_purpose() -> None:
    engine = CallEngine()
    async with shown(engine, LARGE, "2") as (app, pilot):
        engine.emit(ADD, FaultSet("shop", "hang", "hang", None))
        await settled(app, pilot)
        lines = screen_text(app).splitlines()
        assert "↯ 2 injected faults" in lines[0]
        listed = [line[:33] for line in lines]
        assert any("↯ add" in line for line in listed)
        assert any("↯ query" in line for line in listed), "it is of a module that hangs"
        assert not any("↯ order" in line for line in listed)
        await pilot.press("3")
        await settled(app, pilot)
        marked = [line[:60] for line in screen_text(app).splitlines()[2:] if "↯" in line[:60]]
        assert any("books" in line for line in marked)
        assert not any("cover.png" in line for line in marked)


async def test_f12_lists_all_from_anywhere_and_clears_one_or_all() -> None:
    engine = CallEngine()
    async with shown(engine, SMALL) as (app, pilot):
        engine.emit(
            ADD, FaultSet("shop", "delay", "delay:2", None), FaultActed("add", "fail", 1, "add", "", 1, 2)
        )
        await settled(app, pilot)
        await pilot.press("f12")
        await settled(app, pilot)
        assert isinstance(app.screen, FaultsScreen)
        text = screen_text(app)
        assert "acted 1 time" in text
        assert "until cleared" in text
        await pilot.press("down", "x")
        await until(lambda: faults_asked(engine) == [("clear_faults", "shop", "delay")], "one is cleared")
        await pilot.press("X")
        await until(lambda: faults_asked(engine)[1:] == [("clear_faults",)], "all are cleared")
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, FaultsScreen), "it closes")


@pytest.mark.parametrize("size", [LARGE, SMALL])
async def test_the_health_screen_has_them_too(size: tuple[int, int]) -> None:
    engine = CallEngine()
    async with shown(engine, size, "5") as (app, pilot):
        engine.emit(ADD)
        await sees(app, "3 left")
        app.screen.query_one(FaultsPanel).focus()
        await pilot.press("x")
        await until(lambda: faults_asked(engine) == [("clear_faults", "add", "fail")], "it is cleared")


async def test_the_palette_finds_them_by_the_word() -> None:
    async with shown(CallEngine(), LARGE) as (app, pilot):
        await pilot.press("ctrl+p", *"fault")
        await sees(app, "List the injected faults and how often each has acted")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, FaultsScreen), "the list is there")


async def test_without_a_fault_the_list_says_what_to_do_and_n_sets_one_by_its_name() -> None:
    engine = CallEngine()
    async with shown(engine, SMALL, "f12") as (app, pilot):
        await sees(app, "Press f on a tool")
        await pilot.press("x", "X")
        assert faults_asked(engine) == []
        await pilot.press("n")
        await settled(app, pilot)
        await pilot.press("f5")
        await sees(app, "Fill in the fields marked with * first.")
        await pilot.press("tab", *"shop")
        await sees(app, "--fault shop=fail:3")
        await pilot.press("f5")
        await until(lambda: faults_asked(engine) == [("set_fault", "shop=fail:3")], "it is set")


async def test_the_screens_live_by_the_server_s_clock() -> None:
    engine = CallEngine()
    async with shown(engine, LARGE) as (app, pilot):
        before = app.now
        engine.clock_ahead = 60.0
        engine.emit(ClockJumped(60.0, 60.0))
        await until(lambda: app.now == before + 60, "the screen's clock has jumped too")
        assert app.clock.now() == NOON + 60
        assert "clock +60 s" in screen_text(app)
        await pilot.pause()
