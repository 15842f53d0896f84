"""Long work: tasks, workflow runs and their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server_core.bus import Event
from server_core.events import (
    StepAttemptFailed,
    StepFilled,
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

RUN_STEPS = 500
"""How many steps of a run are kept: a `for_each` may have any number."""


def _task_started(draft: Draft, event: Event, fact: TaskStarted) -> None:
    if fact.task not in draft.tasks.items:
        draft.tasks.put(TaskState(fact.task, fact.name, fact.module, "queued", event.at, event.at))
        draft.set(stale=True)  # the fact does not say whether it runs at once or waits


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
    draft.runs.put(
        WorkflowRun(fact.run, fact.workflow, "running", event.at, fact.steps, resumed=fact.resumed)
    )


def _step_started(draft: Draft, event: Event, fact: StepStarted) -> None:
    run = draft.runs.items.get(fact.run)
    if run is not None:
        step = Step(fact.step, fact.kind, "running", event.at, place=fact.place or (fact.step,))
        draft.runs.put(run._replace(steps=_bounded((*run.steps, step))))


def _step_filled(draft: Draft, _event: Event, fact: StepFilled) -> None:
    _change_step(draft, fact.run, fact.place, lambda step: step._replace(given=fact.given))


def _attempt_failed(draft: Draft, _event: Event, fact: StepAttemptFailed) -> None:
    text = f"attempt {fact.attempt} of {fact.attempts}: {fact.error}; retrying in {fact.delay:g} s"
    _change_step(draft, fact.run, fact.place, lambda step: step._replace(attempts=(*step.attempts, text)))


def _step_finished(draft: Draft, event: Event, fact: StepFinished) -> None:
    def ended(step: Step) -> Step:
        return step._replace(
            status=fact.status, seconds=fact.seconds, detail=fact.detail, answered=fact.answered
        )

    place = fact.place or (fact.step,)
    if not _change_step(draft, fact.run, place, ended):  # a skipped step may never have started
        run = draft.runs.items.get(fact.run)
        if run is not None:
            new = Step(fact.step, fact.kind, "running", event.at - fact.seconds, place=place)
            draft.runs.put(run._replace(steps=_bounded((*run.steps, ended(new)))))


def _change_step(draft: Draft, run_id: str, place: tuple[str, ...], change: Callable[[Step], Step]) -> bool:
    """Change the step running at this place; return whether there is one."""
    run = draft.runs.items.get(run_id)
    for index in reversed(range(len(run.steps) if run is not None else 0)):
        assert run is not None
        step = run.steps[index]
        if step.place == place and step.status == "running":
            steps = (*run.steps[:index], change(step), *run.steps[index + 1 :])
            draft.runs.put(run._replace(steps=steps))
            return True
    return False


def _bounded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Limit the steps of a run; the oldest successful nested ones are dropped first."""
    if len(steps) <= RUN_STEPS:
        return steps
    for index, step in enumerate(steps):
        if step.status in ("ok", "skipped") and len(step.place) > 1:
            return (*steps[:index], *steps[index + 1 :])
    return steps[1:]


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
    StepFilled: _step_filled,
    StepAttemptFailed: _attempt_failed,
    StepFinished: _step_finished,
    WorkflowFinished: _run_finished,
}
