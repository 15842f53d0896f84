"""Help and palette: what works here and now."""

from __future__ import annotations

import pytest

from tests.waiting import until
from tests.workbench.fakes import FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, settled, shown
from workbench.screens.palette import ActionsProvider

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help_is_about_what_has_the_focus(key: str):
    async with shown(FakeEngine(), LARGE) as (app, pilot):
        app.screen.query_one("#breakers").focus()
        await pilot.press(key)
        await sees(app, "half-open allows one trial call")
        text = screen_text(app)
        assert "Open the highlighted breaker; its calls are refused" in text
        assert "Show only calls" not in text, "a key of another panel"
        assert text.index("Here") < text.index("In lists") < text.index("Everywhere")
        await pilot.press("escape")
        await settled(app, pilot)
        assert type(app.screen).__name__ == "OverviewScreen"


async def test_help_of_a_screen_has_its_own_keys():
    async with shown(FakeEngine(), LARGE, "6", "question_mark") as (app, _pilot):
        await sees(app, "On this screen")
        assert "Start recording file changes" in screen_text(app)


async def test_help_can_be_read_to_its_end_in_a_small_terminal():
    async with shown(FakeEngine(), SMALL, "question_mark") as (app, pilot):
        await pilot.press("end")
        await sees(app, "hold shift")


async def test_the_palette_finds_an_action_by_a_word_and_runs_it_where_the_focus_was():
    engine = FakeEngine()
    async with shown(engine, LARGE) as (app, pilot):
        app.screen.query_one("#breakers").focus()
        await pilot.press("ctrl+p")
        await pilot.press(*"trip")
        await sees(app, "Open the highlighted breaker; its calls are refused")
        await pilot.press("enter")
        await until(lambda: engine.commands == [("trip", "api.books")], "the breaker is tripped")


async def test_the_palette_offers_what_works_here_the_screens_and_what_has_no_key():
    async with shown(FakeEngine(), LARGE) as (app, _pilot):
        provider = ActionsProvider(app.screen)
        await provider.startup()
        offered = [hit.text async for hit in provider.discover()]
        assert offered[:2] == ["Open  (⏎)", "Copy  (y)"]
        assert {"Filter  (f)", "Tasks  (4)", "Quit  (q)", "Choose a theme"} <= set(offered)
        assert not {"Trip  (t)", "Down  (j)"} & set(offered)
        found = [hit.text async for hit in provider.search("record them")]
        assert found[0] == "Watch  (6)"
