"""The panels of the Tasks screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.actions import RUN_LIST, TASK_LIST
from workbench.state import Snapshot
from workbench.state.parts import WorkflowRun
from workbench.state.snapshot import RUNNING
from workbench.widgets.binding import bind
from workbench.widgets.live import Live
from workbench.widgets.table import Table

from . import empties, rows

if TYPE_CHECKING:
    from server_core.inspection import TaskState


class TasksPanel(Table, Live):
    """The long tasks."""

    BINDINGS = bind(*TASK_LIST)
    HELP = (
        "Long tasks, running ones first. Enter shows a task with its full result or error, "
        "x cancels it, a answers its question, n starts a new one."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.TASK_COLUMNS,
            title="Tasks",
            header=True,
            id="tasks",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.tasks, snapshot.modules, snapshot.phase)

    def redraw(self) -> None:
        self.empty = empties.no_tasks(self.snapshot)
        running = len(self.snapshot.running_tasks)
        ended = len(self.snapshot.tasks) - running
        queued = sum(task.status == "queued" for task in self.snapshot.tasks)
        waiting = f"  {queued} queued" if queued else ""
        counts = f"{running - queued} running{waiting}  {ended} ended"
        self.set_title("Tasks", counts if self.snapshot.tasks else "")
        self.set_rows(rows.task_rows(self.snapshot, self.now, self.content_size.width))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            chosen = self.current.key if self.current else ""
            return any(task.task == chosen and task.status in RUNNING for task in self.snapshot.tasks)
        if action == "answer":
            return self._asking is not None
        return super().check_action(action, parameters)

    @property
    def _asking(self) -> TaskState | None:
        """The highlighted task, if it is waiting for an answer."""
        chosen = self.current.key if self.current else ""
        return next((task for task in self.snapshot.asking_tasks if task.task == chosen), None)

    def action_answer(self) -> None:
        if self._asking is not None:
            self.workbench.bringer.bring_task(self._asking)

    def action_cancel(self) -> None:
        if self.current is not None:
            self.workbench.do(self.workbench.engine.cancel_task(self.current.key), "Cancelling…")

    def on_table_moved(self) -> None:
        self.refresh_bindings()


class RunTable(Table, Live):
    """A list about a workflow run, with keys to cancel or resume the run."""

    BINDINGS = bind(*RUN_LIST)

    @property
    def chosen(self) -> WorkflowRun | None:
        """The run that the keys act on."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("cancel_run", "resume_run"):
            run = self.chosen
            wanted = ("running",) if action == "cancel_run" else ("failed", "cancelled")
            return run is not None and run.status in wanted
        return super().check_action(action, parameters)

    def action_cancel_run(self) -> None:
        if self.chosen is not None:
            self.workbench.do(self.workbench.engine.cancel_run(self.chosen.run), "Cancelling…")

    def action_resume_run(self) -> None:
        if self.chosen is not None:
            self.workbench.do(self.workbench.engine.resume_run(self.chosen.run))

    def on_table_moved(self) -> None:
        self.refresh_bindings()


class RunsPanel(RunTable):
    """The workflow runs."""

    HELP = (
        "Workflow runs, newest first, with the steps of the highlighted run next to them. x cancels a running one, "
        "r resumes one at the step that failed, Enter shows the details."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.RUN_COLUMNS,
            title="Workflow runs",
            header=True,
            keeps_cursor=True,
            id="runs",
        )

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.runs, snapshot.modules, snapshot.phase)

    def redraw(self) -> None:
        self.empty = empties.no_runs(self.snapshot)
        self.set_rows(rows.run_rows(self.snapshot, self.now))

    @property
    def chosen(self) -> WorkflowRun | None:
        """The highlighted run."""
        key = self.current.key if self.current else ""
        return next((run for run in self.snapshot.runs if run.run == key), None)


class StepsPanel(RunTable):
    """The steps of one run, as a tree."""

    HELP = (
        "The steps of the highlighted run, with branches and items: how long each took, and its output. "
        "Enter shows a step's input and output; x cancels the run, r resumes it."
    )
    TICKS = True

    def __init__(self) -> None:
        super().__init__(
            rows.STEP_COLUMNS,
            title="Steps",
            empty="Select a run to see its steps.",
            header=True,
            id="steps",
        )
        self._run = ""

    def parts(self, snapshot: Snapshot) -> tuple[object, ...]:
        return (snapshot.runs,)

    def show(self, run: WorkflowRun | None) -> None:
        """Show the steps of `run`."""
        self._run = run.run if run else ""
        self.redraw()

    @property
    def chosen(self) -> WorkflowRun | None:
        """The run whose steps are shown."""
        return next((run for run in self.snapshot.runs if run.run == self._run), None)

    def redraw(self) -> None:
        run = self.chosen
        self.set_title("Steps", run.workflow if run else "")
        self.set_rows(rows.step_rows(run, self.now))
        if run is not None and run.status == "running" and not self.has_focus:
            self._follow(run)

    def _follow(self, run: WorkflowRun) -> None:
        """Keep the last running step in view while the list does not have the focus."""
        under_way = [str(index) for index, step in enumerate(run.steps) if step.status == "running"]
        if under_way:
            self.show_key(under_way[-1])
