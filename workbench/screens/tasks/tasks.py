"""The Tasks screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal

from workbench.actions import TASKS
from workbench.screens.details import DetailsScreen
from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.binding import bind
from workbench.widgets.table import Table

from .about import about_run, about_step, about_task
from .panels import RunsPanel, StepsPanel, TasksPanel
from .start import StartTaskScreen

if TYPE_CHECKING:
    from server_core.inspection import TaskState

CHECK_TOOL = "check_task_status"


class TasksScreen(WorkbenchScreen):
    """Long tasks and workflow runs."""

    MODE = "tasks"
    CSS_PATH = "tasks.tcss"
    AUTO_FOCUS = "#tasks"
    BINDINGS = bind(*TASKS)
    HELP = "Long-running work: tasks at the top, workflow runs below."

    def body(self) -> ComposeResult:
        yield TasksPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        with Horizontal(id="flows"):
            yield RunsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
            yield StepsPanel().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)

    @on(Table.Moved, "#runs")
    def show_steps(self) -> None:
        self.query_one(StepsPanel).show(self.query_one(RunsPanel).chosen)

    @on(Table.Opened, "#steps")
    def show_step(self, event: Table.Opened) -> None:
        run = self.query_one(StepsPanel).chosen
        if run is None:
            return
        if event.key.isdigit() and int(event.key) < len(run.steps):
            step = run.steps[int(event.key)]
            self.app.push_screen(DetailsScreen(step.name, about_step(run, step)))
        else:
            self.app.push_screen(DetailsScreen(run.workflow, about_run(run)))

    @on(Table.Opened, "#runs")
    def show_run(self) -> None:
        run = self.query_one(RunsPanel).chosen
        if run is not None:
            self.app.push_screen(DetailsScreen(run.workflow, about_run(run)))

    @on(Table.Opened, "#tasks")
    def show_task(self, event: Table.Opened) -> None:
        for task in self.snapshot.tasks:
            if task.task == event.key:
                self._show_whole(task)

    @work(exclusive=True)
    async def _show_whole(self, task: TaskState) -> None:
        self.app.push_screen(DetailsScreen(task.name, about_task(task, await self._answer(task))))

    async def _answer(self, task: TaskState) -> Mapping[str, Any] | None:
        """What the server reports to clients about a task; `None` if unavailable."""
        from workbench.engine import EngineError

        try:
            for tool in await self.engine.list_tools():
                if tool.name.endswith(CHECK_TOOL):
                    record = await self.engine.call_tool(tool.name, {"taskId": task.task})
                    if record.outcome == "ok" and record.result is not None:
                        answer: Mapping[str, Any] | None = record.result.get("structuredContent")
                        return answer
        except EngineError as error:
            self.notify(str(error), severity="error", markup=False)
        return None

    def action_start_task(self) -> None:
        if self.workbench.has_engine:
            self.app.push_screen(StartTaskScreen(self.engine))
