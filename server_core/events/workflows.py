"""Workflow runs and their steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StepPlace = tuple[str, ...]
"""A step's position in the run's tree: the ids of the enclosing steps with their branches (`sales`) and items (`[3]`),
then its own id."""


@dataclass(frozen=True, slots=True)
class WorkflowStarted:
    """A workflow run began; `resumed` is the run it continues, if any."""

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
    """A step's input is known: `given` is JSON, shortened, without values from the environment."""

    run: str
    workflow: str
    step: str
    place: StepPlace
    given: str


@dataclass(frozen=True, slots=True)
class StepAttemptFailed:
    """An attempt at a step failed, and the next one begins in `delay` seconds; `attempt` counts from 1."""

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
    """A step ended: `detail` says why it was `skipped` or `failed`; `answered` is like `StepFilled.given`."""

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
