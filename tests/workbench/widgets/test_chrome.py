"""The lines at the top and the bottom of every screen."""

from __future__ import annotations

import pytest

from server_core.events import LoopBlocked, ModuleNoted
from tests.workbench.fakes import NOON, STATE, FakeEngine
from tests.workbench.screens.shown import SMALL, screen_text, settled, shown
from tests.workbench.state.test_fold import after
from workbench.actions import PLACES
from workbench.facts import (
    ConfigRejected,
    EngineFailed,
    ProjectChecked,
    RecordingStarted,
    ReplayProgressed,
    ServerInspected,
)
from workbench.finding import Finding
from workbench.state import Snapshot
from workbench.widgets.header import header_line
from workbench.widgets.keyline import Key, KeyLine, key_spans
from workbench.widgets.spans import cells
from workbench.widgets.tabs import tab_badges, tab_texts


def text_of(spans: object) -> str:
    return "".join(text for text, _ in spans).rstrip()  # type: ignore[attr-defined]


# -- the header


def test_the_header_tells_at_one_glance_what_the_server_is_and_does():
    s = after(ServerInspected(STATE))
    assert text_of(header_line(s, NOON, 120)) == (
        " bookshop 0.1.0   ● running 12:44   6 modules, 1 failed   2 clients   loop ok"
    )


def test_at_eighty_columns_the_header_is_whole_with_what_goes_on():
    s = after(ServerInspected(STATE), RecordingStarted("r"), ReplayProgressed("docs", 12, 40, False))
    spans = header_line(s, NOON, 80)
    assert cells(spans) == 80
    text = text_of(spans)
    assert text.startswith(" bookshop 0.1.0  ● running 12:44  6 modules, 1 failed   "), "whole parts or none"
    assert text.endswith("● REC 0  ▶ 12/40")


FLOWS = Finding("server.toml", 40, "workflow restock: step ask calls the tool ad, which nobody offers")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([ModuleNoted("shop", "PostgreSQL does not answer", True)], "✗ PostgreSQL does not answer (!)"),
        ([ConfigRejected("server.toml is gone")], "✗ server.toml is gone (!)"),
        ([ProjectChecked((("flows", FLOWS),))], "! server.toml:40: workflow restock: step ask"),
        (
            [ProjectChecked((("flows", FLOWS),)), ModuleNoted("tools", "tools.py:3: no", True)],
            "✗ tools.py:3: no +1 (!)",
        ),
    ],
    ids=["a module in trouble", "the project is gone", "a finding", "the worst first"],
)
def test_the_header_calls_nothing_sound_that_is_not(facts: list[object], said: str):
    s = after(ServerInspected(STATE), *facts)
    text = text_of(header_line(s, NOON, 120))
    assert said in text
    assert "loop ok" not in text
    assert "0 failed" not in text


def test_who_holds_up_the_loop_stands_in_the_header_with_its_line():
    s = after(ServerInspected(STATE), LoopBlocked("slow_tool", "work", "/home/me/tools.py", 12, 0.1))
    assert "✗ slow_tool tools.py:12 blocks the loop 3 s" in text_of(header_line(s, NOON + 3, 120))


def test_before_it_runs_and_when_it_fails_the_header_says_so():
    assert text_of(header_line(Snapshot(name="shop"), NOON, 80)) == " shop  ◌ starting"
    assert text_of(header_line(after(EngineFailed("no")), NOON, 80)) == " workbench  ✗ failed"


# -- the tabs


def test_tabs_have_their_titles_as_long_as_there_is_room():
    texts = tab_texts(PLACES, {"tasks": "(3)"}, "tools", 80)
    assert texts[1:5] == [" 2 Tools ", " 3 Resources ", " 4 Tasks (3) ", " 5 Health "]


def test_narrow_tabs_are_short_and_in_the_end_just_their_keys():
    assert tab_texts(PLACES, {}, "resources", 68)[:3] == [" 1 Over ", " 2 Tools ", " 3 Resources "]
    assert tab_texts(PLACES, {}, "resources", 30)[:3] == [" 1 ", " 2 ", " 3 Resources "]


def test_a_tab_tells_what_goes_on_behind_it():
    assert tab_badges(after(ServerInspected(STATE), RecordingStarted("r"))) == {
        "tasks": "(2)",
        "health": "!",
        "watch": "●",
    }
    assert tab_badges(Snapshot()) == {}


# -- the keys

HERE = [Key("x", "Cancel", "x"), Key("n", "New task", "n")]
APP = [Key("q", "Quit", "q")]


def test_keys_of_the_place_stand_left_and_the_application_s_right():
    left, right = key_spans(HERE, APP, 60)
    assert (text_of(left), text_of(right)) == (" x Cancel  n New task", " q Quit")


def test_keys_that_do_not_fit_are_left_out_and_that_is_said():
    left, right = key_spans(HERE, APP, 24)
    assert (text_of(left), text_of(right)) == (" x Cancel  …", " q Quit")


@pytest.mark.anyio
async def test_the_footer_tells_the_truth_about_the_focused_widget():
    async with shown(FakeEngine(), SMALL) as (app, pilot):

        def footer() -> str:
            return screen_text(app).splitlines()[-1]

        assert "f Filter" in footer()
        assert "t Trip" not in footer()
        app.screen.query_one("#breakers").focus()
        await settled(app, pilot)
        assert "t Trip  r Reset  p Try" in footer()
        app.screen.query_one("#running").focus()
        await settled(app, pilot)
        assert "x Cancel" in footer()
        await pilot.press("G")
        await settled(app, pilot)
        assert "x Cancel" not in footer(), "a request can't be cancelled like a task"


@pytest.mark.anyio
async def test_in_a_text_field_letters_are_inert_and_the_footer_names_the_other_keys():
    from textual.widgets import Input

    async with shown(FakeEngine(), SMALL) as (app, pilot):
        await app.screen.mount(Input(id="field"))
        app.screen.query_one("#field").focus()
        await settled(app, pilot)
        footer = app.screen.query_one(KeyLine).render_line(0).text
        assert "f1 Help" in footer
        assert "^q Quit" in footer
        await pilot.press("q", "4", "question_mark")
        assert app.screen.query_one("#field", Input).value == "q4?"
        assert app.current_mode == "overview"


@pytest.mark.anyio
async def test_a_click_on_a_key_presses_it():
    async with shown(FakeEngine(), SMALL) as (app, pilot):
        await pilot.click("KeyLine", offset=(SMALL[0] - 3 - 18, 0))
        await settled(app, pilot)
        assert type(app.screen).__name__ != "OverviewScreen"
