"""What a workflow is: its steps as typed values, each with the way to its place in the config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..settings import BreakerSettings
from .expressions import Expression, Template

StepPath = tuple[str | int, ...]
"""The way from a workflow's table to a key in it: `("steps", 0, "type")`."""


@dataclass(frozen=True, slots=True)
class WorkflowFinding:
    """Something that is wrong with a workflow: where, and one line that says what."""

    path: StepPath
    message: str


class WorkflowDefinitionError(ValueError):
    """A workflow that can't run; the text is that of its first finding, with its place."""

    def __init__(self, workflow: str, findings: Sequence[WorkflowFinding]) -> None:
        self.workflow = workflow
        self.findings = tuple(findings)
        first = self.findings[0]
        where = written_path(first.path)
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"workflow {workflow}{f', {where}' if where else ''}: {first.message}{more}")


@dataclass(frozen=True, slots=True)
class WorkflowInputs:
    """What a workflow is given: a JSON schema for each name, and which of them must be given."""

    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a step is tried, and how long it waits in between: `delay` seconds, each time `factor` times as long,
    never more than `max_delay`. `on` names the kinds of errors that count; see `error_kind`."""

    attempts: int = 3
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 60.0
    on: tuple[str, ...] = ("error", "timeout", "unavailable")

    def delay_after(self, attempt: int) -> float:
        """Seconds to wait after the attempt of that number, counted from 1."""
        try:
            return min(self.max_delay, self.delay * self.factor ** (attempt - 1))
        except OverflowError:
            return self.max_delay


@dataclass(frozen=True, slots=True)
class StepBreaker:
    """The breaker that guards a step; without a name it is the host's of an `api_call`, else the step's own."""

    name: str = ""
    settings: BreakerSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStep:
    """What every step has.

    `timeout` is in seconds: of one attempt, or of the whole for a step that has steps inside. `cache` is for how many
    seconds its result may be taken again for the same input. Only an `api_call` and a `tool_call`
    have a retry, a breaker or a cache.
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
    """An HTTP request; answers `{status, headers, body}`. `json` says that `body` is sent as JSON."""

    kind: ClassVar[str] = "api_call"
    method: str
    url: Template
    headers: Template
    params: Template
    body: Template | None = None
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransformStep(WorkflowStep):
    """A value made of the variables: of an expression over them, or of a template."""

    kind: ClassVar[str] = "data_transform"
    value: Expression | Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionStep(WorkflowStep):
    """Goes on with `then` where the expression is true in JMESPath's sense, else with `otherwise` (`else`)."""

    kind: ClassVar[str] = "condition"
    condition: Expression
    then: tuple[WorkflowStep, ...] = ()
    otherwise: tuple[WorkflowStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStep(WorkflowStep):
    """A call of any tool of the server; answers its data, or its text."""

    kind: ClassVar[str] = "tool_call"
    tool: str
    arguments: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelStep(WorkflowStep):
    """Runs its branches side by side, `at_once` of them or all; answers the value of each branch by its name.

    The value of a branch is that of its last step; where that is a condition, of the branch that it took.
    What a branch sets stays in it. The first branch that fails stops the others; with `continue_on_error` they run to
    their ends, and the value of one that failed is null.
    """

    kind: ClassVar[str] = "parallel"
    branches: tuple[tuple[str, tuple[WorkflowStep, ...]], ...]
    at_once: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEachStep(WorkflowStep):
    """Runs its steps for each of a list's items, `at_once` at a time; answers the list of their values, in order.

    A list of more than `max_items` fails before anything runs. What the steps set and what fails is as in a branch.
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
    """A chain of steps with a name.

    Without declared `inputs` it takes the variables that its steps need. `tool` is the name of its own tool, without
    the module's prefix, or empty.
    """

    name: str
    description: str
    steps: tuple[WorkflowStep, ...]
    inputs: WorkflowInputs | None = None
    tool: str = ""

    def walk(self) -> Iterator[WorkflowStep]:
        """Every step, those of branches too, in the order in which they are written."""
        return walk_steps(self.steps)


def walk_steps(steps: Sequence[WorkflowStep]) -> Iterator[WorkflowStep]:
    """`steps` and those inside them, in the order in which they are written."""
    for step in steps:
        yield step
        for _name, inside in steps_inside(step):
            yield from walk_steps(inside)


def steps_inside(step: WorkflowStep) -> tuple[tuple[str, tuple[WorkflowStep, ...]], ...]:
    """The lists of steps that a step has inside it; those of a `parallel` with the names of its branches."""
    if isinstance(step, ConditionStep):
        return ("", step.then), ("", step.otherwise)
    if isinstance(step, ParallelStep):
        return step.branches
    return (("", step.steps),) if isinstance(step, ForEachStep) else ()


def step_name(step: WorkflowStep) -> str:
    """What a sentence calls a step: `step low`, and `step 2` for one without an id."""
    return step.id if step.id.startswith("step ") else f"step {step.id}"


def written_path(path: StepPath) -> str:
    """A path as people write it, counting from 1: `steps[1].type`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
