"""Long work: tasks, workflow runs and their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server_core.bus import Event
from server_core.events import (
    StepFinished,
    StepStarted,
    TaskChanged,
    TaskProgressed,
    TaskStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from server_core.inspection import TaskState
from workbench.state.draft import Draft
from workbench.state.parts import Step, WorkflowRun


def _task_started(draft: Draft, event: Event, fact: TaskStarted) -> None:
    if fact.task not in draft.tasks.items:
        draft.tasks.put(TaskState(fact.task, fact.name, fact.module, "queued", event.at, event.at))
        draft.set(stale=True)  # whether it runs at once or waits is not in the fact


def _task_progressed(draft: Draft, event: Event, fact: TaskProgressed) -> None:
    known = draft.tasks.items.get(fact.task)
    if known is not None:
        draft.tasks.put(
            replace(
                known,
                status="working" if known.status == "queued" else known.status,
                updated=event.at,
                progress=fact.progress,
                total=fact.total,
                message=fact.message,
            )
        )


def _task_changed(draft: Draft, event: Event, fact: TaskChanged) -> None:
    known = draft.tasks.items.get(fact.task)
    if known is None:
        draft.set(stale=True)
        return
    draft.tasks.put(replace(known, status=fact.status, updated=event.at, detail=fact.detail))


def _run_started(draft: Draft, event: Event, fact: WorkflowStarted) -> None:
    draft.runs.put(WorkflowRun(fact.run, fact.workflow, "running", event.at, fact.steps))


def _step_started(draft: Draft, event: Event, fact: StepStarted) -> None:
    run = draft.runs.items.get(fact.run)
    if run is not None:
        step = Step(fact.step, fact.kind, "running", event.at)
        draft.runs.put(run._replace(steps=(*run.steps, step)))


def _step_finished(draft: Draft, event: Event, fact: StepFinished) -> None:
    run = draft.runs.items.get(fact.run)
    if run is None:
        return
    steps = list(run.steps)
    for index in reversed(range(len(steps))):
        if steps[index].name == fact.step and steps[index].status == "running":
            steps[index] = steps[index]._replace(status=fact.status, seconds=fact.seconds, detail=fact.detail)
            break
    else:  # a skipped one may never have begun
        steps.append(Step(fact.step, "", fact.status, event.at - fact.seconds, fact.seconds, fact.detail))
    draft.runs.put(run._replace(steps=tuple(steps)))


def _run_finished(draft: Draft, _event: Event, fact: WorkflowFinished) -> None:
    run = draft.runs.items.get(fact.run)
    if run is not None:
        draft.runs.put(run._replace(status=fact.status, seconds=fact.seconds, error=fact.error))


WORK: dict[type, Callable[[Draft, Event, Any], None]] = {
    TaskStarted: _task_started,
    TaskProgressed: _task_progressed,
    TaskChanged: _task_changed,
    WorkflowStarted: _run_started,
    StepStarted: _step_started,
    StepFinished: _step_finished,
    WorkflowFinished: _run_finished,
}
