"""The start screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.waiting import until
from tests.workbench.fakes import FakeEngine
from tests.workbench.screens.shown import SMALL, quiet_app, screen_text, sees
from workbench.app import WorkbenchApp
from workbench.preferences import add_recent
from workbench.session import Next
from workbench.widgets.table import Table

pytestmark = pytest.mark.anyio


def start() -> WorkbenchApp:
    return quiet_app(FakeEngine([]), None)


async def left_for(app: WorkbenchApp) -> Path | None:
    await until(lambda: not app.is_running, "it is left for a project")
    assert isinstance(app.return_value, Next)
    return app.return_value.project


async def test_the_last_project_is_one_key_away(tmp_path: Path):
    (tmp_path / "server.toml").write_text("")
    add_recent(tmp_path)
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await sees(app, "Recent")
        await pilot.press("enter")
        assert await left_for(app) == tmp_path


async def test_without_recent_projects_the_sample_is_one_key_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("workbench.demo.fresh_folder", lambda: tmp_path / "bookshop")
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await sees(app, "The sample project")
        assert "Recent" not in screen_text(app)
        await pilot.press("enter")
        assert await left_for(app) == tmp_path / "bookshop"
    assert (tmp_path / "bookshop" / "server.toml").is_file()


async def test_a_new_project_is_made_where_it_was_asked_for(tmp_path: Path):
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("j", "j", "enter")
        await sees(app, "New project: functions")
        app.screen.query_one(Input).value = str(tmp_path / "mine")
        await pilot.press("enter")
        assert await left_for(app) == tmp_path / "mine"
    assert (tmp_path / "mine" / "server.toml").is_file()


async def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.md").write_text("years of work")
    app = start()
    async with app.run_test(size=(160, 24), notifications=True) as pilot:
        await pilot.press("j", "j", "enter")
        app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        await sees(app, "is not empty")
        assert app.is_running
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.md"]


async def test_a_folder_without_a_config_is_no_project(tmp_path: Path):
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("j", "enter")
        app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        await sees(app, "No server.toml in")


async def test_escape_closes_the_question_and_number_keys_go_nowhere():
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("j", "enter")
        await sees(app, "Open a project")
        await pilot.press("escape")
        await until(lambda: type(app.screen).__name__ == "StartScreen", "the question is closed")
        await pilot.press("1", "4", "escape")
        assert app.current_mode == "start"
        await pilot.press("q")
        await until(lambda: not app.is_running, "it quits")
        assert app.return_value is None


async def test_the_arrows_go_through_both_lists_as_through_one(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "server.toml").write_text("")
        add_recent(tmp_path / name)
    app = start()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await sees(app, "Recent")
        recent, begin = app.screen.query_one("#recent", Table), app.screen.query_one("#begin", Table)
        await pilot.press("down", "down")
        assert (begin.has_focus, begin.cursor) == (True, 0)
        await pilot.press("down", "up", "up")
        assert (recent.has_focus, recent.cursor) == (True, 1)
        await pilot.press("up", "up", "up")
        assert (recent.has_focus, recent.cursor) == (True, 0)
        await pilot.press("tab", "end", "down", "down")
        assert (begin.has_focus, begin.cursor) == (True, len(begin.rows) - 1)
        assert app.is_running
        assert not app.screen.is_modal
