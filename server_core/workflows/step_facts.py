"""Emits the facts about a run's steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..bus import EventBus
from ..events import StepAttemptFailed, StepFilled, StepFinished, StepPlace, StepStarted
from .definition import WorkflowStep, steps_inside
from .values import ShownValues

StepStatus = Literal["ok", "failed", "skipped", "cancelled"]


class StepFacts:
    """Emits facts about one run's steps on the bus, if anyone is listening."""

    def __init__(self, bus: EventBus, run: str, workflow: str, shown: ShownValues) -> None:
        self._bus = bus
        self._run = run
        self._workflow = workflow
        self._shown = shown

    def started(self, step: WorkflowStep, place: StepPlace, index: int) -> None:
        """A step began, as number `index`."""
        self._bus.emit(StepStarted(self._run, self._workflow, step.id, step.kind, index, place))

    def filled(self, step: WorkflowStep, place: StepPlace, given: Any) -> None:
        """A step's input is known."""
        if self._bus.active:
            self._bus.emit(StepFilled(self._run, self._workflow, step.id, place, self._shown.text(given)))

    def attempt_failed(
        self, step: WorkflowStep, place: StepPlace, attempt: int, error: str, delay: float
    ) -> None:
        """An attempt failed, and another one follows."""
        attempts = step.retry.attempts if step.retry is not None else attempt
        self._bus.emit(
            StepAttemptFailed(
                self._run, self._workflow, step.id, place, attempt, attempts, self._shown.line(error), delay
            )
        )

    def finished(
        self,
        step: WorkflowStep,
        place: StepPlace,
        status: StepStatus,
        seconds: float,
        detail: str,
        value: Any = None,
    ) -> None:
        """A step ended, with its value if it has one."""
        if self._bus.active:
            self._bus.emit(
                StepFinished(
                    self._run,
                    self._workflow,
                    step.id,
                    status,
                    seconds,
                    self._shown.line(detail),
                    place,
                    step.kind,
                    self._shown.text(value) if value is not None else "",
                )
            )

    def skipped(self, steps: Sequence[WorkflowStep], around: StepPlace, reason: str) -> None:
        """These steps, and all those inside them, are skipped."""
        for step in steps:
            place = (*around, step.id)
            self.finished(step, place, "skipped", 0.0, reason)
            for name, inside in steps_inside(step):
                self.skipped(inside, (*place, name) if name else place, reason)
