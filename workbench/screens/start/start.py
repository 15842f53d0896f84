"""The start screen."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from workbench.preferences import recent_projects
from workbench.session import Next, has_project
from workbench.templates import TEMPLATES
from workbench.widgets.keyline import KeyLine
from workbench.widgets.table import Table

from .ask import AskPathScreen
from .choices import (
    COLUMNS,
    DEMO,
    FOLDER,
    TEMPLATE,
    begin_rows,
    make_demo_project,
    make_new_project,
    problem_text,
    recent_rows,
)

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp

GREETING = "Build an MCP server interactively: watch it run, call its tools, export it."


class Part(Table):
    """One of the lists; moving past its end goes to the other list."""

    def action_move(self, step: int) -> None:
        place = self.cursor + step
        other = next((each for each in self.screen.query(Part) if each is not self and each.display), None)
        if 0 <= place < len(self.rows) or other is None or (step > 0) != (self.id == "recent"):
            super().action_move(step)
        else:
            other.cursor = 0 if step > 0 else len(other.rows) - 1
            other.focus()


class StartScreen(Screen[None]):
    """Lets the user choose a project; the application then exits with it."""

    CSS_PATH = "start.tcss"
    AUTO_FOCUS = "#recent"
    HELP = "Open a recent project, try the sample, or create a new one. Tab moves between lists, Enter opens."

    def compose(self) -> ComposeResult:
        with Vertical(id="middle"):
            yield Static("workbench", id="name")
            yield Static(GREETING, id="greeting")
            yield Part(COLUMNS, title="Recent", empty="No recent projects.", id="recent")
            yield Part(COLUMNS, title="Get started", id="begin")
        yield KeyLine()

    def on_mount(self) -> None:
        recent = recent_projects()
        self.query_one("#recent", Table).set_rows(recent_rows(recent))
        self.query_one("#begin", Table).set_rows(begin_rows(list(TEMPLATES)))
        if not recent:
            self.query_one("#recent").display = False
            self.query_one("#begin").focus()

    @on(Table.Opened, "#recent")
    def open_recent(self, event: Table.Opened) -> None:
        self._leave_for(Path(event.key))

    @on(Table.Opened, "#begin")
    def begin(self, event: Table.Opened) -> None:
        if event.key == DEMO:
            self._make(make_demo_project)
        elif event.key == FOLDER:
            self.app.push_screen(AskPathScreen("Open a project", "Folder", Path.cwd()), self._open_folder)
        else:
            template = event.key.removeprefix(TEMPLATE)
            there = Path.cwd() / f"my-{template}-server"
            self.app.push_screen(
                AskPathScreen(f"New project: {template}", "Folder", there), partial(self._make_new, template)
            )

    def _open_folder(self, path: Path | None) -> None:
        if path is None:
            return
        if has_project(path):
            self._leave_for(path)
        else:
            self.notify(f"No server.toml in {path}", severity="error", markup=False)

    def _make_new(self, template: str, path: Path | None) -> None:
        if path is not None:
            self._make(partial(make_new_project, path, template))

    @work(exclusive=True)
    async def _make(self, make: partial[Path]) -> None:
        try:
            folder = await asyncio.to_thread(make)
        except OSError as error:
            self.notify(problem_text(error), severity="error", markup=False)
        else:
            self._leave_for(folder)

    def _leave_for(self, project: Path) -> None:
        cast("WorkbenchApp", self.app).exit(Next(project))
