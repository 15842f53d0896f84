"""The contents of the Tasks screen's lists, as plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.state import Snapshot
from workbench.state.parts import Step, WorkflowRun
from workbench.state.snapshot import RUNNING
from workbench.text import Tone, elapsed, one_line, plural, span, time_of_day
from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Span, bar

from .tree import TreeLine, step_tree

if TYPE_CHECKING:
    from server_core.inspection import TaskState

LOOKS: dict[str, tuple[str, Tone]] = {
    "queued": ("◌", "dim"),
    "working": ("●", "ok"),
    "input_required": ("?", "warn"),
    "completed": ("✓", "ok"),
    "failed": ("✗", "bad"),
    "cancelled": ("○", "dim"),
    "interrupted": ("!", "warn"),
    "running": ("●", "ok"),
    "ok": ("✓", "ok"),
    "skipped": ("–", "dim"),
}
"""The mark of each status of a task, a run or a step."""

TASK_COLUMNS = (
    Column(most=1, gap=1),
    Column("task", most=20),
    Column("started", most=8, above=70),
    Column("took", most=8, align="right"),
    Column("", most=16),
    Column("", most=5, align="right"),
    Column("status", most=14),
    Column("", flex=1),
)
RUN_COLUMNS = (
    Column(most=1, gap=1),
    Column("run", most=18),
    Column("started", most=8, above=44),
    Column("took", most=8, align="right"),
    Column("steps", most=7, align="right"),
    Column("", flex=1),
)
STEP_COLUMNS = (
    Column(most=1, gap=1),
    Column("step", most=26),
    Column("type", most=14, above=64),
    Column("took", most=8, align="right"),
    Column("", flex=1),
)


def ordered(tasks: Sequence[TaskState]) -> list[TaskState]:
    """Running tasks, oldest first, then ended ones, newest first."""
    running = [task for task in tasks if task.status in RUNNING]
    ended = [task for task in tasks if task.status not in RUNNING]
    return running + sorted(ended, key=lambda task: task.updated, reverse=True)


def task_rows(s: Snapshot, now: float, width: int) -> list[Row]:
    """The long tasks, for a table of `width` cells."""
    gauge = 16 if width >= 100 else 8 if width >= 60 else 0
    return [_task_row(task, now, gauge) for task in ordered(s.tasks)]


def _task_row(task: TaskState, now: float, gauge: int) -> Row:
    mark, tone = LOOKS[task.status]
    running = task.status in RUNNING
    took = (now if running else task.updated) - task.created
    share = task.progress / task.total if task.total else None
    said = task.message if running else task.detail or task.message
    return Row(
        task.task,
        (
            Span(mark, tone),
            task.name,
            Span(time_of_day(task.created), "dim"),
            elapsed(took),
            bar(share, gauge) if running and share is not None else "",
            f"{min(max(share, 0.0), 1.0) * 100:.0f} %" if running and share is not None else "",
            Span(task.status.replace("_", " "), tone),
            Span(one_line(said), "bad" if task.status == "failed" else "dim"),
        ),
    )


def run_rows(s: Snapshot, now: float) -> list[Row]:
    """The workflow runs, newest first."""
    return [_run_row(run, now) for run in reversed(s.runs)]


def _run_row(run: WorkflowRun, now: float) -> Row:
    mark, tone = LOOKS[run.status]
    running = run.seconds is None
    done = sum(step.status not in ("running", "skipped") for step in run.steps)
    under_way = [step.name for step in run.steps if step.status == "running"]
    said = " ".join(under_way[-1:]) if running else run.error or ("resumed" if run.resumed else "")
    return Row(
        run.run,
        (
            Span(mark, tone),
            run.workflow,
            Span(time_of_day(run.started), "dim"),
            elapsed(now - run.started) if run.seconds is None else span(run.seconds),
            f"{done}/{max(run.planned, len(run.steps))}",
            Span(said, "bad" if run.status == "failed" else "dim"),
        ),
    )


def step_rows(run: WorkflowRun | None, now: float) -> list[Row]:
    """The steps of a run as a tree; a row's key is its step's index, or the name of its branch or item."""
    if run is None:
        return []
    return [_step_row(number, line, now) for number, line in enumerate(step_tree(run))]


def _step_row(number: int, tree: TreeLine, now: float) -> Row:
    node = tree.node
    mark, tone = LOOKS[node.status]
    took = ""
    if node.status != "skipped":
        took = elapsed(now - node.started) if node.ended is None else span(node.ended - node.started)
    return Row(
        str(tree.index) if tree.index >= 0 else f"group {number}",
        (
            Span(mark, tone),
            node.name if node.step and not tree.guide else (Span(tree.guide, "dim"), Span(node.name)),
            Span(node.step.kind if node.step else "", "dim"),
            took,
            _said(node.step) if node.step else "",
        ),
    )


def _said(step: Step) -> tuple[Span, ...]:
    """A step's outcome in one line: its error, why it was skipped, or its output."""
    # A cancelled step may have been waiting for its next attempt.
    tries = len(step.attempts) + (step.status != "cancelled")
    if step.status == "running":
        return (Span(one_line(step.attempts[-1]), "warn"),) if step.attempts else (Span(step.given, "dim"),)
    again = (Span(f"{plural(tries, 'attempt')}  ", "warn"),) if step.attempts else ()
    if step.status == "failed":
        return (*again, Span(one_line(step.detail), "bad"))
    return (*again, Span(one_line(step.detail or step.answered), "dim"))
