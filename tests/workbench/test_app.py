"""The terminal application: its screens, its keys, how it is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from textual.color import Color
from textual.widgets import Button

from server_core.events import LogWritten, TaskChanged
from tests.waiting import until
from tests.workbench.fakes import FakeEngine
from tests.workbench.quick_pilot import quick_pilot
from tests.workbench.screens.shown import LARGE, SMALL, quiet_app, screen_text, sees, settled, shown
from workbench.app import WorkbenchApp
from workbench.preferences import save_theme, saved_theme
from workbench.session import Next
from workbench.widgets.themes import LIGHT

pytestmark = pytest.mark.anyio

__all__ = ["quick_pilot"]

HEAVY = {"mcp", "pydantic", "sqlalchemy", "tomlkit", "watchfiles", "sqlite_utils", "server_core.events"}


def test_the_application_is_imported_without_anything_heavy():
    program = (
        "import sys, workbench.app, workbench.screens.overview\n"
        f"print(sorted(name for name in sys.modules if name in {sorted(HEAVY)}))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


async def test_the_frame_stands_before_the_engine_is_made():
    engine = FakeEngine()
    seen: list[str] = []
    app: WorkbenchApp

    def open_engine(_project: Path) -> FakeEngine:
        seen.append(app.screen.query("#happened").first().id or "")
        return engine

    app = WorkbenchApp(Path("bookshop"), open_engine, clock=engine.clock)  # type: ignore[arg-type]
    async with app.run_test(size=LARGE) as pilot:
        await settled(app, pilot)
        assert seen == ["happened"]
        assert app.snapshot.phase == "running"


async def test_number_keys_go_to_the_screens_and_the_focus_stays_where_it_was():
    async with shown() as (app, pilot):
        await pilot.press("shift+tab")
        focused = app.screen.focused
        assert focused is not None
        assert focused.id == "modules"
        await pilot.press("4")
        assert app.current_mode == "tasks"
        assert app.screen.focused is not None
        assert app.screen.focused.id == "tasks"
        await pilot.press("6", "1")
        assert app.current_mode == "overview"
        assert app.screen.focused is focused


async def test_a_click_on_a_tab_goes_there():
    async with shown() as (app, pilot):
        await pilot.click("TabLine", offset=(62, 0))
        await pilot.pause()
        assert app.current_mode == "watch"


async def test_enter_goes_in_and_escape_comes_back_and_never_quits():
    async with shown() as (app, pilot):
        app.screen.query_one("#running").focus()
        await pilot.press("enter")
        assert app.current_mode == "tasks"
        await pilot.press("escape")
        assert app.current_mode == "overview"
        await pilot.press("escape", "escape")
        assert app.is_running
        assert app.current_mode == "overview"


async def test_q_quits_where_nothing_is_lost():
    async with shown(FakeEngine([])) as (app, pilot):
        app.feed.change(tasks=(), active=(), runs=())
        await pilot.press("q")
        await until(lambda: not app.is_running, "it quits")
        assert app.return_value is None


async def test_while_something_runs_q_asks_first():
    async with shown() as (app, pilot):
        await pilot.press("q")
        await pilot.pause()
        assert "2 long tasks" in screen_text(app)
        assert app.screen.focused is app.screen.query_one("#no", Button), "what loses nothing has the focus"
        await pilot.press("escape")
        assert app.is_running
        await pilot.press("ctrl+q", "y")
        await until(lambda: not app.is_running, "it quits")


async def test_the_next_project_is_what_the_application_is_left_for():
    async with shown(FakeEngine([])) as (app, _pilot):
        app.feed.change(tasks=(), active=(), runs=())
        app.action_close_project()
        await until(lambda: not app.is_running, "it is left")
        assert app.return_value == Next(None)


async def test_facts_of_other_threads_reach_the_screen():
    engine = FakeEngine()
    async with shown(engine) as (app, pilot):
        engine.emit(
            TaskChanged("3f2ac811", "completed", "200 pages"), LogWritten("tool", "error", "out of paper")
        )
        await settled(app, pilot)
        assert "out of paper" in screen_text(app)


async def test_a_hidden_screen_is_not_drawn_and_catches_up_when_it_is_shown():
    engine = FakeEngine()
    async with shown(engine) as (app, pilot):
        overview = app.screen
        await pilot.press("6")
        engine.emit(LogWritten("tool", "error", "out of paper"))
        await settled(app, pilot)
        assert overview.snapshot is not app.snapshot
        await pilot.press("1")
        await settled(app, pilot)
        assert overview.snapshot is app.snapshot
        assert "out of paper" in screen_text(app)


async def test_a_refused_command_is_told_and_nothing_ends():
    engine = FakeEngine()
    async with shown(engine) as (app, pilot):
        engine.refuses = "There is no task [/x]"
        app.screen.query_one("#running").focus()
        await pilot.press("x")
        await settled(app, pilot)
        assert ("cancel_task", "3f2ac811") in engine.commands
        await sees(app, "There is no task [/x]")


async def test_a_project_that_can_t_be_opened_says_why():
    def open_engine(_project: Path) -> FakeEngine:
        raise ValueError("server.toml:7: unknown key [colour]; did you mean [color]?")

    app = WorkbenchApp(Path("bookshop"), open_engine, clock=FakeEngine().clock)  # type: ignore[arg-type]
    async with app.run_test(size=SMALL) as pilot:
        await settled(app, pilot)
        text = screen_text(app)
        assert "✗ failed" in text
        assert "server.toml:7: unknown key [colour]; did you mean [color]?" in text
        await pilot.press("ctrl+r")
        await until(lambda: not app.is_running, "it is opened again")
        assert app.return_value == Next(Path("bookshop"))


async def test_ctrl_r_brings_the_config_into_force(tmp_path: Path):
    (tmp_path / "server.toml").write_text('[server]\nname = "bookshop"\n')
    engine = FakeEngine(folder=tmp_path)
    async with shown(engine) as (app, pilot):
        await pilot.press("ctrl+r")
        await settled(app, pilot)
        assert [command[0] for command in engine.commands] == ["apply"]
        (tmp_path / "server.toml").write_text("[server]\nname = 'x'\nnome = 1\n")
        await pilot.press("ctrl+r")
        await settled(app, pilot)
        assert len(engine.commands) == 1
        await sees(app, "nome")


async def test_the_theme_is_switched_and_remembered():
    async with shown() as (app, pilot):
        assert app.theme == "workbench-dark"
        await pilot.press("ctrl+t")
        assert (app.theme, saved_theme()) == ("workbench-light", "workbench-light")
    async with shown() as (app, pilot):
        assert app.theme == "workbench-light"
        assert app.screen.styles.background == Color.parse(LIGHT.background or "")


@pytest.mark.parametrize("theme", ["nord", "ansi-dark"])
async def test_other_themes_work_too(theme: str):
    save_theme(theme)
    async with shown() as (app, _pilot):
        assert app.theme == theme
        assert "supplier" in screen_text(app)


async def test_f10_gives_a_panel_the_whole_screen_and_back():
    async with shown() as (app, pilot):
        await pilot.press("f10")
        assert app.screen.maximized is app.screen.query_one("#happened")
        await pilot.press("f10")
        assert app.screen.maximized is None


async def test_keys_can_be_remapped():
    engine = FakeEngine()
    app = quiet_app(engine)
    app.set_keymap({"app.help": "f9"})
    async with app.run_test(size=LARGE) as pilot:
        await settled(app, pilot)
        assert "f9 Help" in screen_text(app)
        await pilot.press("f9")
        assert type(app.screen).__name__ == "HelpScreen"
