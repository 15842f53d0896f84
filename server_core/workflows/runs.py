"""What is known of a workflow's run: how it ended, and what one that is started again need not do anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..events import StepPlace
from .definition import WorkflowStep, step_name

RUNS_REMEMBERED = 20
"""How many runs that did not get to their end can be started again."""


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """How a run ended: each step's result in the order in which they ended, and the variables as they are then."""

    workflow: str
    status: Literal["completed", "failed", "cancelled"]
    results: tuple[dict[str, Any], ...]
    context: dict[str, Any]
    error: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step that has ended and is not to be done again: its place in the results, and its value.

    `sets` says that the value went into the step's output variable. `abandoned` is a condition whose branch failed, and
    after which the run went on all the same.
    """

    entry: dict[str, Any]
    value: Any
    sets: bool
    abandoned: bool = False


@dataclass(slots=True)
class RunMemory:
    """What it takes to start a run again from where it failed: what it was given, and what it has done, by place."""

    run: str
    workflow: str
    given: Mapping[str, Any]
    done: dict[StepPlace, StepDone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunScope:
    """Where steps run: the place around them, and the variables that they see and set.

    `inside` names the branch or item, as the results tell it; empty for the steps of the workflow itself.
    """

    variables: dict[str, Any]
    place: StepPlace = ()
    inside: str = ""


class StepFailedError(Exception):
    """Ends a run, or a branch of it: a step failed that is not to be gone on after."""

    def __init__(self, step: WorkflowStep, text: str) -> None:
        super().__init__(f"{step_name(step)} ({step.kind}) failed: {text}")
