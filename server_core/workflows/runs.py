"""Records of workflow runs: how they ended, and what a resumed run need not repeat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..events import StepPlace
from .definition import WorkflowStep, step_name

RUNS_REMEMBERED = 20
"""How many incomplete runs are remembered for resuming."""


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """How a run ended: each step's result, in the order in which they ended, and the final variables."""

    workflow: str
    status: Literal["completed", "failed", "cancelled"]
    results: tuple[dict[str, Any], ...]
    context: dict[str, Any]
    error: str = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A finished step that need not be repeated: its place in the results, and its value.

    `sets` means that the value was assigned to the step's output variable. `abandoned` is a condition whose branch
    failed, after which the run continued.
    """

    entry: dict[str, Any]
    value: Any
    sets: bool
    abandoned: bool = False


@dataclass(slots=True)
class RunMemory:
    """What is needed to resume a run from where it failed: its input, and its finished steps by place."""

    run: str
    workflow: str
    given: Mapping[str, Any]
    done: dict[StepPlace, StepDone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunScope:
    """Where steps run: the place around them, and the variables that they see and set.

    `inside` names the branch or item, as shown in results; empty for the workflow's own steps.
    """

    variables: dict[str, Any]
    place: StepPlace = ()
    inside: str = ""


class StepFailedError(Exception):
    """Ends a run or one of its branches: a step failed, and the run may not continue."""

    def __init__(self, step: WorkflowStep, text: str) -> None:
        super().__init__(f"{step_name(step)} ({step.kind}) failed: {text}")
