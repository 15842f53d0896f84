"""The Export screen on a real project: shown, written after a question, and the entries for clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.waiting import until
from workbench.app import WorkbenchApp
from workbench.project import Project
from workbench.screens.export.making import make_script, said_of, script_path
from workbench.session import opened
from workbench.templates import make_project
from workbench.widgets.textview import TextView

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_project(tmp_path / "hello")
    return tmp_path / "hello"


async def test_the_script_is_shown_written_and_not_overwritten_without_a_yes(folder: Path) -> None:
    with opened() as session:
        app = WorkbenchApp(folder, session.open)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(lambda: app.has_engine, "the project is open")
            await pilot.press("7")
            await until(
                lambda: app.screen.query("#script").first(TextView).lines.virtual_size.height > 100,
                "the script",
            )
            await pilot.press("ctrl+s")
            script = folder / "hello.py"
            await until(script.exists, "the script is written")
            assert "def build() -> " in script.read_text("utf-8")

            script.write_text("mine", "utf-8")
            await pilot.press("ctrl+s")
            await until(lambda: len(app.screen_stack) > 1, "the question")
            await pilot.press("escape")
            assert script.read_text("utf-8") == "mine"
            await pilot.press("e")
            await until(lambda: "Entry for" in app.screen.query("#script").first(TextView).title, "an entry")


def test_the_script_does_not_take_the_place_of_a_functions_file(folder: Path) -> None:
    config = folder / "server.toml"
    config.write_text(config.read_text("utf-8").replace('name = "hello"', 'name = "tools"'), "utf-8")
    assert script_path(Project.find(folder)) == folder / "tools_server.py"


def test_what_cannot_be_exported_is_told_with_its_line(folder: Path) -> None:
    tools = folder / "tools.py"
    tools.write_text(tools.read_text("utf-8") + "\nimport workbench\n", "utf-8")
    made = make_script(Project.find(folder), folder / "hello.py", False)
    assert made.text == ""
    assert "the workbench is not part of a script" in made.findings[0]
    assert "Can't be exported yet" in said_of(made, folder / "hello.py")[0][0].text
