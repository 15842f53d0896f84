"""The dialog that starts a long task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from workbench.actions import START_TASK
from workbench.forms import Form
from workbench.screens.dialog import Dialog
from workbench.text import one_line
from workbench.widgets.binding import bind
from workbench.widgets.card import set_panel_title
from workbench.widgets.columns import Column, Row
from workbench.widgets.formview import Draft, FormView
from workbench.widgets.keyline import KeyLine
from workbench.widgets.table import Table

if TYPE_CHECKING:
    from mcp.types import Tool

    from workbench.engine import Engine

START_TOOL = "start_long_task"
NO_TASKS = "No tasks available.\nMark a function with @task."
NO_MODULE = 'No tasks module. Add [modules.jobs] with kind = "tasks" to server.toml, then press ctrl+r.'


class StartTaskScreen(Dialog[None]):
    """Lists every tool that can run as a task, with a form for its arguments."""

    CSS_PATH = ["start.tcss", "../../widgets/formview/formview.tcss"]  # noqa: RUF012 - Textual declares it so
    BINDINGS = bind(*START_TASK)
    HELP = (
        "Choose a task, fill in its arguments and press f5 or ctrl+j to start it. "
        "It runs in the background; the Tasks screen shows its progress."
    )

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._tools: dict[str, Tool] = {}
        self._drafts: dict[str, Draft] = {}
        self._starter = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="panel dialog") as dialog:
            set_panel_title(dialog, "Start a long task")
            with Horizontal():
                yield Table((Column(most=24),), empty="…", keeps_cursor=True, id="choices")
                with Vertical():
                    yield Static(id="about", markup=False)
                    yield FormView()
            yield Static(id="trouble", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self._list()

    @work
    async def _list(self) -> None:
        from workbench.engine import EngineError

        try:
            tools = await self._engine.task_tools()
            starters = [
                tool.name for tool in await self._engine.list_tools() if tool.name.endswith(START_TOOL)
            ]
        except EngineError as error:
            self._tell(str(error))
            return
        self._tools = {tool.name: tool for tool in tools}
        self._starter = starters[0] if starters else ""
        choices = self.query_one("#choices", Table)
        choices.empty = NO_TASKS
        choices.set_rows([Row(name, (name,)) for name in self._tools])
        choices.refresh()
        choices.focus()
        if not self._starter:
            self._tell(NO_MODULE)

    def _tell(self, trouble: str) -> None:
        self.query_one("#trouble", Static).update(one_line(trouble))

    @on(Table.Moved, "#choices")
    async def show_form(self, event: Table.Moved) -> None:
        tool = self._tools.get(event.key)
        if tool is None:
            return
        draft = self._drafts.setdefault(tool.name, Draft(Form(tool.input_schema)))
        self.query_one("#about", Static).update(one_line(tool.description or ""))
        await self.query_one(FormView).show(draft)

    @on(Table.Opened, "#choices")
    def into_form(self) -> None:
        self.query_one("#choices", Table).screen.focus_next()

    @on(FormView.Submitted)
    def action_start(self) -> None:
        name = self.query_one("#choices", Table).current
        arguments = self.query_one(FormView).ready()
        if name is not None and arguments is not None and self._starter:
            self._start(name.key, arguments)

    @work(exclusive=True)
    async def _start(self, name: str, arguments: dict[str, object]) -> None:
        from workbench.engine import EngineError

        try:
            record = await self._engine.start_task(name, arguments)
        except EngineError as error:
            self._tell(str(error))
            return
        if record.outcome == "ok":
            self.dismiss()  # the list below the dialog shows the task
        else:
            self._tell(_why(record.result, record.error.message if record.error else record.outcome))


def _why(result: dict[str, object] | None, otherwise: str) -> str:
    """The text of a result with `isError`."""
    content = (result or {}).get("content")
    texts = (
        [str(part.get("text", "")) for part in content if isinstance(part, dict)]
        if isinstance(content, list)
        else []
    )
    return " ".join(text for text in texts if text) or otherwise
