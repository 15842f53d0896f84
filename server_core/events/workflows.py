"""Workflow runs and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StepPlace = tuple[str, ...]
"""Where a step stands in a run's tree: the ids of the steps around it with their branches (`sales`) and items (`[3]`),
and its own id last."""


@dataclass(frozen=True, slots=True)
class WorkflowStarted:
    """A workflow run began; `resumed` is the run that it goes on with, if any."""

    run: str
    workflow: str
    steps: int
    resumed: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of a workflow run began; `index` counts from 1."""

    run: str
    workflow: str
    step: str
    kind: str
    index: int
    place: StepPlace = ()


@dataclass(frozen=True, slots=True)
class StepFilled:
    """What a step works on is known: `given` is JSON, cut, without the environment's values."""

    run: str
    workflow: str
    step: str
    place: StepPlace
    given: str


@dataclass(frozen=True, slots=True)
class StepAttemptFailed:
    """An attempt of a step failed, and the next one begins in `delay` seconds; `attempt` counts from 1."""

    run: str
    workflow: str
    step: str
    place: StepPlace
    attempt: int
    attempts: int
    error: str
    delay: float


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended: `skipped` says in `detail` why, `failed` what went wrong; `answered` is as `StepFilled.given`."""

    run: str
    workflow: str
    step: str
    status: Literal["ok", "failed", "skipped", "cancelled"]
    seconds: float
    detail: str
    place: StepPlace = ()
    kind: str = ""
    answered: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowFinished:
    """A workflow run ended."""

    run: str
    workflow: str
    status: Literal["ok", "failed", "cancelled"]
    seconds: float
    error: str
