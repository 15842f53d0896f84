"""The definition of a workflow: its steps as typed values, each with its path in the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..settings import BreakerSettings
from .expressions import Expression, Template

StepPath = tuple[str | int, ...]
"""The path from a workflow's table to one of its keys: `("steps", 0, "type")`."""


@dataclass(frozen=True, slots=True)
class WorkflowFinding:
    """A problem in a workflow: its place, and a one-line description."""

    path: StepPath
    message: str


class WorkflowDefinitionError(ValueError):
    """A workflow that can't run; the text is its first finding, with its place."""

    def __init__(self, workflow: str, findings: Sequence[WorkflowFinding]) -> None:
        self.workflow = workflow
        self.findings = tuple(findings)
        first = self.findings[0]
        where = written_path(first.path)
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"workflow {workflow}{f', {where}' if where else ''}: {first.message}{more}")


@dataclass(frozen=True, slots=True)
class WorkflowInputs:
    """A workflow's inputs: a JSON schema for each name, and which ones are required."""

    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a step is tried and how long it waits in between: `delay` seconds, multiplied by `factor` each time,
    up to `max_delay`. `on` names the kinds of errors to retry; see `error_kind`."""

    attempts: int = 3
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 60.0
    on: tuple[str, ...] = ("error", "timeout", "unavailable")

    def delay_after(self, attempt: int) -> float:
        """Seconds to wait after the given attempt, counted from 1."""
        try:
            return min(self.max_delay, self.delay * self.factor ** (attempt - 1))
        except OverflowError:
            return self.max_delay


@dataclass(frozen=True, slots=True)
class StepBreaker:
    """The breaker of a step; if unnamed, it is the host's for an `api_call`, else the step's own."""

    name: str = ""
    settings: BreakerSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStep:
    """The fields common to all steps.

    `timeout` is in seconds: for one attempt, or for everything if the step contains other steps. `cache` is how many
    seconds its result may be reused for the same input. Only `api_call` and `tool_call` steps have a retry, a breaker
    or a cache.
    """

    kind: ClassVar[str] = ""
    id: str
    path: StepPath
    output_variable: str = ""
    continue_on_error: bool = False
    timeout: float | None = None
    retry: RetryPolicy | None = None
    breaker: StepBreaker | None = None
    cache: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCallStep(WorkflowStep):
    """An HTTP request; its value is `{status, headers, body}`. `json` means that `body` is sent as JSON."""

    kind: ClassVar[str] = "api_call"
    method: str
    url: Template
    headers: Template
    params: Template
    body: Template | None = None
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransformStep(WorkflowStep):
    """A value computed from the variables: from an expression or a template."""

    kind: ClassVar[str] = "data_transform"
    value: Expression | Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionStep(WorkflowStep):
    """Continues with `then` if the expression is true in JMESPath's sense, else with `otherwise` (`else`)."""

    kind: ClassVar[str] = "condition"
    condition: Expression
    then: tuple[WorkflowStep, ...] = ()
    otherwise: tuple[WorkflowStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStep(WorkflowStep):
    """A call of any of the server's tools; its value is the tool's data, or its text."""

    kind: ClassVar[str] = "tool_call"
    tool: str
    arguments: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelStep(WorkflowStep):
    """Runs its branches concurrently, all or `at_once` at a time; its value has each branch's value by name.

    The value of a branch is that of its last step; if that is a condition, of the branch it took. Variables set in a
    branch are local to it. The first failing branch stops the others; with `continue_on_error` they all run to the end,
    and the value of a failed one is null.
    """

    kind: ClassVar[str] = "parallel"
    branches: tuple[tuple[str, tuple[WorkflowStep, ...]], ...]
    at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEachStep(WorkflowStep):
    """Runs its steps for each item of a list, `at_once` at a time; its value is the list of their values, in order.

    A list with more than `max_items` fails before anything runs. Variables and failures are handled as in a branch.
    """

    kind: ClassVar[str] = "for_each"
    items: Expression | Template
    steps: tuple[WorkflowStep, ...]
    item: str = "item"
    index: str = ""
    at_once: int = 1
    max_items: int = 100


@dataclass(frozen=True, slots=True)
class Workflow:
    """A named chain of steps.

    Without declared `inputs` it takes the variables that its steps need. `tool` is the name of its own tool, without
    the module's prefix, or empty.
    """

    name: str
    description: str
    steps: tuple[WorkflowStep, ...]
    inputs: WorkflowInputs | None = None
    tool: str = ""

    def walk(self) -> Iterator[WorkflowStep]:
        """Yield every step, including those of branches, in the order in which they are written."""
        return walk_steps(self.steps)


def walk_steps(steps: Sequence[WorkflowStep]) -> Iterator[WorkflowStep]:
    """Yield `steps` and those inside them, in the order in which they are written."""
    for step in steps:
        yield step
        for _name, inside in steps_inside(step):
            yield from walk_steps(inside)


def steps_inside(step: WorkflowStep) -> tuple[tuple[str, tuple[WorkflowStep, ...]], ...]:
    """The lists of steps inside a step; for a `parallel`, with the names of its branches."""
    if isinstance(step, ConditionStep):
        return ("", step.then), ("", step.otherwise)
    if isinstance(step, ParallelStep):
        return step.branches
    return (("", step.steps),) if isinstance(step, ForEachStep) else ()


def step_name(step: WorkflowStep) -> str:
    """How a step is called in a sentence: `step low`, or `step 2` for one without an id."""
    return step.id if step.id.startswith("step ") else f"step {step.id}"


def written_path(path: StepPath) -> str:
    """Format a path for display, counting from 1: `steps[1].type`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
